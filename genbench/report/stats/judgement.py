"""Verdicts: which of two contenders is better on a metric, or whether nothing can be said, and what that rests on."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Literal

import pandas as pd

from genbench.report.stats import adjustment, hypotheses, intervals, statistics
from genbench.report.stats.adjustment import Test
from genbench.report.stats.intervals import Decided
from genbench.report.stats.outcomes import Family, families, is_extreme
from genbench.report.stats.pairing import Comparison, compare
from genbench.report.stats.permutation import permutation_p
from genbench.report.stats.sentence import failure, headline, losses, sentence
from genbench.report.stats.spreads import spreads
from genbench.report.stats.statistics import LEVEL, Values
from genbench.report.stats.verdict import Verdict, Word

__all__ = [
    "Verdict",
    "by_condition",
    "failure",
    "frame",
    "headline",
    "judge",
    "losses",
    "of_pairs",
    "sentence",
    "spreads",
    "verdicts",
]

NAN = float("nan")


def verdicts(records: pd.DataFrame, *, level: float = LEVEL) -> list[Verdict]:
    """A verdict for every pair of contenders on every metric of every data set; over several conditions each seed
    counts with its mean. level: what adjusted p must be at most, for a study with several looks that of the last.
    """
    return judge(list(families(records)), level=level)


def judge(found: Sequence[Family], *, level: float = LEVEL) -> list[Verdict]:
    """The same of outcomes."""
    return of_pairs(
        [compare(family, a, b, family.conditions) for family in found for a, b in combinations(family.outcomes, 2)],
        level=level,
    )


def by_condition(records: pd.DataFrame, *, level: float = LEVEL) -> list[Verdict]:
    """The same for each single condition, for every pair that was tried under it; adjusted over all pairs and
    conditions, and secondary all of them.
    """
    pairs = []
    for family in (dataclasses.replace(one, role="secondary") for one in families(records)):
        for condition in family.conditions:
            names = [name for name, places in family.outcomes.items() if condition in places]
            pairs += [compare(family, a, b, [condition]) for a, b in combinations(names, 2)]
    return of_pairs(pairs, level=level)


def frame(found: Sequence[Verdict]) -> pd.DataFrame:
    """Verdicts as a table, a row each and a column for every field."""
    return pd.DataFrame(
        [dataclasses.asdict(one) for one in found], columns=[f.name for f in dataclasses.fields(Verdict)]
    )


@dataclass(frozen=True, kw_only=True)
class _Tested:
    """A test and its p beside those of all comparisons that it is adjusted with."""

    test: Test
    p_holm: float
    comparisons: int
    """How many these are."""
    whole: float
    """What adjusted p must be at most."""
    step: float
    """The level at which Holm's procedure came to this one."""

    @property
    def level(self) -> float:
        """What Holm's adjustment leaves to the smallest p."""
        return self.whole / max(self.comparisons, 1)

    @property
    def interval(self) -> Decided:
        """The interval that agrees with what was decided."""
        return intervals.deciding(
            self.test, bonferroni=self.level, step=self.step, is_decided=self.p_holm <= self.whole
        )


def of_pairs(pairs: Sequence[Comparison], *, level: float = LEVEL) -> list[Verdict]:
    """The verdicts on comparisons, in their order."""
    found: list[Verdict | None] = [None] * len(pairs)
    for numbers in adjustment.together(pairs):
        own = [pairs[number] for number in numbers]
        of_results = _adjusted([adjustment.of_results(pair) for pair in own], level)
        counted = any(pair.is_counted for pair in own)
        of_scores = _adjusted([adjustment.of_scores(pair) for pair in own], level) if counted else of_results
        for number, result, scored in zip(numbers, of_results, of_scores, strict=True):
            found[number] = _verdict(result, scored if pairs[number].is_counted else result)
    return [one for one in found if one is not None]


def _adjusted(tests: Sequence[Test], level: float) -> list[_Tested]:
    able = [one.p for one in tests if not math.isnan(one.p)]
    steps = iter(hypotheses.holm_levels(able, level))
    return [
        _Tested(
            test=test,
            p_holm=p,
            comparisons=len(able),
            whole=level,
            step=NAN if math.isnan(test.p) else next(steps),
        )
        for test, p in zip(tests, adjustment.adjusted(tests), strict=True)
    ]


