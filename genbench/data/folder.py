"""`folder`: any tree of image files, cut to squares of one size.

Every .bmp, .gif, .jpg, .jpeg, .pbm, .pgm, .png, .ppm, .tif, .tiff and .webp below data.root is an image, except hidden
ones. The largest square in the middle is resized to data.size; images that are smaller are refused, never enlarged.
Where the tree has train/ and test/ at its top, these are the splits and everything else is left out; otherwise an image
is held out if the sha256 of its relative path falls in the lowest data.held_out of its range, so that adding an image
moves no other. The sub-folders of a split are its classes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from genbench.config.field import cite, setting
from genbench.config.settings import DataSettings
from genbench.contract.dataset import Dataset, Splits
from genbench.contract.hooks import hookimpl
from genbench.data.imagefile import decoded, read, square
from genbench.data.prepared import Part, Recipe, prepared
from genbench.data.root import root_folder
from genbench.errors import DataError

SUFFIXES = (".bmp", ".gif", ".jpg", ".jpeg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
LARGEST_FILE = 2**30
"""Bytes of an image: as many pixels as may be, of four channels of 16 bits, have fewer."""
FEWEST_TRAIN, FEWEST_TEST = 2, 1


@dataclass(frozen=True, kw_only=True)
class FolderData(DataSettings):
    """Settings of `folder`."""

    # Only here does the root say what the data are, so only here it is part of a trial's identity.
    root: str = setting(
        "", "the folder of images; class sub-folders are labels, train/ and test/ at its top are the splits"
    )
    size: int = setting(32, "height and width of the images; the largest square in the middle is resized", at_least=1)
    channels: Literal[1, 3] = setting(3, "3 for colour, 1 for grey")
    held_out: float = setting(
        0.1, "share of the images kept from training, where the folder has no train/ and test/", above=0, below=1
    )


def load(data: FolderData) -> Splits:
    """The images as uint8 [n, size, size, channels], mixed by the hash of their paths, with labels where there are two
    classes or more.
    """
    root = _root(data.root)
    names = sorted(_images(root), key=_hash)
    if not names:
        raise DataError(f"{root} holds no images ({', '.join(SUFFIXES)}); set data.root to a folder that does")
    has_splits = {"train", "test"} <= {_top(name) for name in names}
    train, test = _by_folder(names) if has_splits else _by_hash(names, data.held_out)
    if len(train) < FEWEST_TRAIN or len(test) < FEWEST_TEST:
        rule, remedy = (
            ("its train/ and test/", "")
            if has_splits
            else (f"data.held_out={data.held_out}", " or change data.held_out")
        )
        raise DataError(
            f"{root} is too small: by {rule} there are {len(train)} images to train on and {len(test)} held out, "
            f"at least {FEWEST_TRAIN} and {FEWEST_TEST} are needed; add images{remedy}"
        )
    class_of = {name: _top(name.partition("/")[2] if has_splits else name) for name in (*train, *test)}
    classes = sorted(set(class_of.values()))
    labelled = len(classes) > 1 and "" not in classes

    def part(names: Sequence[str]) -> Part:
        images = decoded([root / name for name in names], lambda path: _image(path, data))
        labels = [classes.index(class_of[name]) for name in names] if labelled else None
        return Part((len(names), data.size, data.size, data.channels), images, labels)

    settings = {"size": data.size, "channels": data.channels, "held_out": None if has_splits else data.held_out}
    names = [*train, *test]
    recipe = Recipe(dataset="folder", version=1, settings=settings, root=root, files=names, largest=LARGEST_FILE)
    return prepared(recipe, lambda _: (part(train), part(test)))


@hookimpl
def genbench_datasets() -> Iterable[Dataset]:
    """`folder`."""
    return [
        Dataset(
            name="folder",
            config=FolderData,
            load=load,
            nets={
                "dcgan": {"latent": cite(128, "paper, Table 5"), "width": cite(32, "paper, Table 5")},
                "mlp": {"latent": 128, "width": 256},
            },
            defaults={
                "train.batch": cite(64, "paper, section 4"),
                "train.images": cite(
                    1_280_000, "20,000 batches, a first look: how many a folder needs is not known in advance"
                ),
                "train.log_every": 12_800,
                "train.save_every": 128_000,
                "train.sample_every": 128_000,
                "evaluate.samples": 5_000,
                "evaluate.metrics": (
                    "fid",
                    "is",
                    "kid",
                    "precision",
                    "recall",
                    "neighbour_distance",
                    "neighbour_distance_heldout",
                ),
            },
            about=(
                "any folder of images, data.root=PATH: squares of data.size pixels, in colour or grey; sub-folders are"
                " classes"
            ),
        )
    ]


def _root(chosen: str) -> Path:
    if not chosen:
        raise DataError("the data set 'folder' needs to know which folder: set data.root=PATH")
    return root_folder(chosen, "a folder of images").resolve()


def _images(root: Path) -> Iterator[str]:
    """The relative paths of all images below a folder; raises DataError for a link that leaves it.

    A link to a folder of the tree is skipped: its images are there already.
    """
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            entries = [entry for entry in os.scandir(folder) if not entry.name.startswith(".")]
        except OSError as error:
            raise DataError(f"{folder} cannot be read: {error.strerror}") from error
        for entry in entries:
            path = Path(entry.path)
            is_image = entry.name.lower().endswith(SUFFIXES)
            # Unlike entry.is_dir(), this does not fail for a link that leads to itself; as an image it is said to be
            # unreadable later.
            links_to_folder = entry.is_symlink() and os.path.isdir(path)
            if (
                entry.is_symlink()
                and (is_image or links_to_folder)
                and not Path(os.path.realpath(path)).is_relative_to(root)
            ):
                raise DataError(
                    f"{path} is a link that leaves {root}; put a copy in its place, or set data.root to a folder that"
                    " holds both"
                )
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif is_image and not links_to_folder:
                yield path.relative_to(root).as_posix()


def _hash(name: str) -> int:
    """Of a relative path: the same on every machine, 0 to 2^64."""
    return int.from_bytes(hashlib.sha256(os.fsencode(name)).digest()[:8], "big")


def _top(name: str) -> str:
    """The sub-folder that a relative path begins with, or an empty string."""
    return name.partition("/")[0] if "/" in name else ""


def _by_folder(names: Sequence[str]) -> tuple[list[str], list[str]]:
    return [name for name in names if _top(name) == "train"], [name for name in names if _top(name) == "test"]


def _by_hash(names: Sequence[str], held_out: float) -> tuple[list[str], list[str]]:
    threshold = int(held_out * 2**64)
    return [name for name in names if _hash(name) >= threshold], [name for name in names if _hash(name) < threshold]


def _image(path: Path, data: FolderData) -> Image.Image:
    image = read(path, data.channels)
    if min(image.size) < data.size:
        raise DataError(
            f"{path} has {image.width}x{image.height} pixels, too few for data.size={data.size}; remove it or choose a"
            " smaller data.size"
        )
    return square(image, data.size)
