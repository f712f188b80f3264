"""`vendi`: how many different samples there are in effect."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from genbench.contract.hooks import hookimpl
from genbench.contract.metric import Evaluation, Metric
from genbench.metrics import features


@hookimpl
def genbench_metrics() -> Iterable[Metric]:
    """`vendi`."""
    return [
        Metric(
            name="vendi",
            compute=vendi,
            better="higher",
            lowest=1,
            accepts=features.accepts_images,
            about=(
                "Vendi score: the number of samples that differ, in effect, by the cosine of their features; 1: all"
                " alike; k equal groups without likeness: k; it knows no real images, and noise is diverse, too"
            ),
            source="Friedman and Dieng 2023, arXiv:2210.02410, definition 3.1",
            against="nothing",
            features="fp32",
        )
    ]


def vendi(evaluation: Evaluation) -> float:
    """The Vendi score of the samples under the cosine of their features, 1 to the number of samples."""
    return of_cosines(features.of_samples(evaluation, "fp32").features)


def of_cosines(rows: Tensor) -> float:
    """The Vendi score of rows [n, d] under the kernel x·y / |x| |y|; memory grows with the smaller of n² and d².

    Of the units U of the rows, U Uᵀ and Uᵀ U have the same eigenvalues other than 0. A row of zeros is unlike all
    others.
    """
    units = torch.nn.functional.normalize(rows.double(), dim=1)
    count, dimensions = units.shape
    zeros = int((units == 0).all(1).sum())
    gram = units.T @ units if dimensions < count else units @ units.T
    spectrum = torch.linalg.eigvalsh(gram / count)
    return _exponential_entropy(torch.cat([spectrum, torch.full((zeros,), 1 / count, dtype=torch.float64)]))


def of_kernel(kernel: Tensor) -> float:
    """The Vendi score exp(-Σ λᵢ log λᵢ) of a positive semidefinite kernel [n, n] with ones on its diagonal, λ being the
    eigenvalues of kernel / n.
    """
    return _exponential_entropy(torch.linalg.eigvalsh(kernel.double() / len(kernel)))


def _exponential_entropy(spectrum: Tensor) -> float:
    """What rounding made negative is 0."""
    return float(torch.special.entr(spectrum.clamp_min(0)).sum().exp())
