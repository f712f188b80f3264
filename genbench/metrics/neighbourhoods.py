"""The neighbourhoods of real images among features, and which samples lie in them: one pass over the distances between
real images and one over those to the samples, shared by all metrics that count neighbours.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from genbench.contract.metric import Evaluation
from genbench.metrics import features

DISTANCES = 2**25
"""Distances in memory at once."""
PRECISION = 3
"""The neighbour whose distance is the radius of a neighbourhood of precision and recall (Kynkäänniemi et al. 2019,
section 2)."""
DENSITY = 5
"""The same of density and coverage (Naeem et al. 2020) and of their clipped forms (Salvy et al. 2025)."""


class Others(NamedTuple):
    """The nearest other rows of every row of a set, nearest first."""

    distances: Tensor
    """[n, k]"""
    indices: Tensor
    """[n, k]"""

    def radii(self, neighbour: int) -> Tensor:
        """The distances [n] to a row's neighbour-th nearest other row."""
        return self.distances[:, neighbour - 1]


class Met(NamedTuple):
    """Which samples lie in which neighbourhoods of real images."""

    precise: Tensor
    """Whether a sample is in any real image's neighbourhood of 3, its edge included: booleans [n]."""
    within: Tensor
    """Samples in a real image's neighbourhood of 5, its edge left out: [m], int64."""
    around: Tensor
    """Clipped neighbourhoods of real images that a sample lies in, their edges included: [n], int64."""


def nearest_others(rows: Tensor, k: int) -> Others:
    """The k nearest other rows of every row [n, d]; memory does not grow with n².

    A row's nearest is taken to be itself: of two equal rows it may be the other, which is as near.
    """
    found = [torch.cdist(block, rows).topk(k + 1, largest=False) for block in blocks(rows, rows)]
    return Others(
        torch.cat([values[:, 1:] for values, _ in found]), torch.cat([indices[:, 1:] for _, indices in found])
    )


def clipped(radii: Tensor) -> Tensor:
    """Radii [m], none of them above their median: an outlier has a small neighbourhood, too (Salvy et al. 2025)."""
    return radii.clamp_max(radii.quantile(0.5))


def meet(samples: Tensor, real: Tensor, *, narrow: Tensor, wide: Tensor) -> Met:
    """Which of the samples [n, d] lie in which neighbourhoods of the real rows [m, d], by the radii [m] of precision
    and of density.
    """
    within, tight = torch.zeros(len(real), dtype=torch.int64), clipped(wide)
    precise, around = [], []
    for block in blocks(samples, real):
        distances = torch.cdist(block, real)
        precise.append((distances <= narrow).any(1))
        around.append((distances <= tight).sum(1))
        within += (distances < wide).sum(0)
    return Met(torch.cat(precise), within, torch.cat(around))


def of_reference(evaluation: Evaluation) -> Others:
    """The 5 nearest others of every real image of an evaluation, fewer where there are fewer."""

    def search() -> Others:
        real = features.of_reference(evaluation, "fp32")
        return nearest_others(real, min(DENSITY, len(real) - 1))

    found: Others = evaluation.once("neighbourhoods.reference", search)
    return found


def of_evaluation(evaluation: Evaluation) -> Met:
    """Which samples of an evaluation lie in which neighbourhoods of its real images."""

    def search() -> Met:
        others = of_reference(evaluation)
        return meet(
            features.of_samples(evaluation, "fp32").features,
            features.of_reference(evaluation, "fp32"),
            narrow=others.radii(counted(evaluation, PRECISION)),
            wide=others.radii(counted(evaluation, DENSITY)),
        )

    found: Met = evaluation.once("neighbourhoods.met", search)
    return found


def counted(evaluation: Evaluation, neighbours: int) -> int:
    """So many neighbours, or all others where samples or real images are too few."""
    return min(neighbours, min(len(evaluation.samples), len(evaluation.reference)) - 1)


def blocks(rows: Tensor, others: Tensor) -> tuple[Tensor, ...]:
    """Rows whose distances to all others are few enough for memory."""
    return torch.split(rows, max(1, DISTANCES // len(others)))
