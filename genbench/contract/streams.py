"""Random streams addressed by (seed, purpose, position): nothing is seeded globally, nothing has to be saved.

Purposes in use: `init`, `data`, `noise`, `sample`. Numbers are always drawn on the CPU, so that a trial has the same
data order, noise and initial weights on every device.
"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor


def seed_of(seed: int, purpose: str, *position: int | str) -> int:
    """A 63-bit seed for one place in one stream; unequal addresses give independent seeds."""
    address = repr((seed, purpose, position)).encode()
    return int.from_bytes(hashlib.blake2b(address, digest_size=8).digest(), "big") >> 1


def generator(seed: int, purpose: str, *position: int | str) -> torch.Generator:
    """A fresh CPU generator at one place in one stream."""
    return torch.Generator().manual_seed(seed_of(seed, purpose, *position))


def permutation(count: int, seed: int, epoch: int) -> Tensor:
    """The order of `count` images in one epoch: [count], int64."""
    return torch.randperm(count, generator=generator(seed, "data", epoch))


class Draws:
    """The random draws of one update after the other.

    The n-th draw of update u depends only on (seed, purpose, u, n): a resumed trial seeks its update and goes on."""

    def __init__(self, seed: int, purpose: str = "noise") -> None:
        self._seed, self._purpose = seed, purpose
        self._update, self._count = -1, 0

    def seek(self, update: int) -> None:
        """Go to the first draw of an update; draws before the first update belong to building the trainer."""
        self._update, self._count = update, 0

    def next(self) -> torch.Generator:
        """The generator of the next draw."""
        self._count += 1
        return generator(self._seed, self._purpose, self._update, self._count)
