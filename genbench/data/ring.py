"""`ring` and `ring-sharp`: Gaussians around a circle, whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from genbench.config.field import cite, setting
from genbench.config.settings import DataSettings
from genbench.contract import streams
from genbench.contract.dataset import Dataset, Mixture, Splits
from genbench.contract.hooks import hookimpl

HELD_OUT = 10_000


@dataclass(frozen=True, kw_only=True)
class RingData(DataSettings):
    """Settings of `ring`."""

    radius: float = setting(
        2.0, "distance of the modes' centres to the origin", source="JuliaGRAM, the authors' code", above=0, below=1e6
    )
    std: float = setting(
        0.2, "standard deviation of a mode, per dimension", source="JuliaGRAM, the authors' code", above=0, below=1e6
    )
    modes: int = setting(8, "Gaussians around the circle", source="paper, section 3.4", at_least=1, below=10_001)
    points: int = setting(
        60_000, "points to train on", source="JuliaGRAM, the authors' code", at_least=1, below=100_000_001
    )


@dataclass(frozen=True, kw_only=True)
class SharpRingData(RingData):
    """Settings of `ring-sharp`."""

    radius: float = setting(
        1.0, "distance of the modes' centres to the origin", source="VEEGAN, arXiv 1705.07761", above=0, below=1e6
    )
    std: float = setting(
        0.01,
        "standard deviation of a mode, per dimension",
        source="paper, section 3.4; VEEGAN; PacGAN, arXiv 1712.04086",
        above=0,
        below=1e6,
    )


def load(data: RingData) -> Splits:
    """The points, the same for every seed of a trial: the data set is what trials share."""
    angles = torch.arange(data.modes, dtype=torch.float64) * (2 * math.pi / data.modes)
    centres = (data.radius * torch.stack([angles.cos(), angles.sin()], dim=1)).float()
    return Splits(
        train=_points(centres, data.std, data.points, streams.generator(0, "ring-train")),
        test=_points(centres, data.std, HELD_OUT, streams.generator(0, "ring-test")),
        mixture=Mixture(centres=centres, std=data.std, radius=data.radius),
    )


@hookimpl
def genbench_datasets() -> Iterable[Dataset]:
    """`ring` and `ring-sharp`."""
    nets = {
        "mlp": {
            "latent": cite(8, "paper, Figure 2: 2, 4, 8, 16"),
            "width": cite(100, "paper, section 3.4"),
            "prior": cite("normal", "paper, appendix A.1"),
        }
    }
    defaults = {
        "train.batch": cite(200, "paper, appendix A.1"),
        "train.images": cite(1_200_000, "measured: GRAM and MMD-nets cover all modes after 6,000 batches"),
        "train.log_every": 12_000,
        "train.save_every": 240_000,
        "train.sample_every": 400_000,
        "evaluate.samples": cite(2500, "VEEGAN, arXiv 1705.07761"),
        "evaluate.metrics": ("modes", "modes_any", "high_quality", "mode_kl", "mmd", "max_abs"),
    }
    return [
        Dataset(
            name="ring",
            config=RingData,
            load=load,
            nets=nets,
            defaults=defaults,
            about="8 Gaussians of std 0.2 on a circle of radius 2: the authors' code",
            source="JuliaGRAM, the authors' code of the paper's section 3.4",
        ),
        Dataset(
            name="ring-sharp",
            config=SharpRingData,
            load=load,
            nets=nets,
            defaults=defaults,
            about="8 Gaussians of std 0.01 on a circle of radius 1: the convention of VEEGAN and PacGAN",
            source="Srivastava et al. 2017, arXiv 1705.07761; Lin et al. 2018, arXiv 1712.04086",
        ),
    ]


def _points(centres: Tensor, std: float, count: int, generator: torch.Generator) -> Tensor:
    """Points [count, 2] of an equal mixture: the modes take turns, so their shares differ by one point at most."""
    noise = torch.randn(count, 2, generator=generator)
    return centres[torch.arange(count) % len(centres)] + std * noise
