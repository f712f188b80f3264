"""The cache of prepared images: uint8 arrays made once from a data set's files and mapped into memory by all trials of
a machine.

CACHE/prepared/DATASET-KEY/ holds train.npy, test.npy, their labels and about.json. The key is the sha256 of the names
and contents of the files, of the settings and of the preparation's version. CACHE/prepared/seen/ remembers the key of
files whose sizes and times have not changed since, so that only the first trial reads them all. Whatever is deleted
there is made again.

Mapped pages are the system's file cache: trials share them, and it takes them back when memory is short.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genbench import files
from genbench.contract.dataset import Splits
from genbench.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What prepared images are made from and how; equal contents and settings are prepared once."""

    dataset: str
    version: int
    """Of the preparation; a change of its code that changes a pixel or a split increases it."""
    settings: Mapping[str, Any]
    """Those that the pixels or the splits depend on."""
    root: Path
    files: Sequence[str]
    """Relative to the root; their names count, the root's does not."""
    largest: int | None = None
    """Bytes that one of the files may have: before they are read, so that nobody waits for ten empty gigabytes."""


class Part(NamedTuple):
    """One split on its way into the cache."""

    shape: tuple[int, int, int, int]
    """[n, h, w, c]"""
    images: Iterable[NDArray[np.uint8]]
    """[k, h, w, c] each, n in all"""
    labels: Sequence[int] | None = None


Make = Callable[[Path], tuple[Part, Part]]
"""The training and the test split; the folder that it is given is for its temporary files."""


def cache_folder() -> Path:
    """$GENBENCH_DATA, else genbench in $XDG_CACHE_HOME, else ~/.cache/genbench."""
    if chosen := os.environ.get("GENBENCH_DATA"):
        return Path(os.path.expanduser(chosen)).absolute()
    return Path(os.path.expanduser(os.environ.get("XDG_CACHE_HOME") or "~/.cache")).absolute() / "genbench"


def prepared(recipe: Recipe, make: Make) -> Splits:
    """The splits, mapped into memory; `make` is called only where they are not in the cache.

    When several processes ask at the same time, one makes them and the others wait. A tensor may be written to: the
    file never changes. Raises DataError when a file cannot be read or the cache cannot be written, and what `make`
    raises.
    """
    store = cache_folder() / "prepared"
    note = store / "seen" / _stamp(recipe)
    try:
        key = _noted(note) or _key(recipe)
        folder = store / f"{recipe.dataset}-{key}"
        if not folder.exists():
            with locked(store / f"{folder.name}.lock"):
                if not folder.exists():
                    _fill(folder, recipe, make)
        if not _noted(note):
            _remember(note, key)
    except OSError as error:
        raise DataError(
            f"the images of {recipe.dataset} cannot be prepared in {store}: {error}; set GENBENCH_DATA to a folder with"
            " room"
        ) from error
    return _mapped(folder)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file's lock, as soon as no other process does; it is released when the process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.locking(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _noted(note: Path) -> str:
    """The key in a note, which becomes part of a folder's name; empty when there is no note or it holds something
    else.
    """
    key = files.read_text(note, errors="replace") if note.exists() else ""
    return key if re.fullmatch("[0-9a-f]{32}", key) else ""


def _stamp(recipe: Recipe) -> str:
    """A digest of where the files are, their sizes and their times: as long as it is the same, their contents are."""
    digest = _digest_of(recipe)
    digest.update(os.fsencode(recipe.root.absolute()))
    for name in recipe.files:
        with _readable(recipe.root / name) as path:
            found = path.stat()
        if recipe.largest is not None and found.st_size > recipe.largest:
            raise DataError(f"{path} has {found.st_size:,} bytes, more than any file that is read here; remove it")
        # Unpacking an archive restores the time of modification, but not that of change.
        digest.update(os.fsencode(name) + f"\0{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}\0".encode())
    return digest.hexdigest()[:32]


def _key(recipe: Recipe) -> str:
    """A digest of the names and contents of the files."""
    digest = _digest_of(recipe)
    for name in recipe.files:
        with _readable(recipe.root / name) as path, files.reading(path) as file:
            digest.update(os.fsencode(name) + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:32]


def _digest_of(recipe: Recipe) -> hashlib._Hash:
    """A digest of everything but the files, which are added to it later."""
    return hashlib.sha256(json.dumps([recipe.dataset, recipe.version, recipe.settings], sort_keys=True).encode())


@contextmanager
def _readable(path: Path) -> Iterator[Path]:
    try:
        yield path
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _fill(folder: Path, recipe: Recipe, make: Make) -> None:
    """Make the arrays in a temporary folder and move it into place when all of it is on the disk; needs the lock."""
    scratch = folder.with_name(f".{folder.name}")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        content = hashlib.sha256()
        for name, part in zip(("train", "test"), make(scratch), strict=True):
            with _durable(scratch / f"{name}.npy") as file:
                _write_images(file, part, content)
            if part.labels is not None:
                with _durable(scratch / f"{name}_labels.npy") as file:
                    np.save(file, np.asarray(part.labels, dtype=np.int64))
        about = {
            "dataset": recipe.dataset,
            "version": recipe.version,
            "settings": dict(recipe.settings),
            "files": len(recipe.files),
            "content": content.hexdigest(),
            "made_with": {name: version(name) for name in ("numpy", "pillow")},
        }
        with _durable(scratch / "about.json") as file:
            file.write(json.dumps(about, indent=1).encode())
        _sync(scratch)
        scratch.replace(folder)
        _sync(folder.parent)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write_images(file: IO[bytes], part: Part, content: hashlib._Hash) -> None:
    """Write a .npy file chunk by chunk, so that memory does not grow with the images; `content` grows as in
    Splits.content.
    """
    content.update(repr((part.shape, str(torch.uint8))).encode())
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": part.shape})
    count = 0
    for chunk in part.images:
        assert chunk.dtype == np.uint8
        assert chunk.shape[1:] == part.shape[1:]
        pixels = np.ascontiguousarray(chunk).data
        file.write(pixels)
        content.update(pixels)
        count += len(chunk)
    assert count == part.shape[0]


def _mapped(folder: Path) -> Splits:
    try:
        about = json.loads(files.read_text(folder / "about.json"))
        # Copy-on-write: torch has no read-only tensors, and the pages are shared as long as nobody writes.
        images = [_array(folder / f"{name}.npy", mmap_mode="c") for name in ("train", "test")]
        paths = [folder / f"{name}_labels.npy" for name in ("train", "test")]
        labels = [_array(path) if path.exists() else None for path in paths]
        return Splits(
            train=images[0],
            test=images[1],
            train_labels=labels[0],
            test_labels=labels[1],
            known_content=about["content"],
        )
    except (OSError, ValueError, KeyError, EOFError, MemoryError) as error:  # the last of a shape that was made up
        raise DataError(
            f"the prepared images in {folder} are damaged: {error}; remove that folder, they will be made again"
        ) from error


def _array(path: Path, mmap_mode: Literal["c"] | None = None) -> Tensor:
    files.reading(path).close()  # numpy maps by name: whether it is a file is asked first
    return torch.from_numpy(np.load(path, mmap_mode=mmap_mode, allow_pickle=False))


def _remember(note: Path, key: str) -> None:
    note.parent.mkdir(exist_ok=True)
    scratch = note.with_name(f".{note.name}-{os.getpid()}-{threading.get_ident()}")
    with _durable(scratch) as file:
        file.write(key.encode())
    scratch.replace(note)


@contextmanager
def _durable(path: Path) -> Iterator[IO[bytes]]:
    """A new file that is on the disk when the block ends."""
    with files.creating(path) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
