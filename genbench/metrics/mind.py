"""`mind`: the Monge Inception Distance, sliced optimal transport between features, for which few samples are enough."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from genbench.contract.hooks import hookimpl
from genbench.contract.metric import Evaluation, Metric
from genbench.metrics import features

DIRECTIONS = 1000
"""Random directions that features are projected on (Berthet et al. 2026)."""
SEED = 2020
"""Of the directions, and of which images are left out of the larger set; torch-fidelity's."""
PROJECTIONS = 2**23
"""Projected features in memory at once, of each set."""


@hookimpl
def genbench_metrics() -> Iterable[Metric]:
    """`mind`."""
    return [
        Metric(
            name="mind",
            compute=mind,
            better="lower",
            accepts=features.accepts_images,
            about=(
                "Monge Inception Distance: squared 2-Wasserstein distance of features along 1000 random directions,"
                " times 3 and their dimensions; 0: equal; 5,000 samples are enough"
            ),
            source="Berthet et al. 2026, arXiv:2605.06797; torch-fidelity a51aa64",
            against="split",
            features="fp32",
        )
    ]


def mind(evaluation: Evaluation) -> float:
    """The MIND between samples and real images, at least 0; as many of the larger set as the smaller one has are
    compared.
    """
    return monge_distance(features.of_samples(evaluation, "fp32").features, features.of_reference(evaluation, "fp32"))


def monge_distance(fake: Tensor, real: Tensor, directions: int = DIRECTIONS) -> float:
    """3 d times the mean over unit directions u of W₂² between the projections u·x and u·y of features [n, d] and
    [m, d].

    Between equally many points on a line the optimal transport joins the i-th of one set with the i-th of the other;
    of the larger set, images are drawn with a fixed seed. Sums in fp64; memory does not grow with the directions.
    """
    random = torch.Generator().manual_seed(SEED)
    count, dimensions = min(len(fake), len(real)), fake.shape[1]
    x, y = (
        rows if len(rows) == count else rows[torch.randperm(len(rows), generator=random)[:count]]
        for rows in (fake, real)
    )
    units = torch.nn.functional.normalize(torch.randn(directions, dimensions, generator=random)).double()
    total = torch.zeros((), dtype=torch.float64)
    for block in units.split(max(1, PROJECTIONS // count)):
        ordered = (_projected(rows, block).sort(dim=1).values for rows in (x, y))
        total += next(ordered).sub_(next(ordered)).square_().sum()
    return 3 * dimensions * float(total) / (directions * count)


def _projected(rows: Tensor, units: Tensor) -> Tensor:
    """u·x [k, n] of rows [n, d] and units [k, d], fp64, without a copy of all rows in fp64."""
    return torch.cat([units @ block.double().T for block in rows.split(4096)], dim=1)
