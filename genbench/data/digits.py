"""`digits`: the handwritten digits that come with scikit-learn, 1,797 grey images of 8x8 pixels, enlarged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn.functional import interpolate

from genbench.config.field import cite, setting
from genbench.config.settings import DataSettings
from genbench.contract import streams
from genbench.contract.dataset import Dataset, Splits
from genbench.contract.hooks import hookimpl

HELD_OUT_PER_CLASS = 36
"""360 in all: a fifth of the images."""
INK = 16
"""The darkest level of the 8x8 images."""


@dataclass(frozen=True, kw_only=True)
class DigitsData(DataSettings):
    """Settings of `digits`."""

    size: int = setting(
        32, "height and width of the images, a power of two; enlarged bilinearly from 8x8", at_least=8, below=513
    )

    def __post_init__(self) -> None:
        if self.size & (self.size - 1):
            raise ValueError(f"size must be a power of two (8, 16, 32, …), got {self.size}")


def load(data: DigitsData) -> Splits:
    """The images as uint8 [n, size, size, 1], the same split for every seed of a trial, with labels."""
    packaged = load_digits()
    small = torch.from_numpy(packaged.images).unsqueeze(1)
    labels = torch.from_numpy(packaged.target).long()
    large = interpolate(small, size=(data.size, data.size), mode="bilinear", align_corners=False)
    images = large.mul(255 / INK).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()
    held_out = _held_out(labels)
    return Splits(
        train=images[~held_out], test=images[held_out], train_labels=labels[~held_out], test_labels=labels[held_out]
    )


@hookimpl
def genbench_datasets() -> Iterable[Dataset]:
    """`digits`."""
    return [
        Dataset(
            name="digits",
            config=DigitsData,
            load=load,
            nets={
                "dcgan": {"latent": 32, "width": cite(32, "paper, Table 5")},
                "mlp": {"latent": 32, "width": 256},
            },
            defaults={
                "train.batch": cite(64, "paper, section 4"),
                "train.images": 192_000,
                "train.log_every": 6_400,
                "train.save_every": 64_000,
                "train.sample_every": 32_000,
                "evaluate.samples": 1000,
                "evaluate.metrics": ("neighbour_distance", "neighbour_distance_heldout"),
                "features.name": "efficientnet-lite0",
            },
            about="1,797 grey images of handwritten digits, part of scikit-learn: nothing to download",
            source=(
                "Alpaydin and Kaynak 1998, UCI Machine Learning Repository, optical recognition of handwritten digits"
            ),
        )
    ]


def _held_out(labels: Tensor) -> Tensor:
    """Which images are kept from training, [n] bool: as many of every class."""
    generator = streams.generator(0, "digits-split")
    chosen = torch.zeros(len(labels), dtype=torch.bool)
    for label in range(int(labels.max()) + 1):
        members = (labels == label).nonzero().squeeze(1)
        chosen[members[torch.randperm(len(members), generator=generator)[:HELD_OUT_PER_CLASS]]] = True
    return chosen
