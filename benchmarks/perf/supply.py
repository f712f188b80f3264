"""What supplying batches costs: genbench's source against torchvision's DataLoader with ToTensor and Normalize.

    python benchmarks/perf/supply.py [--folder IMAGES] [--batches 200] [--rounds 7]

The same images for both, 50,000 random ones of 32x32 unless a folder is named: genbench's mapped from a file as in a trial, torchvision's
held in memory by its CIFAR10 class, which is its fastest way. With a folder its ImageFolder, which decodes the files, is timed too.
Rounds of all alternate; the figure to read is the median of the ratios. One thread, no worker processes.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision.datasets
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision.transforms import Compose, Normalize, ToTensor

from genbench import plugins
from genbench.data.source import Source

BATCH = 64
TRANSFORM = Compose([ToTensor(), Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))])


def in_memory(images: Tensor) -> Any:
    """torchvision's CIFAR10 as it is once its files are read."""
    dataset = object.__new__(torchvision.datasets.CIFAR10)
    dataset.data, dataset.targets = images.numpy(), [0] * len(images)
    dataset.transform, dataset.target_transform = TRANSFORM, None
    return dataset


def main() -> None:
    """Print images per second of each and how many times faster genbench is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--folder", help="a folder of images, as the data set 'folder' takes it")
    parser.add_argument("--batches", type=int, default=200, help="in a round of torchvision's")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        images = of_folder(arguments.folder) if arguments.folder else random(Path(scratch))
        assert torch.equal(pixels(Source(images, seed=0, batch=len(images))), pixels(loaded(in_memory(images), batch=len(images))))
        peers = {"DataLoader, in memory": in_memory(images)}
        if arguments.folder:
            peers["DataLoader, image files"] = torchvision.datasets.ImageFolder(arguments.folder, TRANSFORM)
        compare(Source(images, seed=0, batch=BATCH), {name: loaded(peer, batch=BATCH) for name, peer in peers.items()}, arguments.batches, arguments.rounds)


def compare(source: Iterator[Tensor], peers: dict[str, Iterator[Any]], batches: int, rounds: int) -> None:
    """Alternate and print."""
    own: list[float] = []
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(rounds):
        # genbench's batches are so quick that ten times as many are needed for a time that can be trusted.
        own.append(seconds(source, 10 * batches) / 10)
        for name, peer in peers.items():
            times[name].append(seconds(peer, batches))
    print(f"{machine()}, torch {torch.__version__}, torchvision {torchvision.__version__}, 1 thread, batch {BATCH}, {rounds} rounds")
    print(f"{'genbench':24} {BATCH * batches / statistics.median(own):10,.0f} images/s")
    for name, taken in times.items():
        ratios = [theirs / ours for theirs, ours in zip(taken, own, strict=True)]
        speed = BATCH * batches / statistics.median(taken)
        print(f"{name:24} {speed:10,.0f} images/s, genbench {statistics.median(ratios):.1f} times as fast ({min(ratios):.1f} to {max(ratios):.1f})")


def random(scratch: Path) -> Tensor:
    """50,000 images, mapped from a file."""
    np.save(scratch / "images.npy", np.random.default_rng(0).integers(0, 256, (50_000, 32, 32, 3), dtype=np.uint8))
    return torch.from_numpy(np.load(scratch / "images.npy", mmap_mode="c"))


def of_folder(folder: str) -> Tensor:
    """The training images of the data set `folder`."""
    dataset = plugins.load("datasets", "folder")
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


def seconds(batches: Iterator[Any], count: int) -> float:
    """Of drawing so many batches."""
    began = time.perf_counter()
    for _ in range(count):
        next(batches)
    return time.perf_counter() - began


def machine() -> str:
    """The processor's name and the number of its cores."""
    names = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {len(names)} cores"


if __name__ == "__main__":
    main()
