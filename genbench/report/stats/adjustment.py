"""The tests of comparisons, and their p adjusted over all that a false verdict may be picked from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from genbench.report.stats import permutation, statistics
from genbench.report.stats.outcomes import base_name
from genbench.report.stats.pairing import ENOUGH, Comparison
from genbench.report.stats.statistics import LEVEL, Values

NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Test:
    """One test of a comparison."""

    pair: Comparison
    name: str
    """As `Verdict.test` has it."""
    p: float
    """Two-sided; NaN where there is nothing to test."""
    of_scores: bool
    """Whether it looks at the seeds with a score alone."""
    times: int = 1
    """By what its p is multiplied: 2 where it is the smaller of two."""


def of_scores(pair: Comparison) -> Test:
    """The t test of the seeds with a score."""
    if not pair.enough:
        return Test(pair=pair, name="none", p=NAN, of_scores=True)
    spread = statistics.has_spread_between(*pair.values, paired=pair.paired)
    name = ("paired t" if pair.paired else "Welch's t") if spread else "no spread"
    p = statistics.contrast(*pair.values, paired=pair.paired).p if pair.family.better != "neither" else NAN
    return Test(pair=pair, name=name, p=p, of_scores=True)


def of_results(pair: Comparison) -> Test:
    """The test of all results, those without a score being the worst; where all have one, the t test.

    Where all of one have a score and none of the other, that is tested. It is the most extreme that ranks can be: where
    their test can call anything different, it does so here, and where it cannot, only this one is left. Otherwise ranks
    are tested; and where the method whose scores lead lost no larger share of its trials, the scores too, and the
    smaller p is doubled: no method gains by a trial that diverges.
    """
    scored = of_scores(pair)
    if not pair.is_counted or pair.family.better == "neither":
        return scored
    if pair.is_all_or_none:
        return Test(pair=pair, name="all against none", p=statistics.all_or_none_p(pair.seeds_counted), of_scores=False)
    p = permutation.permutation_p(pair.ranks_a, pair.ranks_b, paired=False)
    ranks = Test(pair=pair, name="ranks", p=p, of_scores=False)
    if not pair.enough or pair.lead_of_scores * pair.lead_of_losses < 0:
        return ranks
    found = min(scored, ranks, key=lambda one: one.p)
    return replace(found, p=min(1.0, 2 * found.p), times=2)


def together(pairs: Sequence[Comparison]) -> list[list[int]]:
    """The places of comparisons that are adjusted together: all of primary metrics, and all of each other metric,
    whatever the data set.
    """
    found: dict[str, list[int]] = {}
    for number, pair in enumerate(pairs):
        name = "" if pair.family.role == "primary" else base_name(pair.family.metric)
        found.setdefault(name, []).append(number)
    return list(found.values())


def adjusted(tests: Sequence[Test]) -> list[float]:
    """The p of tests after Holm's adjustment over all of them, those of scores held to the permutation test that has to
    agree (`permutation.agreeing_p`).
    """
    able = [one for one in tests if not math.isnan(one.p)]
    p = statistics.holm([one.p for one in able]).tolist()
    scored = [one.pair for one in able if one.of_scores]
    if any(one.of_scores and value <= LEVEL for one, value in zip(able, p, strict=True)):
        agreeing = agreeing_p(scored)
        p = [max(value, agreeing) if one.of_scores else value for one, value in zip(able, p, strict=True)]
    found = iter(p)
    return [NAN if math.isnan(one.p) else next(found) for one in tests]


def agreeing_p(pairs: Sequence[Comparison]) -> float:
    """The p of the permutation test that has to agree with the t tests of pairs (`permutation.agreeing_p`), those under
    one set of conditions relabelled together.
    """
    blocks: dict[tuple[str, ...], dict[str, Mapping[int, float]]] = {}
    for pair in pairs:
        place = (pair.family.dataset, pair.family.metric, *pair.conditions)
        blocks.setdefault(place, {}).update({pair.a: pair.of_a, pair.b: pair.of_b})
    common = {
        place: [seed for seed in next(iter(block.values())) if all(seed in one for one in block.values())]
        for place, block in blocks.items()
    }
    paired = all(pair.paired for pair in pairs) and all(len(seeds) >= ENOUGH for seeds in common.values())
    values = [
        [_array(one, common[place] if paired else one) for one in block.values()] for place, block in blocks.items()
    ]
    return permutation.agreeing_p(values, paired=paired)


def _array(scores: Mapping[int, float], seeds: Iterable[int]) -> Values:
    return np.array([scores[seed] for seed in seeds], dtype=float)
