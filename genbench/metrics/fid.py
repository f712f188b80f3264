"""`fid`: the Fréchet distance of two sets of features as if both were Gaussian."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from genbench.contract.hooks import hookimpl
from genbench.contract.metric import Evaluation, Metric
from genbench.metrics import features
from genbench.metrics.cache import Arrays, cached

BLOCK = 256
"""Columns of a triangular matrix multiplied at once: the zeros above its diagonal are skipped block by block."""
HEUSEL = "Heusel et al. 2017, arXiv:1706.08500, eq. 6"


@hookimpl
def genbench_metrics() -> Iterable[Metric]:
    """`fid`, and the same of features in low precision, for progress only."""
    return [
        Metric(
            name="fid",
            compute=partial(fid, precision="fp32"),
            better="lower",
            accepts=features.accepts_images,
            about="Fréchet distance between the features of samples and of real images",
            source=HEUSEL,
            against="split",
            features="fp32",
        ),
        Metric(
            name="fid_approximate",
            compute=partial(fid, precision="bf16"),
            better="lower",
            accepts=features.accepts_images,
            about="fid of bf16 features: up to 1 % off, for curves and never for a reported number",
            source=HEUSEL,
            against="split",
            features="bf16",
        ),
    ]


class Statistics(NamedTuple):
    """Mean [d] and covariance [d, d] of features, fp64."""

    mean: Tensor
    covariance: Tensor


def fid(evaluation: Evaluation, *, precision: str) -> float:
    """The Fréchet distance between the features of the samples and of the real images; warns when they are too few."""
    fake = features.of_samples(evaluation, precision).features
    count, dimensions = fake.shape
    for images, what in ((count, "samples"), (len(evaluation.reference), "real images")):
        if images <= dimensions:
            evaluation.warn(
                f"fid: {images} {what} are not more than the features' {dimensions} dimensions: their covariance is"
                " singular, fid too high"
            )
    return frechet_distance(statistics(fake), _reference(evaluation, precision))


def statistics(rows: Tensor) -> Statistics:
    """Mean and unbiased covariance of rows [n, d], n ≥ 2; memory does not grow with n."""
    mean = torch.stack([block.double().sum(0) for block in torch.split(rows, 4096)]).sum(0) / len(rows)
    covariance = torch.zeros(rows.shape[1], rows.shape[1], dtype=torch.float64)
    for block in torch.split(rows, 4096):
        centred = block.double() - mean
        covariance.addmm_(centred.T, centred)
    return Statistics(mean, covariance / (len(rows) - 1))


def frechet_distance(one: Statistics, other: Statistics) -> float:
    """|μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½), at least 0 (Heusel et al. 2017, eq. 6)."""
    difference = (one.mean - other.mean).square().sum()
    traces = one.covariance.trace() + other.covariance.trace()
    return float((difference + traces - 2 * trace_of_root(one.covariance, other.covariance)).clamp_min(0.0))


def trace_of_root(a: Tensor, b: Tensor) -> Tensor:
    """tr (a b)^½ of positive semidefinite a and b [d, d], fp64.

    a b and Fᵀ b F have the same eigenvalues other than 0 for any F with F Fᵀ = a, and Fᵀ b F is symmetric: they are
    real, and what rounding made negative is 0.
    """
    lower = _cholesky(a)
    if lower is None:
        values, vectors = _spectrum(a)
        kept = values > _precision(a) * values.max()
        factor = vectors[:, kept] * values[kept].sqrt()
        product = factor.T @ b @ factor
    else:
        product = _congruent(lower, b)
    # Of a symmetric matrix the eigenvalues are computed from its lower triangle.
    eigenvalues: Tensor = torch.linalg.eigvalsh(product, UPLO="L")
    return eigenvalues.clamp_min(0.0).sqrt().sum()


def _spectrum(a: Tensor) -> tuple[Tensor, Tensor]:
    """The eigenvalues [d] and eigenvectors [d, d] of a positive semidefinite matrix."""
    try:
        values, vectors = torch.linalg.eigh(a)
    except torch.linalg.LinAlgError:
        # This happens now and then with the covariance of nearly equal features. The singular vectors are the same
        # ones, and are always found.
        vectors, values, _ = torch.linalg.svd(a)
    return values, vectors


def _cholesky(a: Tensor) -> Tensor | None:
    """The Cholesky factor of a, or None where a is singular up to rounding."""
    lower, failed = torch.linalg.cholesky_ex(a)
    pivots = lower.diagonal().square()
    return lower if not failed and pivots.min() > _precision(a) * pivots.max() else None


def _congruent(lower: Tensor, b: Tensor) -> Tensor:
    """Lᵀ b L for a lower triangular L, in its lower triangle and not throughout: a third of the plain products'
    work.
    """
    starts = range(0, len(b), BLOCK)
    half = torch.cat([b[:, start:] @ lower[start:, start : start + BLOCK] for start in starts], dim=1)
    product = torch.zeros_like(b)
    for start in starts:
        rows = slice(start, start + BLOCK)
        product[rows, : rows.stop] = lower[start:, rows].T @ half[start:, : rows.stop]
    return product


def _precision(a: Tensor) -> float:
    return len(a) * torch.finfo(a.dtype).eps


def _reference(evaluation: Evaluation, precision: str) -> Statistics:
    """The statistics of the real images, from the cache if they are there."""

    def compute() -> Arrays:
        found = statistics(features.of_reference(evaluation, precision))
        return {"mean": found.mean.numpy(), "covariance": found.covariance.numpy()}

    arrays = evaluation.once(
        f"fid.reference.{precision}", lambda: cached(features.key(evaluation, precision, "statistics"), compute)
    )
    return Statistics(torch.from_numpy(arrays["mean"]), torch.from_numpy(arrays["covariance"]))
