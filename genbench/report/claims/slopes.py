"""Claims about a trend: a score that rises, falls or hardly changes from one value of a setting to the next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from genbench.report.claims import selection
from genbench.report.claims.claim import Trend
from genbench.report.claims.evidence import Evidence, Nothing, bracketed
from genbench.report.stats import contenders, hypotheses, statistics
from genbench.report.stats.outcomes import Better, Outcomes
from genbench.report.stats.pairing import ENOUGH
from genbench.report.stats.permutation import agreeing_p
from genbench.report.stats.statistics import Interval, Values


def trend(claim: Trend, records: pd.DataFrame) -> list[Evidence]:
    """A part for every method on every data set."""
    return [_slope(claim, label, place) for label in claim.of for place in selection.places(claim, records, (label,))]


@dataclass(frozen=True, kw_only=True)
class Slope(Evidence):
    """The mean over seeds of the change from one value of a setting to the next."""

    slopes: Values
    """One for each seed: that of the straight line through its scores over the places of the values, 1, 2, 3, …."""
    what: str
    """Of what: `modes`, or `the rank of modes` where trials have no score."""
    steps: str
    """The setting and its values: `net.width (20, 100, 200)`."""
    margin: float
    """0 where it is claimed to rise or to fall."""

    @property
    def bounds(self) -> tuple[float, ...]:
        """No change, or the margin on both sides."""
        return (-self.margin, self.margin) if self.margin else (0.0,)

    def interval(self, level: float) -> Interval:
        """Of the mean slope: of 1 - level, or of 1 - 2 level beside a margin."""
        if not statistics.has_spread(self.slopes):
            return statistics.NO_INTERVAL
        level = level if self.margin else level / 2
        return hypotheses.equivalence_interval(*_estimated(self.slopes), level)

    def said(self, interval: Interval) -> str:
        """`modes: gan falls by 3.2 [1.4, 5] a step of net.width (20, 100, 200) (t over 3 seeds)`."""
        rises = self.estimate >= 0
        if not rises:
            interval = Interval(-interval.high, -interval.low)
        margin = f", the margin {self.margin:g}" if self.margin else ""
        return (
            f"{self.what}: {self.subject} {'rises' if rises else 'falls'} by {abs(self.estimate):.3g}"
            f"{bracketed(interval)} a step of {self.steps}{margin} (t over {self.seeds} seeds)"
        )

    def seeds_to_settle(self, level: float) -> int | None:
        """By the power of the t test at the spread that was seen."""
        if not statistics.has_spread(self.slopes):
            return math.ceil(-math.log2(level if self.margin else level / 2))
        spread = statistics.sd(self.slopes)
        if self.margin:
            found = hypotheses.equivalence_seeds(self.estimate, spread, self.margin, level, more_than=self.seeds)
            return found
        if self.estimate == 0:
            return None
        return statistics.seeds_to_settle(
            lambda seeds: statistics.paired_power(self.estimate, spread, seeds, level), more_than=self.seeds
        )


def _slope(claim: Trend, label: str, place: selection.Place) -> Evidence:
    subject, conditions = f"{label}{place.words}", place.family.conditions if place.family else ()
    values = _values(claim, label, place.records) if place.family else place.why
    if place.family is None or isinstance(values, str):
        return Nothing(subject=subject, contenders=(label,), conditions=conditions, why=str(values))
    blocks = _blocks(claim, label, place, values)
    is_ranked = any(len(one.results) > len(one.scores) for block in blocks for one in block)
    if is_ranked and place.family.better == "neither":
        why = f"there are trials without a score, and {claim.on} has no better direction"
        return Nothing(subject=subject, contenders=(label,), conditions=conditions, why=why)
    slopes = np.array(_slopes(blocks, place.family.better if is_ranked else None), dtype=float)
    if len(slopes) < ENOUGH:
        why = f"too few seeds have ended under every value of {claim.setting}: {len(slopes)}, where {ENOUGH} are needed"
        return Nothing(subject=subject, contenders=(label,), conditions=conditions, why=why)
    held, refuted = _p(slopes, claim)
    return Slope(
        subject=subject,
        contenders=(label,),
        conditions=conditions,
        estimate=statistics.mean(slopes),
        p_held=held,
        p_refuted=refuted,
        seeds=len(slopes),
        slopes=slopes,
        what=f"the rank of {claim.on}" if is_ranked else claim.on,
        steps=f"{claim.setting} ({', '.join(map(_shown, values))})",
        margin=claim.within,
    )


def _values(claim: Trend, label: str, records: pd.DataFrame) -> list[Any] | str:
    """The setting's values in their order, or why there is none."""
    name = selection.column(claim.setting, label.partition("/")[0])
    if name not in records:
        return f"{label} has no setting {claim.setting}"
    found = [value for value in records[name].drop_duplicates() if not pd.isna(value)]
    listed = claim.where.get(claim.setting, ())
    if len(found) < 2:
        return f"its trials have one value of {claim.setting}" if found else f"{label} has no {claim.setting}"
    if len(listed) > 1:
        return [value for value in listed if selection.position(found, value) is not None]
    if not all(isinstance(value, int | float) for value in found):
        return f"the values of {claim.setting} are no numbers; 'where' can list them in their order"
    return sorted(found)


