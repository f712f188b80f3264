"""`celeba`: the published faces, aligned and cut to squares, in their official partition.

The files are where torchvision puts them below the root, in the root's folder of the data set's name, or in the root
itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from genbench.config.field import cited, setting
from genbench.config.settings import DataSettings
from genbench.contract.dataset import Dataset, Splits
from genbench.contract.hooks import hookimpl
from genbench.data.download import Published, check, find
from genbench.data.imagefile import decoded, read, resized
from genbench.data.prepared import Part, Recipe, prepared
from genbench.data.torchvision import COLOUR, DCGAN, unless_published
from genbench.errors import DataError

PARTITION, ALIGNED = "list_eval_partition.txt", "img_align_celeba"
CELEBA = Published(
    name="celeba",
    title="CelebA",
    folder="celeba",
    files=(PARTITION, ALIGNED),
    page="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html (img_align_celeba.zip to be unpacked)",
)
ALIGNED_SIZE = (178, 218)
TRAIN, TEST = "0", "2"
"""In CelebA's partition; 1 is a validation set, which is left out."""


@dataclass(frozen=True, kw_only=True)
class CelebaData(DataSettings):
    """Settings of `celeba`."""

    size: int = setting(
        64,
        "height and width of the faces: 64 as in Li et al. 2017's code, else the same square of the published image"
        " resized to it by Pillow's bilinear filter",
        at_least=8,
        below=513,
        later=True,
    )


def load_celeba(data: CelebaData) -> Splits:
    """162,770 and 19,962 faces, uint8 [n, size, size, 3]: the square that is left where the aligned ones are resized to
    64x78 and rows 7 to 71 are kept.
    """
    folder, _ = find(CELEBA, data)
    try:
        faces = sorted(entry.name for entry in os.scandir(folder / ALIGNED) if entry.name.endswith(".jpg"))
    except OSError as error:
        raise DataError(
            f"{folder / ALIGNED} cannot be read: {error.strerror}; it is the folder of the faces, from {CELEBA.page}"
        ) from error

    def make(scratch: Path) -> tuple[Part, Part]:
        check(CELEBA, folder / PARTITION, next(md5 for _, md5, name in CELEBA.reader.file_list if name == PARTITION))
        # torchvision's class would read five tables, of which this is the only one needed, and hold them all in memory.
        rows = [line.split() for line in (folder / PARTITION).read_text().splitlines()]
        if missing := sorted({name for name, _ in rows}.difference(faces)):
            lacks = f"{folder / ALIGNED} lacks {len(missing):,} of {len(rows):,} faces, the first {missing[0]}"
            raise DataError(f"celeba is not complete: {lacks}; get all of them from {CELEBA.page}")
        train, test = (
            _faces([folder / ALIGNED / name for name, split in rows if split == wanted], data.size)
            for wanted in (TRAIN, TEST)
        )
        return train, test

    files = [PARTITION, *(f"{ALIGNED}/{name}" for name in faces)]
    settings = unless_published(data.size, 64)
    return prepared(Recipe(dataset="celeba", version=1, settings=settings, root=folder, files=files), make)


@hookimpl
def genbench_datasets() -> Iterable[Dataset]:
    """`celeba`."""
    return [
        Dataset(
            name="celeba",
            config=CelebaData,
            load=load_celeba,
            nets={"dcgan": DCGAN, "convnet": cited("Li et al. 2017's code", latent=64)},
            defaults=COLOUR,
            about="182,732 aligned faces, 64x64; the training and the test set of the official partition",
            source="Liu et al. 2015, arXiv 1411.7766; crop of Li et al. 2017's code",
        ),
    ]


def _faces(paths: list[Path], size: int) -> Part:
    return Part((len(paths), size, size, 3), decoded(paths, lambda path: _face(path, size)))


def _face(path: Path, size: int) -> Image.Image:
    """The crop of Li et al. 2017's code; at another size than 64 the same square, resized once from the published
    pixels.
    """
    image = read(path, channels=3)
    if image.size != ALIGNED_SIZE:
        raise DataError(
            f"{path} has {image.width}x{image.height} pixels, aligned faces have 178x218; get {ALIGNED}.zip from"
            f" {CELEBA.page}"
        )
    if size == 64:
        return resized(image, 64, 78).crop((0, 7, 64, 71))
    width, height = ALIGNED_SIZE
    return image.resize(
        (size, size), Image.Resampling.BILINEAR, box=(0.0, 7 * height / 78, float(width), 71 * height / 78)
    )
