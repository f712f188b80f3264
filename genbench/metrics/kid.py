"""`kid`: the Kernel Inception Distance, an unbiased MMD² of features under a cubic kernel."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from genbench.contract.hooks import hookimpl
from genbench.contract.metric import Evaluation, Metric
from genbench.metrics import features

SUBSETS, SUBSET = 100, 1000
"""Subsets whose MMD² is averaged, and images in each (Bińkowski et al. 2018, section 4)."""
SEED = 2020
"""Of the choice of subsets; torch-fidelity's."""


@hookimpl
def genbench_metrics() -> Iterable[Metric]:
    """`kid`."""
    return [
        Metric(
            name="kid",
            compute=kid,
            better="lower",
            accepts=features.accepts_images,
            about=(
                "Kernel Inception Distance: unbiased, so that it can be just below 0; mean over 100 subsets of 1000"
                " images"
            ),
            source="Bińkowski et al. 2018, arXiv:1801.01401, section 4",
            against="split",
            features="fp32",
        )
    ]


def kid(evaluation: Evaluation) -> float:
    """The KID between samples and real images; subsets are as large as the smaller set where it has fewer than 1000,
    and a warning says so.
    """
    fake, real = features.of_samples(evaluation, "fp32").features, features.of_reference(evaluation, "fp32")
    subset = min(SUBSET, len(fake), len(real))
    if subset < SUBSET:
        evaluation.warn(
            f"kid: subsets hold {subset} images, not {SUBSET}: there are {len(fake)} samples and {len(real)} real"
            " images"
        )
    return kernel_distance(fake, real, subsets=SUBSETS, subset=subset)


def kernel_distance(fake: Tensor, real: Tensor, *, subsets: int, subset: int) -> float:
    """The mean MMD² over random subsets of features [n, d] and [m, d], drawn with a fixed seed, samples' first."""
    random = np.random.RandomState(SEED)
    total = 0.0
    for _ in range(subsets):
        x = fake[torch.from_numpy(random.choice(len(fake), subset, replace=False))]
        y = real[torch.from_numpy(random.choice(len(real), subset, replace=False))]
        total += mmd2(x, y)
    return total / subsets


def mmd2(x: Tensor, y: Tensor) -> float:
    """The unbiased MMD² of rows [n, d] under the kernel (x·y / d + 1)³ (Gretton et al. 2012, eq. 3); n ≥ 2, sums in
    fp64.
    """
    n = len(x)
    within = sum(
        float(kernel.sum(dtype=torch.float64) - kernel.trace().double()) for kernel in (_cubic(x, x), _cubic(y, y))
    )
    between = float(_cubic(x, y).sum(dtype=torch.float64))
    return within / (n * (n - 1)) - 2 * between / (n * n)


def _cubic(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T).div_(x.shape[1]).add_(1).pow_(3)
