"""Fields: networks of points and times that the architectures lend to flows, of the families of their generators.

There is no batch norm: the points of a batch are of different times, whose statistics differ. Weights begin as torch's
layers leave them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from genbench.contract.kit import Shape
from genbench.nets.maps import doubled_widths, doubling, halving

HARMONICS = 32
"""Features of a time."""
FASTEST = 1000.0
"""The largest of their frequencies, radians for a time of 1."""
GROUPS = 8
"""Of channels that are normalised together, at most."""


def harmonics(t: Tensor) -> Tensor:
    """Times [n] in [0, 1] as cosines and sines [n, 32] of frequencies from 1 to 1000, as Vaswani et al. 2017 (arXiv
    1706.03762, section 3.5) have positions.
    """
    frequencies = torch.logspace(0, math.log10(FASTEST), HARMONICS // 2, dtype=t.dtype, device=t.device)
    angles = t[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], 1)


class PerceptronField(nn.Module):
    """Points [n, *shape] and times [n] -> [n, *shape]: a perceptron of a point's entries and its time, with SiLU, as in
    the notebooks of Lipman et al. 2024 (arXiv 2412.06264).
    """

    def __init__(self, shape: Shape, widths: Sequence[int]) -> None:
        super().__init__()
        size = math.prod(shape)
        layers: list[nn.Module] = []
        for before, after in pairwise([size + 1, *widths]):
            layers += [nn.Linear(before, after), nn.SiLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], size))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """The field at points x and times t."""
        out: Tensor = self.layers(torch.cat([x.flatten(1), t[:, None]], 1))
        return out.reshape(x.shape)


class ConvolutionalField(nn.Module):
    """Images [n, c, size, size] and times [n] -> [n, c, size, size]: halved to 4x4 and doubled again, each map on the
    way up beside that of its size on the way down (Ronneberger et al. 2015, arXiv 1505.04597).
    """

    def __init__(self, shape: Shape, width: int, kernel_size: int) -> None:
        super().__init__()
        widths = doubled_widths(width, shape)
        self.down = nn.ModuleList(
            _Stage(halving(before, after, kernel_size, bias=False), after)
            for before, after in pairwise([shape[0], *widths])
        )
        narrower = [widths[0], *widths[:-1]]
        self.up = nn.ModuleList(
            _Stage(doubling(before if before == widths[-1] else 2 * before, after, kernel_size), after)
            for before, after in zip(widths[::-1], narrower[::-1], strict=True)
        )
        self.last = nn.Conv2d(widths[0] + shape[0], shape[0], 3, padding=1)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """The field at images x and times t."""
        times, maps = harmonics(t), [x]
        for stage in self.down:
            maps.append(stage(maps[-1], times))
        h = maps.pop()
        for stage in self.up:
            h = torch.cat([stage(h, times), maps.pop()], 1)
        out: Tensor = self.last(h)
        return out


class _Stage(nn.Module):
    """A change of a map's size, a norm of each image by groups of channels, and a shift that depends on its time."""

    def __init__(self, resize: list[nn.Module], channels: int) -> None:
        super().__init__()
        self.resize = nn.Sequential(*resize)
        self.norm = nn.GroupNorm(math.gcd(GROUPS, channels), channels)
        self.shift = nn.Linear(HARMONICS, channels)

    def forward(self, x: Tensor, times: Tensor) -> Tensor:
        h = self.norm(self.resize(x)) + self.shift(times)[:, :, None, None]
        return nn.functional.silu(h)
