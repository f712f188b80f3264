"""One verdict: its fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from genbench.report.stats.outcomes import Better, Role

Word = Literal["better", "worse", "inconclusive", "equal", "no information", "none"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One contender against another on one metric of one data set."""

    dataset: str
    condition: str
    """The condition's settings; `mean of 12 conditions` where each seed's mean over them is compared; empty where
    nothing varies."""
    metric: str
    role: Role
    """primary: a verdict on the study's first metric that has a better direction; between equals any of these is
    `better` or `worse` in at most 5 % of studies. secondary: on any other metric, or under a single condition; for all
    of these together nothing is promised."""
    better: Better
    a: str
    b: str
    seeds: int
    """Seeds with a score that are compared: pairs, or the smaller of two numbers; where conditions vary, seeds that
    have a score under all of them."""
    test: str
    """What decides: `paired t`, `Welch's t`, `no spread` (all seeds of each alike, so that there is no t), `ranks`
    (trials without a score are ranked as the worst, a permutation test compares the seeds' mean ranks), `all against
    none` (every trial of one has a score and none of the other) or `none`."""
    difference: float
    """The mean of a minus the mean of b, of the seeds with a score."""
    low: float
    """The interval of the difference, of 1 - `level`. It excludes 0 where the verdict is `better` or `worse`, and
    nowhere else; missing where ranks decide, and where the seeds have no spread."""
    high: float
    level: float
    """0.05 divided by `comparisons` (Bonferroni: the intervals of all hold together in 95 % of studies); more where
    only the step of Holm's procedure decides, which is then its level; less, so that the interval reaches 0, where a
    permutation test does not agree with the t test. 0.05 of a metric without a better direction."""
    p: float
    """Two-sided, of the test; doubled where a trial has no score and both ranks and the seeds with a score were tested.
    """
    p_holm: float
    """Adjusted over all comparisons of the metric, on all data sets (`permutation.family_p`); decides, at 0.05."""
    comparisons: int
    """How many these are."""
    p_permutation: float
    """Of the same difference under exchanged labels: it assumes no shape of the spread, and with few seeds it cannot be
    small."""
    probability_of_improvement: float
    """The chance that a seed of a beats one of b, of the seeds with a score."""
    verdict: Word
    """On a. `no information`: every seed of both has the lowest number that the metric can be, or the highest. A trial
    that diverged, or finished with a number that is not finite, is worse than every one with a score.
    Where there is one, ranks decide, which takes four seeds of each to find a difference; or the seeds with a score,
    where who leads by them lost no larger share of its trials; between all and none three seeds do."""
    of_scored: Word
    """The verdict of only the seeds with a score; the same as `verdict` where every trial has one."""
    test_of_scored: str
    """The test of these, as `test` has it."""
    p_of_scored: float
    """What `p_holm` is of these."""
    low_of_scored: float
    """The interval that agrees with `of_scored`, as `low` does with `verdict`."""
    high_of_scored: float
    seeds_needed: int | None
    """Seeds at which the test would find a difference as large as this one in four of five studies, at the spread that
    was seen and the level that Holm's adjustment leaves to the smallest p; None where the verdict is not
    `inconclusive`, where ranks decide, or where 1,000 would not do."""
    why: str
    """What was compared with what and why so, or why there is no verdict."""
    trials_a: int
    """Trials of a that are a result, with a score or without; over all the conditions compared."""
    trials_b: int
    diverged_a: int
    """Those of them that diverged."""
    diverged_b: int
    unscored_a: int
    """Those that finished with a number that is not finite."""
    unscored_b: int
    missing_a: int
    """Trials of a that failed with an error or were interrupted: no result, and not counted."""
    missing_b: int
