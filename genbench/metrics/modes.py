"""Metrics for data that are a known mixture: modes found, samples near a mode, balance, MMD, outliers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from genbench.contract.dataset import Splits
from genbench.contract.hooks import hookimpl
from genbench.contract.metric import Evaluation, Metric
from genbench.kernels import mixture, squared_distances

NEAR = 3.0
"""A sample within so many standard deviations of a mode is of high quality (Srivastava et al. 2017)."""
HELD = 0.01
"""The share of all samples, near one mode, from which on the mode counts as held."""
MMD_WIDTHS = (0.1, 0.5)
"""In units of the mixture's radius."""
BLOCK = 2**19
"""Kernel values computed at once: few enough for the cache of a processor."""
ROWS = 250
"""Rows of a set that are compared at once with those after them."""

VEEGAN = "Srivastava et al. 2017, VEEGAN, arXiv:1705.07761"


@hookimpl
def genbench_metrics() -> Iterable[Metric]:
    """The metrics for mixtures."""
    return [
        Metric(
            name="modes",
            compute=modes,
            better="higher",
            lowest=0,
            accepts=_mixtures_only,
            about="modes that hold at least 1 % of all samples as high-quality ones",
        ),
        Metric(
            name="modes_any",
            compute=modes_any,
            better="higher",
            lowest=0,
            accepts=_mixtures_only,
            about="modes with at least one high-quality sample",
            source=VEEGAN,
        ),
        Metric(
            name="high_quality",
            compute=high_quality,
            better="higher",
            lowest=0,
            highest=1,
            accepts=_mixtures_only,
            about="share of samples within 3 standard deviations of the nearest mode",
            source=VEEGAN,
        ),
        Metric(
            name="mode_kl",
            compute=mode_kl,
            better="lower",
            accepts=_mixtures_only,
            about="KL divergence of the histogram of nearest modes to the uniform one, nats",
        ),
        Metric(
            name="mmd",
            compute=mmd,
            better="lower",
            accepts=_mixtures_only,
            about="MMD to held-out points, Gaussian kernels of width 0.1 and 0.5 of the radius",
            source="Gretton et al. 2012, A Kernel Two-Sample Test, eq. 5",
        ),
        Metric(
            name="max_abs",
            compute=max_abs,
            better="neither",
            accepts=_mixtures_only,
            about="largest absolute coordinate of any sample",
        ),
    ]


def modes(evaluation: Evaluation) -> float:
    """The number of modes that hold at least 1 % of all samples as high-quality ones."""
    assignment = _assignment(evaluation)
    return float((assignment.near.double() / assignment.samples >= HELD).sum())


def modes_any(evaluation: Evaluation) -> float:
    """The number of modes with at least one high-quality sample."""
    return float((_assignment(evaluation).near > 0).sum())


def high_quality(evaluation: Evaluation) -> float:
    """The share of samples within 3 standard deviations of the nearest mode, 0 to 1."""
    assignment = _assignment(evaluation)
    return float(assignment.near.sum()) / assignment.samples


def mode_kl(evaluation: Evaluation) -> float:
    """KL(histogram of nearest modes || uniform) in nats, 0 to log(modes); NaN if a sample is not finite: it has no
    nearest mode.
    """
    assignment = _assignment(evaluation)
    if int(assignment.nearest.sum()) < assignment.samples:
        return math.nan
    shares = assignment.nearest.double() / assignment.samples
    return float(torch.xlogy(shares, shares * len(shares)).sum().clamp_min(0.0))


def mmd(evaluation: Evaluation) -> float:
    """The MMD between the samples and as many held-out points, 0 to sqrt(2); NaN if a sample is not finite.

    The square root of the biased MMD² under an equal mixture of Gaussian kernels.
    """
    truth = evaluation.splits.mixture
    assert truth is not None
    fake = evaluation.samples.double()
    real = evaluation.splits.test[: len(fake)].double()
    widths = [width * truth.radius for width in MMD_WIDTHS]
    mmd2 = _mean_self_kernel(fake, widths) - 2 * _mean_kernel(fake, real, widths) + _mean_self_kernel(real, widths)
    return float((mmd2 / len(widths)).clamp_min(0.0).sqrt())


def max_abs(evaluation: Evaluation) -> float:
    """The largest absolute coordinate of any sample; infinite or NaN if one is."""
    return float(evaluation.samples.abs().max())


@dataclass(frozen=True)
class _Assignment:
    """How the samples fall to the modes; a sample that is not finite falls to none."""

    samples: int
    nearest: Tensor
    """Finite samples per nearest mode, [modes]."""
    near: Tensor
    """High-quality samples per nearest mode, [modes]."""


def _assignment(evaluation: Evaluation) -> _Assignment:
    def assign() -> _Assignment:
        truth = evaluation.splits.mixture
        assert truth is not None
        count = len(truth.centres)
        finite = evaluation.samples[evaluation.samples.isfinite().all(1)]
        distances, nearest = squared_distances(finite, truth.centres).min(1)
        near = nearest[distances <= (NEAR * truth.std) ** 2]
        return _Assignment(len(evaluation.samples), nearest.bincount(minlength=count), near.bincount(minlength=count))

    found: _Assignment = evaluation.once("modes.assignment", assign)
    return found


def _mean_kernel(x: Tensor, y: Tensor, widths: list[float]) -> Tensor:
    """The mean over all pairs of rows of the sum of kernels, in blocks of rows: memory does not grow with the pairs."""
    rows = max(1, BLOCK // max(1, len(y)))
    total = torch.stack([mixture(squared_distances(block, y), widths).sum() for block in torch.split(x, rows)]).sum()
    return total / (len(x) * len(y))


def _mean_self_kernel(x: Tensor, widths: list[float]) -> Tensor:
    """The mean over all pairs of rows of one set: those above the diagonal count twice, and those below are not
    computed.
    """
    parts, after = [], 0
    for block in torch.split(x, ROWS):
        after += len(block)
        parts.append(
            mixture(squared_distances(block, block), widths).sum()
            + 2 * mixture(squared_distances(block, x[after:]), widths).sum()
        )
    return torch.stack(parts).sum() / len(x) ** 2


def _mixtures_only(splits: Splits) -> str:
    return "" if splits.mixture is not None else "its modes are not known: it is not a mixture"
