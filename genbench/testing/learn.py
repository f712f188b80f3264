"""Whether a method learns: a short training on a ring of Gaussians, after which its samples must be nearer to it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from genbench.contract.kit import prior
from genbench.contract.streams import generator
from genbench.contract.trainer import Method
from genbench.kernels import mmd2
from genbench.testing.announcement import composed
from genbench.testing.miniature import SEED, VECTORS, TinyRun

ROWS, SAMPLES, MODES, RADIUS, STD = 128, 1000, 8, 2.0, 0.2
WIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
UPDATES = 2000
LOOKS = 10
"""How often samples are looked at in the last third, over which the distance is averaged: a game swings."""
FALL = 0.5
"""What may be left of the first distance."""


@dataclass(frozen=True, kw_only=True)
class Learning:
    """What a short training did."""

    before: float
    """MMD² of samples to the ring before training."""
    after: float
    """The mean of the same over the last third of training."""
    updates: int
    seconds: float

    ADVICE: ClassVar[str] = (
        "look for the sign of a loss, for gradients that reach the wrong network (an optimizer that holds both), for a"
        " detach too many, or for a learning rate that is too small to get anywhere"
    )

    @property
    def learnt(self) -> bool:
        """Whether the distance has fallen far enough."""
        return self.after <= FALL * self.before

    def __str__(self) -> str:
        return (
            f"the samples' MMD² to a ring of {MODES} Gaussians went from {self.before:.3g} to {self.after:.3g} in"
            f" {self.updates:,} updates, {self.seconds:.0f} s"
        )


class RingBatches(Iterator[Tensor]):
    """Endless batches of points on a ring of Gaussians."""

    def __init__(self, run: TinyRun) -> None:
        self.position = 0
        self._kit = run.kit

    def allow(self) -> None:
        """Let a new step begin."""

    def __next__(self) -> Tensor:
        self.position += 1
        return ring(ROWS, self.position).to(self._kit.device, self._kit.dtype)


def ring(rows: int, position: int) -> Tensor:
    """Points [rows, 2] on a circle of radius 2, of 8 Gaussians with standard deviation 0.2."""
    draws = generator(SEED, "ring", position)
    angles = torch.randint(MODES, (rows,), generator=draws) * (2 * math.pi / MODES)
    return RADIUS * torch.stack([angles.cos(), angles.sin()], 1) + STD * torch.randn(rows, 2, generator=draws)


def learn(method: Method, *, seconds: float = 60.0, updates: int = UPDATES) -> Learning:
    """Train a method, with its settings for the ring, for so many updates or seconds, whichever end first."""
    run = TinyRun(method.trainer, composed(method, method.presets.get("ring", {})), VECTORS, norm=False, width=64)
    run.batches = RingBatches(run)  # type: ignore[assignment]
    z = prior(run.kit.net, SAMPLES, generator(SEED, "learn")).to(run.kit.device, run.kit.dtype)
    real = ring(SAMPLES, 0)

    def distance() -> float:
        return float(mmd2(run.sample(z).double().cpu(), real.double(), WIDTHS))

    before, distances, began = distance(), [], time.monotonic()
    done, looks = 0, updates - torch.linspace(updates / 3, 0, LOOKS).int()
    while done < updates and time.monotonic() - began < seconds:
        run.step()
        done += 1
        if done in looks:
            distances.append(distance())
    distances = distances or [distance()]
    return Learning(
        before=before, after=sum(distances) / len(distances), updates=done, seconds=time.monotonic() - began
    )
