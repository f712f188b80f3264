"""What supplying batches costs: genbench's source against torchvision's DataLoader with ToTensor and Normalize.

    python benchmarks/perf/supply.py [--folder IMAGES] [--images 50000] [--batches 200] [--rounds 7]

The same images for both, random ones of 32x32 unless a folder is named: genbench's mapped from a file as in a trial,
torchvision's held in memory by its CIFAR10 class, which is its fastest way. With a folder its ImageFolder, which
decodes the files, is timed too. Rounds of all alternate; the figure to read is the median of the ratios. One thread, no
worker processes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision.datasets
from rounds import Outcome, alternate, machine, verdict
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision.transforms import Compose, Normalize, ToTensor

from genbench.contract import registry
from genbench.data.source import Source

BATCH = 64
TRANSFORM = Compose([ToTensor(), Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))])


def in_memory(images: Tensor) -> Any:
    """torchvision's CIFAR10 as it is once its files are read."""
    dataset = object.__new__(torchvision.datasets.CIFAR10)
    dataset.data, dataset.targets = images.numpy(), [0] * len(images)
    dataset.transform, dataset.target_transform = TRANSFORM, None
    return dataset


def main(words: Sequence[str] | None = None) -> None:
    """Print images per second of each and how many times faster genbench is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--folder", help="a folder of images, as the data set 'folder' takes it")
    parser.add_argument("--images", type=int, default=50_000, help="random ones")
    parser.add_argument("--batches", type=int, default=200, help="in a round of torchvision's")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args(words)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        images = of_folder(arguments.folder) if arguments.folder else random(Path(scratch), arguments.images)
        assert torch.equal(
            pixels(Source(images, seed=0, batch=len(images))), pixels(loaded(in_memory(images), batch=len(images)))
        )
        peers = {"DataLoader, in memory": in_memory(images)}
        if arguments.folder:
            peers["DataLoader, image files"] = torchvision.datasets.ImageFolder(arguments.folder, TRANSFORM)
        compare(
            Source(images, seed=0, batch=BATCH),
            {name: loaded(peer, batch=BATCH) for name, peer in peers.items()},
            arguments.batches,
            arguments.rounds,
        )


def compare(source: Iterator[Tensor], peers: dict[str, Iterator[Any]], batches: int, rounds: int) -> None:
    """Alternate and print."""
    # genbench's batches are so quick that ten times as many are needed for a time that can be trusted.
    found = alternate(
        {
            "genbench": partial(draw, source, 10 * batches),
            **{name: partial(draw, peer, batches) for name, peer in peers.items()},
        },
        rounds,
    )
    found["genbench"] = Outcome([seconds / 10 for seconds in found["genbench"].seconds], None)
    print(f"{machine()}, torchvision {torchvision.__version__}, batch {BATCH}, {rounds} rounds of {batches} batches")
    for name, outcome in found.items():
        print(f"{name:24} {BATCH * batches / outcome.usual:10,.0f} images/s   {verdict(found, name)}".rstrip())


def draw(supply: Iterator[Any], batches: int) -> None:
    """So many batches, and forget them."""
    for _ in range(batches):
        next(supply)


def random(scratch: Path, images: int) -> Tensor:
    """So many images, mapped from a file."""
    np.save(scratch / "images.npy", np.random.default_rng(0).integers(0, 256, (images, 32, 32, 3), dtype=np.uint8))
    return torch.from_numpy(np.load(scratch / "images.npy", mmap_mode="c"))


def of_folder(folder: str) -> Tensor:
    """The training images of the data set `folder`."""
    dataset = registry.load("datasets", "folder")
    images: Tensor = dataset.load(dataset.config(root=folder)).train
    return images


def loaded(dataset: Any, *, batch: int) -> Iterator[Any]:
    """A DataLoader's batches without end."""
    loader: DataLoader[Any] = DataLoader(dataset, batch_size=batch, shuffle=True, drop_last=True)
    return chain.from_iterable(repeat(loader))


def pixels(batches: Iterator[Any]) -> Tensor:
    """All values of an epoch in order of size: equal for two that supply the same images."""
    batch = next(batches)
    values: Tensor = batch[0] if isinstance(batch, list) else batch
    return to_level(values).flatten().sort().values


def to_level(values: Tensor) -> Tensor:
    """The grey levels that values in [-1, 1] came from."""
    return values.mul(127.5).add(127.5).round().to(torch.uint8)


if __name__ == "__main__":
    main()
