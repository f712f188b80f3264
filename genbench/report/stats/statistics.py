"""Statistics over training seeds: intervals, tests of a difference, corrections, and how many seeds it takes; every
distribution is scipy's.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Values = NDArray[np.floating[Any]]
"""One number for each seed, [seeds]."""

LEVEL = 0.05
"""Chance of calling equal things different, over a whole family of comparisons; intervals are of 95 %."""
RESAMPLES = 2000
"""Bootstrap samples."""
MOST_SEEDS = 1000
"""More seeds than that are not worth naming."""
ROUNDING = 1e-12
"""Numbers closer than that, relative to the largest, differ only by rounding."""


class Interval(NamedTuple):
    """Both ends of an interval; NaN where there is too little to have one."""

    low: float
    high: float


class Contrast(NamedTuple):
    """What a test found about a minus b."""

    difference: float
    low: float
    """The interval of the difference, of 95 % where nothing else is asked for, for only this comparison."""
    high: float
    p: float
    """Two-sided."""


NO_INTERVAL = Interval(float("nan"), float("nan"))


def mean(values: Values) -> float:
    """The mean; NaN of nothing."""
    return float(np.mean(values)) if len(values) else float("nan")


def sd(values: Values) -> float:
    """The sample standard deviation; NaN of fewer than two values."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def interquartile_mean(values: Values) -> float:
    """The mean of the middle half; of three values or fewer, of all (Agarwal et al. 2021, arXiv:2108.13264)."""
    return float(stats.trim_mean(values, 0.25)) if len(values) else float("nan")


def t_interval(values: Values) -> Interval:
    """The 95 % interval of the mean if the values are normal; of values without spread, their value."""
    if len(values) < 2:
        return NO_INTERVAL
    if not has_spread(values):
        return Interval(mean(values), mean(values))
    low, high = stats.t.interval(1 - LEVEL, len(values) - 1, loc=mean(values), scale=stats.sem(values))
    return Interval(float(low), float(high))


def bootstrap_interval(values: Values) -> Interval:
    """The 95 % interval of the mean by the bias-corrected and accelerated bootstrap (Efron 1987), the same at every
    call.

    It never reaches beyond the smallest and the largest value, so of three values it covers far less than 95 %.
    """
    if len(values) < 2:
        return NO_INTERVAL
    if not has_spread(values):
        return Interval(mean(values), mean(values))
    found = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=1 - LEVEL,
        method="BCa",
        rng=np.random.default_rng(0),
    )
    return Interval(float(found.confidence_interval.low), float(found.confidence_interval.high))


def wilson(count: int, total: int) -> Interval:
    """The 95 % interval of a rate of which `count` in `total` were seen (Wilson 1927)."""
    if total == 0:
        return NO_INTERVAL
    found = stats.binomtest(count, total).proportion_ci(1 - LEVEL, method="wilson")
    return Interval(float(found.low), float(found.high))


def has_spread(values: Values) -> bool:
    """Whether values differ by more than rounding."""
    return bool(np.ptp(values) > ROUNDING * np.max(np.abs(values)))


def has_spread_between(a: Values, b: Values, *, paired: bool) -> bool:
    """Whether there is a spread to judge a difference by: of the paired differences, or within either of the two."""
    if paired:
        return bool(np.ptp(a - b) > ROUNDING * largest(a, b))
    return has_spread(a) or has_spread(b)


def largest(*groups: Values) -> float:
    """The largest absolute value."""
    return float(max(np.max(np.abs(values)) for values in groups))


def contrast(a: Values, b: Values, *, paired: bool, level: float = LEVEL) -> Contrast:
    """The t test of the difference of means: of paired values, seed by seed, or Welch's, which lets the spreads differ;
    its interval is of 1 - level.

    Values without any spread have no t. Then p is 1 where they are equal, and else `all_or_none_p`.
    """
    if not has_spread_between(a, b, paired=paired):
        difference = mean(a) - mean(b)
        if abs(difference) <= ROUNDING * largest(a, b):
            return Contrast(0.0, 0.0, 0.0, 1.0)
        return Contrast(difference, difference, difference, all_or_none_p(min(len(a), len(b))))
    difference, error, df = estimated(a, b, paired=paired)
    margin = stats.t.isf(level / 2, df) * error
    return Contrast(
        difference,
        float(difference - margin),
        float(difference + margin),
        float(2 * stats.t.sf(abs(difference) / error, df)),
    )


def estimated(a: Values, b: Values, *, paired: bool) -> tuple[float, float, float]:
    """The difference of means, its standard error and the degrees of freedom of that."""
    if paired:
        return mean(a - b), sd(a - b) / len(a) ** 0.5, len(a) - 1.0
    return mean(a) - mean(b), *_welch(sd(a), sd(b), len(a), len(b))


def all_or_none_p(seeds: int) -> float:
    """The p of n seeds of one method that all have the first of two outcomes and n of another that all have the second,
    2/4^n: no law of two outcomes gives that, or the reverse, with a larger chance (Barnard 1945, at complete
    separation).
    """
    return 2.0 / 4.0**seeds


def holm(p: Sequence[float] | Values) -> Values:
    """The p of a family of comparisons, adjusted so that one of them is at most LEVEL by chance with that probability
    (Holm 1979).
    """
    p = np.asarray(p, dtype=float)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return adjusted


def probability_of_improvement(a: Values, b: Values, *, better: Literal["higher", "lower"]) -> float:
    """The chance that a seed of a beats one of b, ties counting half: Mann and Whitney's U over n·m (Agarwal et al.
    2021, arXiv:2108.13264).
    """
    lead = (a[:, None] - b[None, :]) * (1 if better == "higher" else -1)
    return float(np.mean((lead > 0) + 0.5 * (lead == 0)))


def paired_power(difference: float, spread: float, seeds: int, level: float = LEVEL) -> float:
    """The chance that the paired t test finds a difference and its sign; spread: the standard deviation of the
    differences of the seeds.
    """
    return _power(difference / spread * np.sqrt(seeds), seeds - 1, level)


def welch_power(difference: float, spread_a: float, spread_b: float, seeds: int, level: float = LEVEL) -> float:
    """The chance that Welch's t test with so many seeds of each finds a difference of means and its sign."""
    error, df = _welch(spread_a, spread_b, seeds, seeds)
    return _power(difference / error, df, level)


def spreadless_power(seeds: int, level: float = LEVEL) -> float:
    """The same where there is no spread: all or nothing."""
    return float(all_or_none_p(seeds) <= level)


def seeds_to_settle(power: Callable[[int], float], *, more_than: int, chance: float = 0.8) -> int | None:
    """The smallest number of seeds above `more_than` that has the given power; None beyond 1,000."""
    numbers = range(more_than + 1, MOST_SEEDS + 1)
    place = bisect_left(numbers, chance, key=power)
    return numbers[place] if place < len(numbers) else None


def _welch(spread_a: float, spread_b: float, seeds_a: int, seeds_b: int) -> tuple[float, float]:
    """The standard error of a difference of means and its degrees of freedom (Welch 1947)."""
    a, b = spread_a**2 / seeds_a, spread_b**2 / seeds_b
    return (a + b) ** 0.5, (a + b) ** 2 / (a**2 / (seeds_a - 1) + b**2 / (seeds_b - 1))


def _power(noncentrality: float, df: float, level: float) -> float:
    """Of the two-sided t test on the side of the true difference: the other side is no success, and scipy 1.17 has NaN
    for it.
    """
    return float(stats.nct.sf(-special.stdtrit(df, level / 2), df, abs(noncentrality)))
