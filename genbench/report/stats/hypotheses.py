"""Tests of what is claimed: a share against a bound, a difference against a margin; and the levels of Holm's steps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy import stats

from genbench.report.stats import statistics
from genbench.report.stats.statistics import MOST_SEEDS, Interval


def holm_levels(p: Sequence[float], alpha: float) -> list[float]:
    """The level at which Holm's procedure tests each p, in their order: alpha over those that are left at its step.

    The steps end at the first that is not reached; all after it have its level. So an interval of that level excludes
    what its test rejects, and nothing else.
    """
    levels, level, reached = [0.0] * len(p), 0.0, True
    for step, number in enumerate(np.argsort(np.asarray(p, dtype=float), kind="stable").tolist()):
        level = alpha / (len(p) - step) if reached else level
        reached = reached and p[number] <= level
        levels[number] = level
    return levels


def share_p(count: int, total: int, bound: float) -> tuple[float, float]:
    """The p of "the share is not at least the bound" and of "it is not at most the bound", exact (Clopper and Pearson
    1934).
    """
    above, below = stats.binom.sf(count - 1, total, bound), stats.binom.cdf(count, total, bound)
    return float(above), float(below)


def share_interval(count: int, total: int, level: float) -> Interval:
    """Both bounds of a share that one-sided tests of that level leave (Clopper and Pearson 1934)."""
    found = stats.binomtest(count, total).proportion_ci(1 - 2 * level, method="exact")
    return Interval(float(found.low), float(found.high))


def share_trials(count: int, total: int, bound: float, level: float) -> int | None:
    """Trials after which the share that was seen would be told from the bound; None beyond 1,000 and at the bound."""
    for trials in range(total + 1, MOST_SEEDS + 1):
        if min(share_p(round(count / total * trials), trials, bound)) <= level:
            return trials
    return None


def one_side_p(seeds: int) -> float:
    """The chance that so many seeds fall on one side of a bound that is the median: the p of values without spread."""
    return float(0.5**seeds)


def equivalence_p(difference: float, error: float, df: float, margin: float) -> tuple[float, float]:
    """The p of "the difference is not within the margin", by two one-sided tests (Schuirmann 1987), and of "it is".

    error: the difference's standard error, which is not 0. The second is the largest chance, over differences within
    the margin, of one as far from zero as the one that was seen: that at the margin's edge.
    """
    distance = abs(difference)
    within = stats.t.sf((margin - distance) / error, df)
    beyond = stats.t.sf((distance - margin) / error, df) + stats.t.sf((distance + margin) / error, df)
    return float(within), float(min(beyond, 1.0))


def equivalence_interval(difference: float, error: float, df: float, level: float) -> Interval:
    """The interval of 1 - 2 level: it lies within the margin where both one-sided tests reject at that level."""
    margin = float(stats.t.isf(level, df) * error)
    return Interval(difference - margin, difference + margin)


def equivalence_seeds(difference: float, spread: float, margin: float, level: float, *, more_than: int) -> int | None:
    """Paired seeds that would find a difference of that size within the margin, or beyond it, in four of five studies.

    spread: the standard deviation of the seeds' differences, which is not 0.
    """
    power = partial(_equivalence_power, difference, spread, margin, level)
    return statistics.seeds_to_settle(power, more_than=max(more_than, 1))


def _equivalence_power(difference: float, spread: float, margin: float, level: float, seeds: int) -> float:
    """The chance that the interval lies on the side of the margin on which the difference does, nearly."""
    error, df = spread / seeds**0.5, seeds - 1
    quantile = float(stats.t.isf(level, df))
    room = (margin - abs(difference)) / error
    if room <= 0:
        return float(stats.t.cdf(-room - quantile, df))
    other = (margin + abs(difference)) / error
    return float(max(0.0, stats.t.cdf(room - quantile, df) + stats.t.cdf(other - quantile, df) - 1))
