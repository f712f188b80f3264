"""`precision` and `recall`: samples within the real images' neighbourhoods, and real images within the samples'."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from genbench.contract.hooks import hookimpl
from genbench.contract.metric import Evaluation, Metric
from genbench.metrics import features

NEIGHBOURS = 3
"""The neighbour whose distance is the radius of a neighbourhood (Kynkäänniemi et al. 2019, section 2)."""
DISTANCES = 2**25
"""Distances in memory at once."""
KYNKAANNIEMI = "Kynkäänniemi et al. 2019, arXiv:1904.06991, eq. 1-3"


@hookimpl
def genbench_metrics() -> Iterable[Metric]:
    """`precision` and `recall`."""
    return [
        Metric(
            name="precision",
            compute=precision,
            better="higher",
            accepts=features.accepts_images,
            about="share of samples among the real images: within the distance of some real image to its 3rd nearest",
            source=KYNKAANNIEMI,
            against="split",
            features="fp32",
        ),
        Metric(
            name="recall",
            compute=recall,
            better="higher",
            accepts=features.accepts_images,
            about="share of real images among the samples: within the distance of some sample to its 3rd nearest",
            source=KYNKAANNIEMI,
            against="split",
            features="fp32",
        ),
    ]


def precision(evaluation: Evaluation) -> float:
    """The share of samples within a real image's neighbourhood, 0 to 1."""
    return covered(
        features.of_samples(evaluation, "fp32").features,
        features.of_reference(evaluation, "fp32"),
        _neighbours(evaluation),
    )


def recall(evaluation: Evaluation) -> float:
    """The share of real images within a sample's neighbourhood, 0 to 1."""
    return covered(
        features.of_reference(evaluation, "fp32"),
        features.of_samples(evaluation, "fp32").features,
        _neighbours(evaluation),
    )


def covered(points: Tensor, support: Tensor, neighbours: int) -> float:
    """The share of points [n, d] within the neighbourhood of some row of the support [m, d].

    A row's neighbourhood reaches to its neighbours-th nearest other row. Memory does not grow with n.
    """
    return float(_inside(points, support, _radii(support, support, neighbours)).double().mean())


def _radii(rows: Tensor, support: Tensor, neighbours: int) -> Tensor:
    """The radii [n] of neighbourhoods of rows [n, d] of the support [m, d]."""
    return torch.cat([torch.cdist(block, support).kthvalue(neighbours + 1).values for block in _blocks(rows, support)])


def _inside(points: Tensor, support: Tensor, radii: Tensor) -> Tensor:
    """Which points [n, d] are within the radius [m] of some row of the support [m, d]: booleans [n]."""
    return torch.cat([(torch.cdist(block, support) <= radii).any(1) for block in _blocks(points, support)])


def _blocks(rows: Tensor, others: Tensor) -> tuple[Tensor, ...]:
    return torch.split(rows, max(1, DISTANCES // len(others)))


def _neighbours(evaluation: Evaluation) -> int:
    """3, or all others where there are fewer, with a warning."""
    fewest = min(len(evaluation.samples), len(evaluation.reference))
    if fewest <= NEIGHBOURS:
        evaluation.warn(f"precision and recall: {fewest} images have fewer than {NEIGHBOURS} neighbours: all count")
    return min(NEIGHBOURS, fewest - 1)
