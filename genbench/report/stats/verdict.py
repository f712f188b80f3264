"""One verdict: its fields, and its sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from genbench.report.stats.outcomes import Better

Word = Literal["better", "worse", "inconclusive", "equal", "none"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One contender against another on one metric of one data set."""

    dataset: str
    condition: str
    """The condition's settings; `mean of 12 conditions` where each seed's mean over them is compared; empty where
    nothing varies."""
    metric: str
    better: Better
    a: str
    b: str
    seeds: int
    """Seeds compared: pairs, or the smaller of two numbers; where conditions vary, seeds that have a score under all of
    them."""
    test: str
    """`paired t`, `Welch's t`, `no spread` (all seeds of each alike, so that there is no t) or `none`."""
    difference: float
    """The mean of a minus the mean of b."""
    low: float
    """The 95 % interval of the difference, for only this comparison."""
    high: float
    p: float
    """Two-sided, of the test."""
    p_holm: float
    """Adjusted over all comparisons of the metric on the data set (`statistics.family_p`); decides, at 0.05."""
    p_permutation: float
    """Of the same difference under exchanged labels: it assumes no shape of the spread, and with few seeds it cannot be
    small."""
    probability_of_improvement: float
    """The chance that a seed of a beats one of b."""
    verdict: Word
    """On a."""
    seeds_needed: int | None
    """Seeds at which the test would find a difference as large as this one in four of five studies, at the spread that
    was seen and the level that Holm's adjustment leaves to the smallest p; None where the verdict is not `inconclusive`
    or 1,000 would not do."""
    why: str
    """What was compared with what and why so, or why there is no verdict."""
    with_failures: Word
    """The verdict when every trial without a score counts as worse than every one with a score: trials are ranked
    within a condition, those without a score tie for the worst, and a permutation test compares the seeds' mean ranks;
    it takes four seeds of each to find a difference. The same as `verdict` where every trial has a score."""
    failures_a: int
    """Trials of a that diverged, failed or finished with a number that is not finite; over all the conditions compared.
    """
    failures_b: int


def sentence(verdict: Verdict) -> str:
    """A verdict in words: what, by how much, how sure, and what the trials without a score do to it."""
    a, b, metric, word = verdict.a, verdict.b, verdict.metric, verdict.verdict
    basis = f"({verdict.test} over {verdict.seeds} seeds{_place(verdict)}, {_p(verdict.p_holm)} after Holm)"
    interval = f"[{verdict.low:.3g}, {verdict.high:.3g}]"
    if word in ("better", "worse"):
        if verdict.difference < 0:
            interval = f"[{-verdict.high:.3g}, {-verdict.low:.3g}]"
        than = "lower" if verdict.difference < 0 else "higher"
        words = f"{a}'s {metric} is {than} than {b}'s by {abs(verdict.difference):.3g} {interval} {basis}: {word}"
    elif word == "equal":
        words = f"{a}'s {metric} is the same as {b}'s in all of {verdict.seeds} seeds{_place(verdict)}: equal"
    elif word == "inconclusive":
        words = (
            f"{a}'s {metric} against {b}'s: inconclusive, {verdict.difference:+.3g} {interval} {basis};"
            f" {_settled(verdict)}"
        )
    else:
        words = f"{a}'s {metric} against {b}'s{_place(verdict)}: no verdict, {verdict.why}"
    return words + _failures(verdict)


def _place(verdict: Verdict) -> str:
    if not verdict.condition:
        return ""
    return f", each the {verdict.condition}" if verdict.condition.startswith("mean of ") else f" at {verdict.condition}"


def _p(p: float) -> str:
    return f"p = {p:.2g}" if p >= 0.001 else "p < 0.001"


def _settled(verdict: Verdict) -> str:
    if verdict.difference == 0:
        return "there is no difference to settle"
    return f"{verdict.seeds_needed or 'more than 1,000'} seeds would settle a difference of this size"


def _failures(verdict: Verdict) -> str:
    """What did not finish, and the verdict with it; nothing where everything has a score."""
    counts = ((verdict.failures_a, verdict.a), (verdict.failures_b, verdict.b))
    parts = [f"{count} {'trial' if count == 1 else 'trials'} of {name}" for count, name in counts if count]
    if not parts:
        return ""
    counted = "too few seeds even so" if verdict.with_failures == "none" else verdict.with_failures
    return f". {' and '.join(parts)} ended without a score; counted as the worst: {counted}"