def _blocks(claim: Trend, label: str, place: selection.Place, values: Sequence[Any]) -> list[list[Outcomes]]:
    """For every other setting that all values were tried under the outcomes of each value, in their order."""
    assert place.family is not None
    name = selection.column(claim.setting, label.partition("/")[0])
    named = contenders.name(place.records, whole_methods=True)
    others = [column for column in named.shared if column != name]
    cells: dict[tuple[str, ...], dict[int, Outcomes]] = {}
    for row in named.records.to_dict("records"):
        step, outcomes = selection.position(values, row[name]), place.family.outcomes[label].get(row["condition"])
        if step is not None and outcomes is not None:
            cells.setdefault(tuple(str(row[column]) for column in others), {})[step] = outcomes
    return [[cell[step] for step in range(len(values))] for cell in cells.values() if len(cell) == len(values)]


def _slopes(blocks: Sequence[Sequence[Outcomes]], better: Better | None) -> list[float]:
    """For every seed that is a result everywhere the mean over blocks of the slope of its scores over the steps.

    better: rank all scores of a seed, and those it lacks as the worst; None: take them as they are.
    """
    if not blocks:
        return []
    steps = np.arange(len(blocks[0]), dtype=float) - (len(blocks[0]) - 1) / 2
    seeds = [seed for seed in blocks[0][0].results if all(seed in one.results for block in blocks for one in block)]
    found = []
    for seed in seeds:
        worst = -math.inf if better == "higher" else math.inf
        scores = np.array([[one.scores.get(seed, worst) for one in block] for block in blocks])
        if better:
            scores = stats.rankdata(scores).reshape(scores.shape)
        found.append(float(scores.mean(axis=0) @ steps / (steps @ steps)))
    return found


def _p(slopes: Values, claim: Trend) -> tuple[float, float]:
    """The p of "it is not so" and of "it is so": of the t test, and where it has room no smaller than that of exchanged
    signs; without any spread the chance that so many seeds go one way.
    """
    estimate = statistics.mean(slopes)
    if claim.direction == "steady":
        if statistics.has_spread(slopes):
            return hypotheses.equivalence_p(*_estimated(slopes), claim.within)
        chance = hypotheses.one_side_p(len(slopes))
        return (chance, 1.0) if abs(estimate) < claim.within else (1.0, chance)
    if statistics.has_spread(slopes):
        p = statistics.contrast(slopes, np.zeros_like(slopes), paired=True).p
        p = max(p, agreeing_p([[slopes, np.zeros_like(slopes)]], paired=True))
    else:
        p = 1.0 if estimate == 0 else min(1.0, 2 * hypotheses.one_side_p(len(slopes)))
    goes = "rises" if estimate > 0 else "falls"
    return (p, 1.0) if goes == claim.direction else (1.0, p)


def _estimated(slopes: Values) -> tuple[float, float, float]:
    return statistics.estimated(slopes, np.zeros_like(slopes), paired=True)


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
