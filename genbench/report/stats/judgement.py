"""Verdicts: which of two contenders is better on a metric, or whether nothing can be said, and what that rests on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from genbench.report.stats import statistics
from genbench.report.stats.outcomes import Family, families
from genbench.report.stats.pairing import ENOUGH, Comparison, compare
from genbench.report.stats.spreads import spreads
from genbench.report.stats.statistics import LEVEL, Contrast, Values
from genbench.report.stats.verdict import Verdict, Word, sentence

__all__ = ["Verdict", "by_condition", "frame", "sentence", "spreads", "verdicts"]

NAN = float("nan")


def verdicts(records: pd.DataFrame) -> list[Verdict]:
    """A verdict for every pair of contenders on every metric of every data set; over several conditions each seed
    counts with its mean.
    """
    found: list[Verdict] = []
    for family in families(records):
        found += _judge(family, [compare(family, a, b, family.conditions) for a, b in combinations(family.outcomes, 2)])
    return found


def by_condition(records: pd.DataFrame) -> list[Verdict]:
    """The same for each single condition, for every pair that was tried under it; adjusted over all pairs and
    conditions.
    """
    found: list[Verdict] = []
    for family in families(records):
        there = {
            condition: [name for name, places in family.outcomes.items() if condition in places]
            for condition in family.conditions
        }
        found += _judge(
            family,
            [
                compare(family, a, b, [condition])
                for condition, names in there.items()
                for a, b in combinations(names, 2)
            ],
        )
    return found


def frame(found: Sequence[Verdict]) -> pd.DataFrame:
    """Verdicts as a table, a row each and a column for every field."""
    return pd.DataFrame(
        [dataclasses.asdict(one) for one in found], columns=[f.name for f in dataclasses.fields(Verdict)]
    )


@dataclass(frozen=True, kw_only=True)
class _Tested:
    """A comparison, and what was found of it alone and beside all others of its family."""

    pair: Comparison
    contrast: Contrast | None
    """What its test found; None where there are too few seeds."""
    p_holm: float = NAN
    """The p of its test, adjusted over the family."""
    p_ranked: float = NAN
    """The p with the trials without a score (`_p_with_failures`), adjusted over the family."""


def _judge(family: Family, pairs: Sequence[Comparison]) -> list[Verdict]:
    """The verdicts on all comparisons of a family."""
    tested = [_tested(pair) for pair in pairs]
    if family.better == "neither":
        return [_described(family, one) for one in tested]
    level = LEVEL / max(sum(pair.enough for pair in pairs), 1)
    return [
        _with_failures(one, _decided(one, _described(family, one), family.better, level))
        for one in _ranked(_adjusted(tested))
    ]


def _tested(pair: Comparison) -> _Tested:
    return _Tested(pair=pair, contrast=statistics.contrast(*pair.values, paired=pair.paired) if pair.enough else None)


def _adjusted(tested: Sequence[_Tested]) -> list[_Tested]:
    """The comparisons with the family's adjusted p, those under one set of conditions relabelled together."""
    able = [one.pair for one in tested if one.contrast]
    blocks: dict[tuple[str, ...], dict[str, Mapping[int, float]]] = {}
    for pair in able:
        blocks.setdefault(pair.conditions, {}).update({pair.a: pair.of_a, pair.b: pair.of_b})
    common = {
        place: [seed for seed in next(iter(block.values())) if all(seed in one for one in block.values())]
        for place, block in blocks.items()
    }
    paired = all(pair.paired for pair in able) and all(len(seeds) >= ENOUGH for seeds in common.values())
    values = [
        [_array(one, common[place] if paired else one) for one in block.values()] for place, block in blocks.items()
    ]
    p = [one.contrast.p for one in tested if one.contrast]
    adjusted = iter(statistics.family_p(p, values, paired=paired).tolist())
    return [dataclasses.replace(one, p_holm=next(adjusted)) if one.contrast else one for one in tested]


def _ranked(tested: Sequence[_Tested]) -> list[_Tested]:
    """The comparisons with their adjusted p with the trials without a score."""
    found = [(one, _p_with_failures(one)) for one in tested]
    adjusted = iter(statistics.holm([p for _, p in found if p is not None]).tolist())
    return [one if p is None else dataclasses.replace(one, p_ranked=next(adjusted)) for one, p in found]


