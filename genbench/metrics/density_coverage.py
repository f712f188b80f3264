"""`density` and `coverage`, how many samples lie among real images and how many real images have samples near them, and
their clipped forms, which read as shares of good samples.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from torch import Tensor

from genbench.contract.hooks import hookimpl
from genbench.contract.metric import Evaluation, Metric
from genbench.metrics import features, neighbourhoods
from genbench.metrics.neighbourhoods import DENSITY, Others

ROUNDING = 1e-9
"""Of a coverage."""

NAEEM = "Naeem et al. 2020, arXiv:2002.09797, section 3"
SALVY = "Salvy et al. 2025, arXiv:2507.01761, and their code, ab63967"


@hookimpl
def genbench_metrics() -> Iterable[Metric]:
    """`density`, `coverage`, `clipped_density` and `clipped_coverage`."""
    described = {
        "density": (
            density,
            "neighbourhoods of real images that a sample lies in, divided by 5: about 1 for real images, more where"
            " samples crowd together; a neighbourhood reaches to the 5th nearest other real image",
            NAEEM,
        ),
        "coverage": (
            coverage,
            "share of real images with a sample in their neighbourhood, 0 to 1; about 0.97 for as many real images",
            NAEEM,
        ),
        "clipped_density": (
            clipped_density,
            "density that no outlier can raise: reads as the share of samples that are good, 0 to 1",
            SALVY,
        ),
        "clipped_coverage": (
            clipped_coverage,
            "coverage that reads as the share of samples that would cover as much if all were real, 0 to 1",
            SALVY,
        ),
    }
    for name, (compute, about, source) in described.items():
        yield Metric(
            name=name,
            compute=compute,
            better="higher",
            lowest=0,
            highest=math.inf if name == "density" else 1,
            accepts=features.accepts_images,
            about=about,
            source=source,
            against="split",
            features="fp32",
        )


def density(evaluation: Evaluation) -> float:
    """The mean number of real images' neighbourhoods that a sample lies in, divided by 5; 0 to n / 5."""
    return density_of(neighbourhoods.of_evaluation(evaluation).within, len(evaluation.samples), _counted(evaluation))


def coverage(evaluation: Evaluation) -> float:
    """The share of real images with a sample in their neighbourhood, 0 to 1."""
    _counted(evaluation)
    return coverage_of(neighbourhoods.of_evaluation(evaluation).within)


def clipped_density(evaluation: Evaluation) -> float:
    """The clipped density, 0 to 1."""
    return clipped_density_of(
        neighbourhoods.of_evaluation(evaluation).around,
        neighbourhoods.of_reference(evaluation),
        _counted(evaluation),
    )


def clipped_coverage(evaluation: Evaluation) -> float:
    """The clipped coverage, 0 to 1."""
    return clipped_coverage_of(
        neighbourhoods.of_evaluation(evaluation).within, len(evaluation.samples), _counted(evaluation)
    )


def density_of(within: Tensor, samples: int, neighbours: int) -> float:
    """The density (Naeem et al. 2020, section 3) of the samples in every neighbourhood, [m]."""
    return float(within.sum()) / (neighbours * samples)


def coverage_of(within: Tensor) -> float:
    """The coverage (Naeem et al. 2020, section 3) of the samples in every neighbourhood, [m]."""
    return float((within > 0).double().mean())


def clipped_density_of(around: Tensor, others: Others, neighbours: int) -> float:
    """The mean over samples of min(1, neighbourhoods around it / k), divided by the same of the real images and at most
    1; of the clipped neighbourhoods around every sample, [n], and of what is near every real image.
    """
    distances, indices = others.distances[:, :neighbours], others.indices[:, :neighbours]
    kept = distances <= neighbourhoods.clipped(others.radii(neighbours)).unsqueeze(1)
    around_real = indices[kept].bincount(minlength=len(distances))
    share, ideal = (float((counts / neighbours).clamp_max(1).double().mean()) for counts in (around, around_real))
    return min(1.0, share / ideal)


def clipped_coverage_of(within: Tensor, samples: int, neighbours: int) -> float:
    """The mean over real images of min(1, samples in its neighbourhood / k), [m], as the share of the samples that
    would reach it if all of them were real images.
    """
    covered = float((within.clamp_max(neighbours) / neighbours).double().mean())
    ideal = expected_coverage(samples, len(within), neighbours)
    # In exact numbers some coverages are equal to an expected one, and are reached by it.
    return int(np.searchsorted(ideal, covered - ROUNDING)) / len(ideal)


def expected_coverage(samples: int, real: int, neighbours: int) -> np.ndarray:
    """E min(1, J / k) for 0 to n samples of the real images' own law, [n + 1]; 0 for fewer than k samples.

    J, the samples within the distance of a real image to its k-th nearest of m - 1 others, is beta-binomial with k and
    m - k: the neighbourhood's mass is an order statistic of uniform ones. E min(J, k) = k - Σ_{j<k} (k - j) P(J = j).
    """
    from scipy.stats import betabinom

    counts = np.arange(neighbours, samples + 1)
    lacking = sum(
        (neighbours - j) / neighbours * betabinom.pmf(j, counts, neighbours, real - neighbours)
        for j in range(neighbours)
    )
    return np.concatenate([np.zeros(neighbours), 1 - lacking])


def _counted(evaluation: Evaluation) -> int:
    """5, or all others where there are fewer, with a warning."""
    found = neighbourhoods.counted(evaluation, DENSITY)
    if found < DENSITY:
        evaluation.warn(f"density and coverage: {found + 1} images have fewer than {DENSITY} neighbours: all count")
    return found
