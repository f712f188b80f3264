"""Claims about a share of trials: those that reach a value."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from genbench.report.claims import selection
from genbench.report.claims.claim import Rate
from genbench.report.claims.evidence import Evidence, Nothing, bracketed
from genbench.report.stats import hypotheses
from genbench.report.stats.outcomes import Better, Outcomes
from genbench.report.stats.statistics import Interval


def rate(claim: Rate, records: pd.DataFrame) -> list[Evidence]:
    """A part for every method on every data set; a trial counts under each condition, and one without a score reaches
    nothing.
    """
    return [_share(claim, label, place) for label in claim.of for place in selection.places(claim, records, (label,))]


@dataclass(frozen=True, kw_only=True)
class Share(Evidence):
    """How many trials reach a value, by the exact binomial test."""

    reached: int
    metric: str
    aim: float
    """The value that they reach."""
    bound: float
    at_once: int
    """Trials that come with one more seed."""

    @property
    def bounds(self) -> tuple[float, ...]:
        """The share that is claimed."""
        return (self.bound,)

    def interval(self, level: float) -> Interval:
        """Of the share, a one-sided bound at either end."""
        return hypotheses.share_interval(self.reached, self.seeds, level)

    def said(self, interval: Interval) -> str:
        """`modes: 36 of 36 trials of gram reach 8, a share of 1 [0.92, 1] (exact binomial)`."""
        return (
            f"{self.metric}: {self.reached} of {self.seeds} trials of {self.subject} reach {self.aim:g}, a share of"
            f" {self.estimate:.3g}{bracketed(interval)} (exact binomial)"
        )

    def seeds_to_settle(self, level: float) -> int | None:
        """By the share that was seen."""
        trials = hypotheses.share_trials(self.reached, self.seeds, self.bound, level)
        return None if trials is None else math.ceil(trials / self.at_once)


def _share(claim: Rate, label: str, place: selection.Place) -> Evidence:
    subject, family = f"{label}{place.words}", place.family
    if family is None and not _all_diverged(place):
        return Nothing(subject=subject, contenders=(label,), why=place.why)
    if family is not None and family.better == "neither":
        return Nothing(subject=subject, contenders=(label,), why=f"{claim.on} has no better direction")
    places = family.outcomes[label] if family else {}
    count = sum(_reaching(one, claim.value, family.better) for one in places.values()) if family else 0
    total = sum(len(one.results) for one in places.values()) if family else len(place.records)
    if not total:
        return Nothing(subject=subject, contenders=(label,), conditions=tuple(places), why="no trial is a result")
    at_least, at_most = hypotheses.share_p(count, total, claim.share)
    return Share(
        subject=subject,
        contenders=(label,),
        conditions=tuple(places),
        estimate=count / total,
        p_held=at_least if claim.at_least else at_most,
        p_refuted=at_most if claim.at_least else at_least,
        seeds=total,
        reached=count,
        metric=claim.on,
        aim=claim.value,
        bound=claim.share,
        at_once=max(1, round(total / place.records["seed"].nunique())),
    )


def _all_diverged(place: selection.Place) -> bool:
    """Whether there are trials and none could have a score, so that none is known by any metric."""
    return not place.records.empty and bool((place.records["status"] == "diverged").all())


def _reaching(outcomes: Outcomes, value: float, better: Better) -> int:
    sign = 1 if better == "higher" else -1
    return sum(sign * score >= sign * value for score in outcomes.scores.values())
