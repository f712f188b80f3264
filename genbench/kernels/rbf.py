"""Squared distances and their Gaussian (RBF) kernels: of one width, summed over several, and all of one exponential."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from genbench.kernels.precision import exact

EXPONENT_FLOOR = -80.0
"""Below about -87 exp() of a float is subnormal, and 50 times slower on a CPU; e^-80 is 0 to every loss here."""
SQUARINGS = 8
"""How often a kernel may be squared to be a narrower one: k times add some 2^k roundings, fewer than the distances
have already."""


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """Squared Euclidean distances [n, m] between the rows of x [n, d] and y [m, d], fp64, never negative."""
    x, y = exact(x), exact(y)
    distances = torch.addmm(x.square().sum(1, keepdim=True), x, y.T, alpha=-2.0).add_(y.square().sum(1))
    # Out of autograd's sight: it is rounding that is cut off, and at 0 the slope is 0 but the curvature is not.
    distances.detach().clamp_min_(0.0)
    return distances


def self_distances(x: Tensor) -> Tensor:
    """Squared distances [n, n] among the rows of x [n, d], exactly 0 from each to itself."""
    return squared_distances(x, x).fill_diagonal_(0.0)


def gaussian(distances: Tensor, width: float) -> Tensor:
    """exp(-d² / (2 width²)) of squared distances."""
    return (distances * (-0.5 / width**2)).clamp_min(EXPONENT_FLOOR).exp()


def mixture(distances: Tensor, widths: Sequence[float]) -> Tensor:
    """The sum of Gaussian kernels of several widths, of squared distances."""
    total = gaussian(distances, widths[0])
    for width in widths[1:]:
        total = total + gaussian(distances, width)
    return total


class Gaussians:
    """The Gaussian kernels of several widths of the same squared distances, widest first.

    Where (wider width / narrower width)² is a power of two, the narrower kernel is the wider one squared so many times
    over, at a tenth of the price of an exponential: the usual widths 1, 2, 4, 8, 16 take one exponential instead of
    five, and one matrix is kept for all.
    """

    def __init__(self, distances: Tensor, widths: Sequence[float]) -> None:
        """`distances` is overwritten."""
        chains: list[list[tuple[float, int]]] = []
        for width in sorted(widths, reverse=True):
            squarings = _squarings(chains[-1][-1][0], width) if chains else None
            if squarings is None or sum(times for _, times in chains[-1]) + squarings > SQUARINGS:
                chains.append([(width, 0)])
            else:
                chains[-1].append((width, squarings))
        self._chains: list[tuple[Tensor, list[tuple[float, int]]]] = []
        for number, chain in enumerate(chains, start=1):
            out = distances if number == len(chains) else torch.empty_like(distances)
            torch.mul(distances, -0.5 / chain[0][0] ** 2, out=out).clamp_min_(EXPONENT_FLOOR).exp_()
            self._chains.append((out, chain))

    def __iter__(self) -> Iterator[tuple[float, Tensor]]:
        """Each width and its kernel; do not change it, and do not use it after asking for the next one."""
        for kernel, chain in self._chains:
            scratch = torch.empty_like(kernel) if len(chain) > 1 else kernel
            for width, squarings in chain:
                for _ in range(squarings):
                    kernel = torch.mul(kernel, kernel, out=scratch)
                yield width, kernel.clamp_min_(math.exp(EXPONENT_FLOOR)) if squarings else kernel

    def mean(self) -> Tensor:
        """The mean of their sum."""
        return torch.stack([kernel.mean() for _, kernel in self]).sum()

    def mean_and_slope(self) -> tuple[Tensor, Tensor]:
        """The mean of their sum, and the derivative of that sum by the squared distance."""
        means, slope = [], torch.zeros_like(self._chains[0][0])
        for width, kernel in self:
            means.append(kernel.mean())
            slope.add_(kernel, alpha=-0.5 / width**2)
        return torch.stack(means).sum(), slope


def _squarings(wider: float, narrower: float) -> int | None:
    """How often the kernel of the wider width has to be squared to be that of the narrower one; none where no number
    does it.
    """
    power = (wider / narrower) ** 2
    times = round(math.log2(power))
    return times if abs(power / 2**times - 1) < 1e-15 else None
