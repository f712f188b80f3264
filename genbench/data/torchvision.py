"""`mnist`, `fashion-mnist` and `cifar10`: the published files, read and checked by torchvision, in their
official splits.

The files are where torchvision puts them below the root, in the root's folder of the data set's name, or in the root
itself: so one root may serve all data sets. The default root is the cache folder: $GENBENCH_DATA, else genbench in
$XDG_CACHE_HOME or ~/.cache.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genbench.config.field import cite, cited, setting
from genbench.config.settings import DataSettings
from genbench.contract.dataset import Dataset, Splits
from genbench.contract.hooks import hookimpl
from genbench.data.download import Published, check, find, unpacked
from genbench.data.imagefile import CHUNK, pixels, resized
from genbench.data.prepared import Part, Recipe, prepared

IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
UNPACKED = {
    "mnist": (
        "6bbc9ace898e44ae57da46a324031adb",
        "a25bea736e30d166cdddb491f175f624",
        "2646ac647ad5339dbf082846283269ea",
        "27ae3e4e09519cfbb04c329615203637",
    ),
    "fashion-mnist": (
        "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "9018921c3c673c538a1fc5bad174d6f9",
        "8181f5470baa50b63fa0f6fddb340f0a",
        "15d484375f8d13e6eb1aabb0c3f46965",
    ),
}
"""The md5 of the IDX files without gzip, in the order of IDX: packed again, as by Debian, they do not have
torchvision's checksums.
"""
MNIST = Published(
    name="mnist",
    title="MNIST",
    folder="MNIST/raw",
    files=IDX,
    is_packed=True,
    page="https://ossci-datasets.s3.amazonaws.com/mnist/",
)
FASHION = Published(
    name="fashion-mnist",
    title="FashionMNIST",
    folder="FashionMNIST/raw",
    files=IDX,
    is_packed=True,
    page="https://github.com/zalandoresearch/fashion-mnist (Debian's package dataset-fashion-mnist has it too)",
)
CIFAR10 = Published(
    name="cifar10",
    title="CIFAR10",
    folder="cifar-10-batches-py",
    files=(*(f"data_batch_{number}" for number in range(1, 6)), "test_batch", "batches.meta"),
    page="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz (to be unpacked)",
)
SCORES = ("fid", "kid", "precision", "recall", "neighbour_distance", "neighbour_distance_heldout")
COLOUR = {
    "train.batch": cite(64, "paper, section 4"),
    "train.images": cite(3_200_000, "50,000 batches; the paper does not say how many it took"),
    "train.log_every": 32_000,
    "train.save_every": 320_000,
    "train.sample_every": 320_000,
    "evaluate.samples": cite(10_000, "paper, section 4: as many as are held out of CIFAR-10"),
    "evaluate.metrics": ("fid", "is", *SCORES[1:]),
}
"""Settings that differ for `cifar10` and `celeba`."""
DCGAN = cited("paper, Tables 5 and 6", latent=128, width=32)


@dataclass(frozen=True, kw_only=True)
class IdxData(DataSettings):
    """Settings of `mnist` and `fashion-mnist`."""

    size: int = setting(
        28,
        "height and width of the images: 28 as published, else resized by Pillow's bilinear filter",
        at_least=8,
        below=513,
    )


@dataclass(frozen=True, kw_only=True)
class CifarData(DataSettings):
    """Settings of `cifar10`."""

    size: int = setting(
        32,
        "height and width of the images: 32 as published, else resized by Pillow's bilinear filter",
        at_least=8,
        below=513,
        later=True,
    )


def load_mnist(data: IdxData) -> Splits:
    """60,000 and 10,000 handwritten digits, uint8 [n, size, size, 1], with labels."""
    return _load_idx(data, MNIST)


def load_fashion_mnist(data: IdxData) -> Splits:
    """60,000 and 10,000 pictures of clothes, uint8 [n, size, size, 1], with labels."""
    return _load_idx(data, FASHION)


def load_cifar10(data: CifarData) -> Splits:
    """50,000 and 10,000 colour images, uint8 [n, size, size, 3], with labels."""
    folder, files = find(CIFAR10, data)

    def make(scratch: Path) -> tuple[Part, Part]:
        reader = CIFAR10.reader
        for name, md5 in [*reader.train_list, *reader.test_list, (reader.meta["filename"], reader.meta["md5"])]:
            check(CIFAR10, folder / name, md5)
        with TemporaryDirectory(dir=scratch) as staging:
            Path(staging, CIFAR10.folder).symlink_to(folder)
            return _part(reader(staging, train=True), data.size), _part(reader(staging, train=False), data.size)

    settings = unless_published(data.size, 32)
    return prepared(Recipe(dataset="cifar10", version=1, settings=settings, root=folder, files=files), make)


@hookimpl
def genbench_datasets() -> Iterable[Dataset]:
    """`mnist`, `fashion-mnist` and `cifar10`."""
    grey = {
        "train.batch": cite(200, "paper, appendix A.3"),
        "train.images": cite(1_000_000, "paper, Figure 7: 5,000 batches"),
        "train.log_every": 10_000,
        "train.save_every": 100_000,
        "train.sample_every": 100_000,
        "evaluate.samples": 5_000,
        "evaluate.metrics": SCORES,
        "features.name": "efficientnet-lite0",
    }
    grey_nets = {
        "mnist-mlp": cited("paper, appendix A.3", latent=100, prior="uniform"),
        "dcgan": cited("paper, appendix A.3", latent=100, prior="uniform"),
    }
    return [
        Dataset(
            name="mnist",
            config=IdxData,
            load=load_mnist,
            nets=grey_nets,
            defaults=grey,
            about="70,000 grey images of handwritten digits, 28x28",
            source="LeCun et al. 1998; paper, appendix A.3",
        ),
        Dataset(
            name="fashion-mnist",
            config=IdxData,
            load=load_fashion_mnist,
            nets=grey_nets,
            defaults=grey,
            about="70,000 grey images of clothes, 28x28; set up as mnist",
            source="Xiao et al. 2017, arXiv 1708.07747",
        ),
        Dataset(
            name="cifar10",
            config=CifarData,
            load=load_cifar10,
            nets={"dcgan": DCGAN, "convnet": {}},
            defaults=COLOUR,
            about="60,000 colour images of 10 classes, 32x32",
            source="Krizhevsky 2009; paper, section 4",
        ),
    ]


def _load_idx(data: IdxData, published: Published) -> Splits:
    folder, files = find(published, data)

    def make(scratch: Path) -> tuple[Part, Part]:
        reader = published.reader
        with TemporaryDirectory(dir=scratch) as staging:
            raw = Path(staging, published.folder)
            raw.mkdir(parents=True)
            for name, stem, md5 in zip(files, published.files, UNPACKED[published.name], strict=True):
                (raw / stem).write_bytes(unpacked(published, folder / name, dict(reader.resources)[f"{stem}.gz"], md5))
            return _part(reader(staging, train=True), data.size), _part(reader(staging, train=False), data.size)

    return prepared(
        Recipe(dataset=published.name, version=1, settings={"size": data.size}, root=folder, files=files), make
    )


def unless_published(size: int, published: int) -> dict[str, int]:
    """What a size adds to a recipe: nothing where images stay as they were before there was a choice."""
    return {} if size == published else {"size": size}


def _part(images: Any, size: int) -> Part:
    """A split from a data set of torchvision's that holds its images in memory, [n, h, w] or [n, h, w, c]."""
    levels = np.asarray(images.data)
    channels = levels.shape[3] if levels.ndim == 4 else 1
    rows = max(1, CHUNK // levels[0].nbytes)
    chunks = (_resized(levels[start : start + rows], size) for start in range(0, len(levels), rows))
    return Part((len(levels), size, size, channels), chunks, list(map(int, images.targets)))


def _resized(levels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    return np.stack([pixels(resized(Image.fromarray(image), size, size)) for image in levels])
