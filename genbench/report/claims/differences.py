"""Claims about two methods: one is better than others, or they differ by less than a margin."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from genbench.report.claims import selection
from genbench.report.claims.claim import Across, Better, Equal
from genbench.report.claims.evidence import Evidence, Nothing, bracketed
from genbench.report.stats import adjustment, hypotheses, judgement, statistics
from genbench.report.stats.adjustment import Test
from genbench.report.stats.outcomes import UNSCORED, Family, Outcomes
from genbench.report.stats.pairing import Comparison, compare
from genbench.report.stats.statistics import Interval


def better(claim: Better, records: pd.DataFrame) -> list[Evidence]:
    """A part for every other method on every data set."""
    found: list[Evidence] = []
    for other in claim.than:
        pair = (claim.better, other)
        for place in selection.places(claim, records, pair):
            compared = _compared(place, pair, claim.across)
            found.append(compared if isinstance(compared, Nothing) else contrast(compared, place.words))
    return found


def equal(claim: Equal, records: pd.DataFrame) -> list[Evidence]:
    """A part for every data set."""
    found: list[Evidence] = []
    for place in selection.places(claim, records, claim.equal):
        compared = _compared(place, claim.equal, claim.across)
        found.append(compared if isinstance(compared, Nothing) else _equivalence(compared, place.words, claim.within))
    return found


def contrast(pair: Comparison, where: str = "") -> Evidence:
    """The test of verdicts, its p on the side of who leads; where: words for the data set, behind the methods."""
    subject, contenders = f"{pair.a} against {pair.b}{where}", (pair.a, pair.b)
    tested = adjustment.of_results(pair)
    if math.isnan(tested.p):
        undirected = f"{pair.family.metric} has no better direction"
        why = undirected if pair.family.better == "neither" else pair.why
        return Nothing(subject=subject, contenders=contenders, conditions=pair.conditions, why=why)
    lead = pair.lead_of_scores if tested.of_scores else pair.lead_of_ranks
    a, b = pair.values
    return Contrast(
        subject=subject,
        contenders=contenders,
        conditions=pair.conditions,
        estimate=statistics.mean(a) - statistics.mean(b),
        p_held=tested.p if lead > 0 else 1.0,
        p_refuted=tested.p if lead < 0 else 1.0,
        seeds=min(len(a), len(b)) if tested.of_scores else pair.seeds_counted,
        comparison=pair if tested.of_scores else None,
        tested=tested,
    )


@dataclass(frozen=True, kw_only=True)
class Contrast(Evidence):
    """A difference of two methods, by the test that verdicts have."""

    tested: Test

    @property
    def bounds(self) -> tuple[float, ...]:
        """No difference."""
        return (0.0,)

    def interval(self, level: float) -> Interval:
        """Of the difference, two-sided; none where not the scores decide."""
        pair = self.tested.pair
        if not self.tested.of_scores or not _has_spread(pair):
            return statistics.NO_INTERVAL
        return Interval(*statistics.contrast(*pair.values, paired=pair.paired, level=level / self.tested.times)[1:3])

    def said(self, interval: Interval) -> str:
        """`fid: gram is lower than gan by 94.2 [37.4, 151] (paired t over 3 seeds)`."""
        pair = self.tested.pair
        lost = f"; {_losses(pair)}" if pair.ends_a.lost or pair.ends_b.lost else ""
        metric = _placed(pair, self.subject)
        basis = f"({self.tested.name}{_over(pair, self.seeds)})"
        if not self.tested.of_scores:
            behind = pair.b if pair.lead_of_ranks > 0 else pair.a
            return f"{metric}: {behind} ranks behind {pair.b if behind == pair.a else pair.a} {basis}{lost}"
        if self.estimate == 0:
            return f"{metric}: {pair.a} and {pair.b} are the same{bracketed(interval)} {basis}{lost}"
        if self.estimate < 0:
            interval = Interval(-interval.high, -interval.low)
        than = "lower" if self.estimate < 0 else "higher"
        size = f"{abs(self.estimate):.3g}{bracketed(interval)}"
        return f"{metric}: {pair.a} is {than} than {pair.b} by {size} {basis}{lost}"

    def seeds_to_settle(self, level: float) -> int | None:
        """As a verdict has it."""
        return judgement.seeds_needed(self.tested, level)


@dataclass(frozen=True, kw_only=True)
class Equivalence(Evidence):
    """A difference of two methods against a margin, by two one-sided tests."""

    pair: Comparison
    margin: float

    @property
    def bounds(self) -> tuple[float, ...]:
        """The margin on both sides."""
        return (-self.margin, self.margin)

    def interval(self, level: float) -> Interval:
        """Of the difference, of 1 - 2 level."""
        if not _has_spread(self.pair):
            return statistics.NO_INTERVAL
        found = statistics.estimated(*self.pair.values, paired=self.pair.paired)
        return hypotheses.equivalence_interval(*found, level)

    def said(self, interval: Interval) -> str:
        """`fid: gram less gan is 1.2 [-0.4, 2.8], the margin 5 (paired t over 3 seeds)`."""
        pair = self.pair
        test = ("paired t" if pair.paired else "Welch's t") if _has_spread(pair) else "no spread"
        return (
            f"{_placed(pair, self.subject)}: {pair.a} less {pair.b} is {self.estimate:.3g}{bracketed(interval)}, the"
            f" margin {self.margin:g} ({test}{_over(pair, self.seeds)})"
        )

    def seeds_to_settle(self, level: float) -> int | None:
        """By the power of both tests at the spread that was seen."""
        if not _has_spread(self.pair):
            return math.ceil(-math.log2(level))
        _, error, _ = statistics.estimated(*self.pair.values, paired=self.pair.paired)
        spread = error * self.seeds**0.5
        return hypotheses.equivalence_seeds(self.estimate, spread, self.margin, level, more_than=self.seeds)


def _compared(place: selection.Place, pair: tuple[str, str], across: Across) -> Comparison | Nothing:
    """Two methods beside each other, or why they cannot be."""
    subject = f"{pair[0]} against {pair[1]}{place.words}"
    if place.family is None:
        return Nothing(subject=subject, contenders=pair, why=place.why)
    family = place.family if across == "mean" else _ranges(place.family, pair)
    return compare(family, *pair, family.conditions)


def _equivalence(pair: Comparison, where: str, margin: float) -> Evidence:
    """Two one-sided tests; without any spread the chance that so many seeds fall on one side of the margin."""
    subject, contenders = f"{pair.a} against {pair.b}{where}", (pair.a, pair.b)
    lost = pair.ends_a.lost + pair.ends_b.lost
    if lost or not pair.enough:
        why = f"{_losses(pair)}, and a trial without a score is within no margin" if lost else pair.why
        return Nothing(subject=subject, contenders=contenders, conditions=pair.conditions, why=why)
    a, b = pair.values
    seeds = min(len(a), len(b))
    difference = statistics.mean(a) - statistics.mean(b)
    if _has_spread(pair):
        within, beyond = hypotheses.equivalence_p(*statistics.estimated(a, b, paired=pair.paired), margin)
    else:
        chance, is_within = hypotheses.one_side_p(seeds), abs(difference) < margin
        within, beyond = (chance, 1.0) if is_within else (1.0, chance)
    return Equivalence(
        subject=subject,
        contenders=contenders,
        conditions=pair.conditions,
        estimate=difference,
        p_held=within,
        p_refuted=beyond,
        seeds=seeds,
        pair=pair,
        margin=margin,
    )


def _ranges(family: Family, pair: tuple[str, str]) -> Family:
    """The family in which each seed counts with its largest score less its smallest over the conditions of both."""
    places = [name for name in family.conditions if all(name in family.outcomes[one] for one in pair)]
    outcomes = {one: {"": _range([family.outcomes[one][name] for name in places])} for one in pair}
    return replace(
        family,
        metric=f"range of {family.metric}",
        better="lower",
        conditions=("",) if places else (),
        outcomes=outcomes,
    )


def _range(places: list[Outcomes]) -> Outcomes:
    """Of every seed that was tried under all conditions; a trial without a score is worse than any range."""
    seeds = [seed for seed in places[0].statuses if all(seed in one.statuses for one in places)] if places else []
    order = ("failed", "interrupted", "diverged", UNSCORED, "finished")
    statuses = {seed: min((one.statuses[seed] for one in places), key=order.index) for seed in seeds}
    return Outcomes(
        statuses=statuses,
        scores={
            seed: float(np.ptp([one.scores[seed] for one in places]))
            for seed, status in statuses.items()
            if status == "finished"
        },
        starts={
            seed: " ".join(one.starts[seed] for one in places) if all(one.starts[seed] for one in places) else ""
            for seed in seeds
        },
        possible=math.nan,
    )


def _has_spread(pair: Comparison) -> bool:
    return statistics.has_spread_between(*pair.values, paired=pair.paired)


def _over(pair: Comparison, seeds: int) -> str:
    several = f", each the mean of {len(pair.conditions)} conditions" if len(pair.conditions) > 1 else ""
    return f" over {seeds} seeds{several}"


def _losses(pair: Comparison) -> str:
    parts = [
        f"{one.lost} of {one.trials} trials of {name}" for name, one in ((pair.a, pair.ends_a), (pair.b, pair.ends_b))
    ]
    return f"without a score are {' and '.join(parts)}"


def _placed(pair: Comparison, subject: str) -> str:
    """The metric, and the data set where the subject names it."""
    return pair.family.metric + subject.removeprefix(f"{pair.a} against {pair.b}")
