"""What an extractor of features is: `Extractor` announces it; its weights, where they are and whether they are
complete.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError

import torch
from torch import Tensor, nn

from genbench.contract.dataset import Splits
from genbench.errors import DataError, GenbenchError

WAYS_OUT = (
    "give the file as features.weights=FILE, let it be downloaded with features.download=true, or use"
    " features=efficientnet-lite0, whose weights come with genbench"
)


class Features(NamedTuple):
    """What an extractor sees in images, fp32."""

    features: Tensor
    """[n, d]"""
    logits: Tensor
    """What the Inception Score takes the softmax of, [n, classes]."""


class Learned(NamedTuple):
    """Weights that were made from a data set."""

    path: Path
    about: str
    """What they were made from and how well that went: part of the protocol of every number."""


def nothing_kept() -> Path:
    """Where the weights of an extractor are that learns them from every data set anew: nowhere before that."""
    return Path()


@dataclass(frozen=True, kw_only=True)
class Extractor:
    """A network that turns images into features; it can be named on the command line."""

    name: str
    build: Callable[[Path], nn.Module]
    """The network with the weights in a file, in eval mode; its forward gives the Features of uint8 images [n, h, w,
    3]."""
    kept: Callable[[], Path] = nothing_kept
    """Where its weights are when no file is given; there they may be missing."""
    learn: Callable[[Splits], Learned] | None = None
    """Makes its weights from a data set, or finds those that it made before; then nobody publishes any. Raises
    GenbenchError where they are no good."""
    accepts: Callable[[Splits], str] = lambda splits: ""
    """Why it cannot be used on a data set, or an empty string; known at once, before anything is learned."""
    transform: str
    """How it makes its input of an image, in words: part of the protocol of every number."""
    sha256: str = ""
    """How the sha256 of the published weights begins; empty when it is not known."""
    url: str = ""
    """Where the published weights can be downloaded."""
    about: str
    source: str = ""


class Weights(NamedTuple):
    """A file with an extractor's weights."""

    path: Path
    sha256: str
    published: bool
    """Whether they are the ones that were published for the extractor, as far as it is known."""
    learned: str = ""
    """What they were made from and how well that went, where they were made from a data set."""


def find(extractor: Extractor, file: str, splits: Splits | None = None, *, download: bool) -> Weights:
    """The extractor's weights: in the given file, or learned from the data set, or where they are kept; downloaded
    there if they are missing and download is set.

    Raises DataError when there are none, or when kept ones are not the published ones, and GenbenchError for learned
    ones that are no good.
    """
    if extractor.learn is not None and splits is not None and not file:
        path, learned = extractor.learn(splits)
        return Weights(path, sha256_of(path), published=True, learned=learned)
    path = Path(file).expanduser() if file else extractor.kept()
    if file and not path.is_file():
        raise DataError(f"features.weights={file}: there is no such file")
    if not path.is_file():
        if not (download and extractor.url):
            raise DataError(f"the weights of {extractor.name} are not in {path}: {WAYS_OUT}")
        _download(extractor, path)
    digest = sha256_of(path)
    published = digest.startswith(extractor.sha256) and extractor.learn is None
    if not file and not published:
        raise DataError(
            f"{path} is damaged: its sha256 is {digest}, that of {extractor.name} begins with {extractor.sha256};"
            " remove it"
        )
    return Weights(path, digest, published)


def build(extractor: Extractor, weights: Weights) -> nn.Module:
    """The extractor's network in eval mode, its parameters fixed; raises GenbenchError for weights that do not fit."""
    try:
        network = extractor.build(weights.path)
    except GenbenchError:
        raise
    except Exception as error:  # what torch raises for a damaged file depends on where the damage is
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise GenbenchError(
            f"{weights.path} holds no weights of {extractor.name} or is damaged: {reason}; {WAYS_OUT}"
        ) from error
    return network.eval().requires_grad_(False)


def kept_by_torch(name: str) -> Callable[[], Path]:
    """A function that tells where torch keeps a downloaded file of that name."""
    return lambda: Path(torch.hub.get_dir()) / "checkpoints" / name


def sha256_of(path: Path) -> str:
    """The sha256 of a file's content."""
    state = path.stat()
    return _sha256_of(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=16)
def _sha256_of(path: Path, modified: int, size: int) -> str:
    """The sha256 of a file in a certain state: a study asks once per trial, and hashing 100 MB takes time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(extractor: Extractor, path: Path) -> None:
    """Fetch the published weights; the file is complete and its hash checked, or it is not there at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(extractor.url, str(path), hash_prefix=extractor.sha256 or None, progress=False)
    except (URLError, OSError, RuntimeError) as error:
        raise GenbenchError(
            f"the weights of {extractor.name} could not be downloaded from {extractor.url}: {error}; {WAYS_OUT}"
        ) from error
