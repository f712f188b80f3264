"""Made-up studies of several metrics at once, whose truth is known: correlated laws, and the ring's own records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special, stats

from genbench.report.stats.statistics import Values

RING = ("modes", "modes_any", "high_quality", "mode_kl", "mmd")
"""The ring's metrics that have a better direction, the primary one first."""
RESULTS = Path(__file__).parents[2] / "results"
RECORDS = (RESULTS / "lottery" / "records.csv", RESULTS / "figure2" / "records.csv")
SETTINGS = ("dataset", "method", "settings.net.latent", "settings.net.width")
Law = Callable[[Values, Values], Values]
"""Values of one law from two independent standard normal ones of the same shape."""


def correlated(rng: np.random.Generator, correlation: Values, shape: tuple[int, ...]) -> Values:
    """Standard normal values [draws, metrics, contenders, seeds] of which those of one seed and contender correlate;
    shape: [draws, contenders, seeds].
    """
    root = np.linalg.cholesky(correlation)
    return np.moveaxis(rng.standard_normal((*shape, len(root))) @ root.T, -1, 1)


def _heavy(z: Values, _: Values) -> Values:
    u = special.ndtr(z)
    values: Values = (2 * u - 1) / np.sqrt(2 * u * (1 - u))  # the quantile of t with 2 degrees of freedom
    return values


LAWS: dict[str, Law] = {
    "normal": lambda z, _: z,
    "log-normal, skewed": lambda z, _: np.exp(z),
    "t, 2 df, heavy tails": _heavy,
    "collapses 1 in 2": lambda z, other: 0.05 * other - (z < 0),
    "8 modes, each lost 1 in 20": lambda z, _: 8.0 - stats.binom.ppf(special.ndtr(z), 8, 0.05),
}


def correlations() -> dict[str, Values]:
    """The matrices that are tried, by name."""
    even = {f"{r:g}": np.full((len(RING), len(RING)), r) + (1 - r) * np.eye(len(RING)) for r in (0.0, 0.5, 0.9)}
    return {**even, "the ring's": ring_correlation()}


def ring_correlation() -> Values:
    """Of the ring's metrics over seeds, within a method and its settings, of all committed records."""
    records = pd.concat([pd.read_csv(path, low_memory=False) for path in RECORDS])
    metrics = list(RING)
    of_seeds = records[metrics] - records.groupby(list(SETTINGS), dropna=False)[metrics].transform("mean")
    return of_seeds.corr().to_numpy()


def ring_rows(rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
    """Trials of the GAN on the ring, drawn with replacement from the committed ones, [draws, metrics, contenders,
    seeds]: all contenders are the GAN.
    """
    records = pd.read_csv(RECORDS[0], low_memory=False)
    rows = records.loc[records["method"] == "gan", list(RING)].to_numpy()
    return np.moveaxis(rows[rng.integers(len(rows), size=shape)], -1, 1)
