"""What one comparison, share or trend says for and against a claim; a claim is made of one of these or several."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from genbench.report.stats.pairing import Comparison
from genbench.report.stats.statistics import NO_INTERVAL, Interval


@dataclass(frozen=True, kw_only=True)
class Evidence(ABC):
    """One part of a claim, with the chance of such numbers if the claim is false, and if it is true."""

    subject: str
    """What it is about: `gram against gan on cifar10`."""
    contenders: tuple[str, ...]
    """The methods whose trials it is made of."""
    conditions: tuple[str, ...]
    """The conditions under which these were compared or counted."""
    estimate: float
    p_held: float
    """The p of "this part is not so"."""
    p_refuted: float
    """The p of "this part is so". Of both at most one is small, and the chance that either is at most a level while it
    should not be is at most that level."""
    seeds: int
    """Seeds, or trials of a share, that it rests on."""
    comparison: Comparison | None = None
    """What was compared by the seeds' scores, which a joint permutation test must agree with; None for other tests."""

    @property
    @abstractmethod
    def bounds(self) -> tuple[float, ...]:
        """What the estimate is tested against: 0, the share, both ends of the margin."""

    @abstractmethod
    def interval(self, level: float) -> Interval:
        """The interval of the estimate at a level: on one side of the claim's bound where the test at that level is;
        none of values without spread.
        """

    @abstractmethod
    def said(self, interval: Interval) -> str:
        """What was seen, in words, with an interval."""

    @abstractmethod
    def seeds_to_settle(self, level: float) -> int | None:
        """How many seeds would settle it, were the truth what was seen; None where that cannot be said."""


@dataclass(frozen=True, kw_only=True)
class Nothing(Evidence):
    """No evidence, and why there is none."""

    estimate: float = float("nan")
    p_held: float = float("nan")
    p_refuted: float = float("nan")
    seeds: int = 0
    conditions: tuple[str, ...] = ()
    why: str

    @property
    def bounds(self) -> tuple[float, ...]:
        """Nothing is tested."""
        return ()

    def interval(self, level: float) -> Interval:
        """There is none."""
        return NO_INTERVAL

    def said(self, interval: Interval) -> str:
        """Why there is none."""
        return f"{self.subject}: {self.why}"

    def seeds_to_settle(self, level: float) -> int | None:
        """That cannot be said."""
        return None


def agreeing(part: Evidence, level: float, *, least: float = 0.0) -> Interval:
    """A part's interval at a level; one that is not decided at it, as where a permutation test does not agree, is
    widened to the nearest bound.

    least: what the p of a part with a comparison cannot be below.
    """
    found = part.interval(level)
    p = max(least if part.comparison is not None else 0.0, min(part.p_held, part.p_refuted))
    if p <= level or math.isnan(found.low) or any(found.low <= bound <= found.high for bound in part.bounds):
        return found
    nearest = min(part.bounds, key=lambda bound: abs(bound - part.estimate))
    return Interval(min(found.low, nearest), max(found.high, nearest))


def bracketed(interval: Interval) -> str:
    """Both ends of an interval; nothing where there is none."""
    return "" if interval.low != interval.low else f" [{interval.low:.3g}, {interval.high:.3g}]"