def _verdict(result: _Tested, scored: _Tested) -> Verdict:
    """The verdict on a comparison; result: the test that decides, scored: that of the seeds with a score."""
    pair, family = result.test.pair, result.test.pair.family
    a, b = pair.values
    found = statistics.contrast(a, b, paired=pair.paired) if pair.enough else None
    has_p = found is not None and family.better != "neither"
    word = _word_of_scores(result) if result.test.of_scores else _word(pair.lead_of_ranks, result)
    interval, of_scored = result.interval, scored.interval
    return Verdict(
        dataset=family.dataset,
        condition=_place(pair),
        metric=family.metric,
        role=family.role,
        better=family.better,
        a=pair.a,
        b=pair.b,
        seeds=min(len(a), len(b)),
        test=result.test.name,
        difference=found.difference if found else statistics.mean(a) - statistics.mean(b),
        low=interval.low,
        high=interval.high,
        level=interval.level,
        p=result.test.p,
        p_holm=result.p_holm,
        comparisons=result.comparisons,
        p_permutation=permutation_p(a, b, paired=pair.paired) if has_p else NAN,
        probability_of_improvement=_probability(a, b, family.better) if has_p else NAN,
        verdict=word,
        of_scored=_word_of_scores(scored),
        test_of_scored=scored.test.name,
        p_of_scored=scored.p_holm,
        low_of_scored=of_scored.low,
        high_of_scored=of_scored.high,
        seeds_needed=seeds_needed(result.test, result.level) if word == "inconclusive" else None,
        why=_why(result.test),
        trials_a=pair.ends_a.trials,
        trials_b=pair.ends_b.trials,
        diverged_a=pair.ends_a.diverged,
        diverged_b=pair.ends_b.diverged,
        unscored_a=pair.ends_a.unscored,
        unscored_b=pair.ends_b.unscored,
        missing_a=pair.ends_a.missing,
        missing_b=pair.ends_b.missing,
    )


def _place(pair: Comparison) -> str:
    return f"mean of {len(pair.conditions)} conditions" if len(pair.conditions) > 1 else "".join(pair.conditions)


def _why(test: Test) -> str:
    if test.name == "all against none":
        return "all trials of one have a score and none of the other"
    if test.name == "ranks":
        return "trials without a score are ranked as the worst"
    return f"{test.pair.family.metric} has no better direction" if _is_undirected(test) else test.pair.why


def _is_undirected(test: Test) -> bool:
    return test.pair.enough and test.pair.family.better == "neither"


def _word_of_scores(one: _Tested) -> Word:
    """What the seeds with a score say."""
    if math.isnan(one.test.p):
        return "none"
    if one.test.name == "no spread" and statistics.contrast(*one.test.pair.values, paired=one.test.pair.paired).p == 1:
        pair = one.test.pair
        return "no information" if is_extreme(pair.family, (pair.a, pair.b)) else "equal"
    return _word(one.test.pair.lead_of_scores, one)


def _word(lead: float, one: _Tested) -> Word:
    if one.p_holm > one.whole:
        return "inconclusive"
    return "better" if lead > 0 else "worse"


def _probability(a: Values, b: Values, better: str) -> float:
    sign: Literal["higher", "lower"] = "higher" if better == "higher" else "lower"
    return statistics.probability_of_improvement(a, b, better=sign)


def seeds_needed(test: Test, level: float) -> int | None:
    """Seeds at which a test at that level would find the difference that was seen, if there was one; None where ranks
    decide.
    """
    pair = test.pair
    level = level / test.times
    if test.name == "ranks":
        return None
    if test.name in ("all against none", "no spread"):
        power = partial(statistics.spreadless_power, level=level)
        return statistics.seeds_to_settle(power, more_than=pair.seeds_counted)
    a, b = pair.values
    difference = statistics.mean(a) - statistics.mean(b)
    if difference == 0:
        return None
    if pair.paired:
        power = partial(statistics.paired_power, difference, statistics.sd(a - b), level=level)
    else:
        power = partial(statistics.welch_power, difference, statistics.sd(a), statistics.sd(b), level=level)
    return statistics.seeds_to_settle(power, more_than=max(len(a), len(b)))
