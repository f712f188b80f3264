"""One pass of features over the samples and one over each split's real images, shared by all metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from genbench.config.settings import FeatureSettings
from genbench.contract import extractor as extractors
from genbench.contract import registry
from genbench.contract.dataset import Splits
from genbench.contract.extractor import Extractor, Features, Weights
from genbench.contract.metric import Evaluation
from genbench.errors import GenbenchError
from genbench.metrics.cache import Arrays, cached
from genbench.version import __version__

Split = Literal["test", "train"]

BATCH = {"cpu": 16}
"""Images in a pass, by device: on a CPU the activations should stay in its caches."""
LARGE_BATCH = 256
"""Images in a pass on an accelerator."""


@dataclass(frozen=True)
class Chosen:
    """The extractor of an evaluation and its weights."""

    extractor: Extractor
    weights: Weights


def choose(settings: FeatureSettings, splits: Splits) -> Chosen:
    """The extractor that the settings name and its weights, which it may have to learn from the data set; raises
    GenbenchError when either is not available.
    """
    extractor: Extractor = registry.load("extractors", settings.name)
    if reason := extractor.accepts(splits):
        raise GenbenchError(
            f"features={extractor.name} cannot be used on this data set: {reason}; use features=efficientnet-lite0, or"
            " another (genbench list extractors)"
        )
    return Chosen(extractor, extractors.find(extractor, settings.weights, splits, download=settings.download))


def could_choose(settings: FeatureSettings, splits: Splits | None) -> None:
    """Raise GenbenchError as `choose` does, as far as that is known without learning anything, and without the data
    set where it is missing.
    """
    extractor: Extractor = registry.load("extractors", settings.name)
    if extractor.learn is None or settings.weights:
        extractors.find(extractor, settings.weights, download=settings.download)
    elif splits is not None and extractor.accepts(splits):
        choose(settings, splits)


def chosen(evaluation: Evaluation) -> Chosen:
    """The extractor of an evaluation; a warning goes into the record when its weights are not the published ones."""
    found: Chosen = evaluation.once("features.chosen", lambda: choose(evaluation.features, evaluation.splits))
    if not found.weights.published:
        evaluation.warn(
            f"the weights of {found.extractor.name} are not the published ones: their sha256 is {found.weights.sha256}"
        )
    return found


def of_samples(evaluation: Evaluation, precision: str) -> Features:
    """The features of the samples, computed once per precision."""
    found: Features = evaluation.once(
        f"features.samples.{precision}", lambda: _extract(evaluation, evaluation.samples, precision)
    )
    return found


def of_reference(evaluation: Evaluation, precision: str) -> Tensor:
    """The features of the chosen split's images, [n, d], from the cache if they are there."""
    return of_split(evaluation, evaluation.split, precision)


def of_split(evaluation: Evaluation, split: Split, precision: str) -> Tensor:
    """The features of the real images of a split, whichever is the chosen one, [n, d], from the cache if they are
    there.
    """

    def compute() -> Arrays:
        return {"features": _extract(evaluation, _images(evaluation, split), precision).features.numpy()}

    arrays = evaluation.once(
        f"features.{split}.{precision}", lambda: cached(key(evaluation, precision, "features", split), compute)
    )
    return torch.from_numpy(arrays["features"])


def key(evaluation: Evaluation, precision: str, kind: str, split: Split | None = None) -> dict[str, str | int]:
    """Everything that a result from the features of a split's images, the chosen one by default, depends
    on.
    """
    split = split or evaluation.split
    extractor, weights = chosen(evaluation).extractor, chosen(evaluation).weights
    return {
        "kind": kind,
        "content": evaluation.splits.content,
        "split": split,
        "images": len(_images(evaluation, split)),
        "extractor": extractor.name,
        "transform": extractor.transform,
        "weights": weights.sha256,
        "precision": precision,
        "device": evaluation.device.type,
        "genbench": __version__,
        "torch": torch.__version__,
    }


def extract(
    network: nn.Module, images: Tensor, *, precision: str, device: torch.device, batch: int | None = None
) -> Features:
    """The features of uint8 images [n, h, w, c], c 1 or 3; those of an image do not depend on its batch."""
    batch = batch or BATCH.get(device.type, LARGE_BATCH)
    features, logits = torch.empty(len(images), 0), torch.empty(len(images), 0)
    with torch.no_grad(), torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16"):
        for start in range(0, len(images), batch):
            found = network(images[start : start + batch].to(device).expand(-1, -1, -1, 3))
            if not start:
                features, logits = (torch.empty(len(images), values.shape[1]) for values in found)
            features[start : start + batch], logits[start : start + batch] = found
    return Features(features, logits)


def accepts_images(splits: Splits) -> str:
    """Why there are no features of a data set, or an empty string."""
    if not splits.is_images:
        return "it holds vectors: features are those of images"
    if splits.shape[0] not in (1, 3):
        return f"its images have {splits.shape[0]} channels: features are those of grey or RGB images"
    return "" if min(len(splits.train), len(splits.test)) > 1 else "it has fewer than 2 held-out images"


def _images(evaluation: Evaluation, split: Split) -> Tensor:
    return evaluation.splits.train if split == "train" else evaluation.splits.test


def _extract(evaluation: Evaluation, images: Tensor, precision: str) -> Features:
    network = evaluation.once("features.network", lambda: _network(evaluation))
    return extract(network, images, precision=precision, device=evaluation.device)


def _network(evaluation: Evaluation) -> nn.Module:
    found = chosen(evaluation)
    return extractors.build(found.extractor, found.weights).to(evaluation.device)
