"""Writes samples where other programs can read them: one picture, a folder of pictures, or an array file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from genbench import files
from genbench.contract.dataset import Splits
from genbench.data import pictures
from genbench.errors import GenbenchError


def check_target(path: Path) -> None:
    """Raise GenbenchError for a path that samples cannot be written to: another suffix, or a folder with something in
    it.
    """
    if path.suffix.lower() not in ("", ".png", ".npz"):
        raise GenbenchError(
            f"cannot write samples to {path}: give a picture (.png), an array file (.npz), or a folder, whose name has"
            " no suffix"
        )
    if not path.suffix and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise GenbenchError(f"cannot write samples to {path}: there is something already; name a new folder")


def export(samples: Tensor, splits: Splits, path: Path) -> None:
    """Write samples, uint8 [n, h, w, c] or float32 [n, d], in the form that the path's suffix asks for.

    .png: one grid of images, or a cloud of vectors. .npz: an array `samples` in the shape and type they have. No
    suffix: a folder with one PNG for each image, numbered from 0. Raises GenbenchError for vectors in a folder of
    pictures, and where nothing can be written.
    """
    check_target(path)
    try:
        if path.suffix.lower() == ".png":
            pictures.save(pictures.grid(samples) if splits.is_images else pictures.figure(samples, splits), path)
        elif path.suffix:
            _save_array(samples, path)
        elif splits.is_images:
            _save_folder(samples, path)
        else:
            raise GenbenchError(f"cannot write vectors to {path} as one picture each; give an array file: {path}.npz")
    except OSError as error:
        raise GenbenchError(f"cannot write samples to {path}: {error.strerror or error}") from error


def _save_array(samples: Tensor, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}-{os.getpid()}.npz")
    try:
        with files.creating(partial) as file:
            np.savez_compressed(file, samples=samples.numpy())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _save_folder(samples: Tensor, path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    digits = len(str(len(samples) - 1))
    for number, image in enumerate(samples.numpy()):
        Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image).save(path / f"{number:0{digits}d}.png")
