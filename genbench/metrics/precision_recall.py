"""`precision` and `recall`: samples within the real images' neighbourhoods, and real images within the samples'."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from genbench.contract.hooks import hookimpl
from genbench.contract.metric import Evaluation, Metric
from genbench.metrics import features, neighbourhoods
from genbench.metrics.neighbourhoods import PRECISION, blocks, nearest_others

KYNKAANNIEMI = "Kynkäänniemi et al. 2019, arXiv:1904.06991, eq. 1-3"


@hookimpl
def genbench_metrics() -> Iterable[Metric]:
    """`precision` and `recall`."""
    return [
        Metric(
            name="precision",
            compute=precision,
            better="higher",
            lowest=0,
            highest=1,
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
            lowest=0,
            highest=1,
            accepts=features.accepts_images,
            about="share of real images among the samples: within the distance of some sample to its 3rd nearest",
            source=KYNKAANNIEMI,
            against="split",
            features="fp32",
        ),
    ]


def precision(evaluation: Evaluation) -> float:
    """The share of samples within a real image's neighbourhood, 0 to 1."""
    _warn_of_few(evaluation)
    return float(neighbourhoods.of_evaluation(evaluation).precise.double().mean())


def recall(evaluation: Evaluation) -> float:
    """The share of real images within a sample's neighbourhood, 0 to 1."""
    _warn_of_few(evaluation)
    return covered(
        features.of_reference(evaluation, "fp32"),
        features.of_samples(evaluation, "fp32").features,
        neighbourhoods.counted(evaluation, PRECISION),
    )


def covered(points: Tensor, support: Tensor, neighbours: int) -> float:
    """The share of points [n, d] within the neighbourhood of some row of the support [m, d].

    A row's neighbourhood reaches to its neighbours-th nearest other row. Memory does not grow with n.
    """
    radii = nearest_others(support, neighbours).radii(neighbours)
    inside = [(torch.cdist(block, support) <= radii).any(1) for block in blocks(points, support)]
    return float(torch.cat(inside).double().mean())


def _warn_of_few(evaluation: Evaluation) -> None:
    found = neighbourhoods.counted(evaluation, PRECISION)
    if found < PRECISION:
        evaluation.warn(f"precision and recall: {found + 1} images have fewer than {PRECISION} neighbours: all count")