def _p_with_failures(one: _Tested) -> float | None:
    """The p of the ranks where trials without a score can change the verdict, elsewhere that of the test, if any."""
    if _has_losses(one.pair):
        return statistics.permutation_p(one.pair.ranks_a, one.pair.ranks_b, paired=False)
    return one.contrast.p if one.contrast else None


def _described(family: Family, one: _Tested) -> Verdict:
    """A comparison without a verdict: difference, interval, and why there is none."""
    pair, found = one.pair, one.contrast
    a, b = pair.values
    several = f"mean of {len(pair.conditions)} conditions"
    return Verdict(
        dataset=family.dataset,
        condition=several if len(pair.conditions) > 1 else "".join(pair.conditions),
        metric=family.metric,
        better=family.better,
        a=pair.a,
        b=pair.b,
        seeds=min(len(a), len(b)),
        test=("paired t" if pair.paired else "Welch's t") if found else "none",
        difference=found.difference if found else statistics.mean(a) - statistics.mean(b),
        low=found.low if found else NAN,
        high=found.high if found else NAN,
        p=NAN,
        p_holm=NAN,
        p_permutation=NAN,
        probability_of_improvement=NAN,
        verdict="none",
        seeds_needed=None,
        why=f"{family.metric} has no better direction" if found else pair.why,
        with_failures="none",
        failures_a=pair.lost_a,
        failures_b=pair.lost_b,
    )


def _decided(one: _Tested, described: Verdict, better: Literal["higher", "lower"], level: float) -> Verdict:
    """The verdict on a comparison that was tested; level: what Holm's adjustment leaves to the smallest p."""
    pair = one.pair
    if one.contrast is None:
        return described
    a, b = pair.values
    spread = statistics.has_spread_between(a, b, paired=pair.paired)
    equal = not spread and described.difference == 0
    word: Word = (
        "equal" if equal else _word(described.difference if better == "higher" else -described.difference, one.p_holm)
    )
    return dataclasses.replace(
        described,
        test=described.test if spread else "no spread",
        p=one.contrast.p,
        p_holm=one.p_holm,
        p_permutation=statistics.permutation_p(a, b, paired=pair.paired),
        probability_of_improvement=statistics.probability_of_improvement(a, b, better=better),
        verdict=word,
        seeds_needed=_needed(a, b, paired=pair.paired, level=level) if word == "inconclusive" else None,
        why=pair.why,
    )


def _with_failures(one: _Tested, found: Verdict) -> Verdict:
    """The verdict with the one that counts trials without a score as the worst."""
    word = _ranked_word(one.pair, one.p_ranked) if _has_losses(one.pair) else found.verdict
    return dataclasses.replace(found, with_failures=word)


def _word(lead: float, p: float) -> Word:
    if p > LEVEL:
        return "inconclusive"
    return "better" if lead > 0 else "worse"


def _needed(a: Values, b: Values, *, paired: bool, level: float) -> int | None:
    """Seeds that would find the difference that was seen, if there was one."""
    difference = statistics.mean(a) - statistics.mean(b)
    if difference == 0:
        return None
    if not statistics.has_spread_between(a, b, paired=paired):
        power = partial(statistics.spreadless_power, level=level)
    elif paired:
        power = partial(statistics.paired_power, difference, statistics.sd(a - b), level=level)
    else:
        power = partial(statistics.welch_power, difference, statistics.sd(a), statistics.sd(b), level=level)
    return statistics.seeds_to_settle(power, more_than=max(len(a), len(b)))


def _has_losses(pair: Comparison) -> bool:
    """Whether trials without a score can change the verdict: there are some, and seeds enough that ended under all
    conditions.
    """
    return pair.lost_a + pair.lost_b > 0 and min(len(pair.ranks_a), len(pair.ranks_b)) >= ENOUGH


def _ranked_word(pair: Comparison, p: float) -> Word:
    lead = statistics.mean(pair.ranks_a) - statistics.mean(pair.ranks_b)
    same = lead == 0 and not statistics.has_spread_between(pair.ranks_a, pair.ranks_b, paired=False)
    return "equal" if same else _word(lead, p)


def _array(scores: Mapping[int, float], seeds: Iterable[int]) -> Values:
    return np.array([scores[seed] for seed in seeds], dtype=float)
