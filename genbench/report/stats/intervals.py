"""The interval of a difference that agrees with what was decided of it, whatever else was compared."""

from __future__ import annotations

import math
from typing import NamedTuple

from genbench.report.stats import statistics
from genbench.report.stats.adjustment import Test
from genbench.report.stats.statistics import LEVEL, NO_INTERVAL

ROOM = 1 + 1e-9
"""A level above a p by that factor excludes, whatever is rounded, what the test at that p excludes."""


class Decided(NamedTuple):
    """An interval and its level."""

    low: float
    high: float
    level: float
    """It is of 1 - level; NaN where there is none."""


NONE = Decided(*NO_INTERVAL, math.nan)


def deciding(test: Test, *, bonferroni: float, step: float, is_decided: bool) -> Decided:
    """The interval of the difference of scores that excludes 0 where Holm's procedure called it different, and nowhere
    else; none where not the scores decided, or where they have no spread.

    bonferroni: the level divided by the number of comparisons, at which intervals of all of them hold together. step:
    the level at which Holm's procedure came to this one. The interval is Bonferroni's wherever that agrees with the
    decision. It has the level of the step where only that decides. Where a permutation test does not agree with the t
    test it is as wide as it must be to reach 0.
    """
    a, b = test.pair.values
    if not test.of_scores or not test.pair.enough or not statistics.has_spread_between(a, b, paired=test.pair.paired):
        return NONE
    if math.isnan(test.p):  # a metric without a better direction: nothing is decided
        return _of(test, LEVEL)
    if is_decided:
        return _of(test, bonferroni if test.p * ROOM <= bonferroni else max(step, test.p * ROOM))
    found = _of(test, min(bonferroni, test.p))
    return found._replace(low=min(found.low, 0.0), high=max(found.high, 0.0))


def _of(test: Test, level: float) -> Decided:
    """The t interval that excludes 0 where the test rejects at a level."""
    pair = test.pair
    found = statistics.contrast(*pair.values, paired=pair.paired, level=level / test.times)
    return Decided(found.low, found.high, level)
