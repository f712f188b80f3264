"""A verdict in words."""

from __future__ import annotations

from typing import NamedTuple

from genbench.report.stats.verdict import Verdict, Word


class Ended(NamedTuple):
    """One contender and how its trials ended."""

    name: str
    trials: int
    diverged: int
    unscored: int
    missing: int

    @property
    def lost(self) -> int:
        """Results without a score."""
        return self.diverged + self.unscored

    @property
    def failed(self) -> bool:
        """Whether it has results and none with a score."""
        return 0 < self.trials == self.lost


def sentence(verdict: Verdict) -> str:
    """A verdict in words: what, by how much, how sure, and what the trials without a score do to it."""
    a, b = ended(verdict)
    if a.failed or b.failed:
        words = _failed(verdict, a, b)
    elif verdict.test == "ranks":
        words = _ranked(verdict, a, b)
    else:
        words = _scored(verdict, verdict.verdict, verdict.p_holm) + (f". {losses(verdict)}" if a.lost or b.lost else "")
    return words + _missing(a, b)


def headline(verdict: Verdict) -> str:
    """A verdict's word, who failed, and what the seeds with a score say where that is another word."""
    word, scored = verdict.verdict, verdict.of_scored
    words = "no verdict" if word == "none" else word
    if failed := failure(verdict):
        return f"{words}, {failed}"
    return words if scored in (word, "none") else f"{words}, {scored} among the seeds with a score"


def failure(verdict: Verdict) -> str:
    """Who has no trial with a score, `gan failed` or `both failed`; nothing where both have one, or have no result."""
    a, b = ended(verdict)
    if a.failed and b.failed:
        return "both failed"
    return next((f"{one.name} failed" for one in (a, b) if one.failed), "")


def losses(verdict: Verdict) -> str:
    """How many trials of both have no score and why: `gan diverged in 1 of 5 trials, gram in none of 5`; nothing where
    all have one.
    """
    a, b = ended(verdict)
    if not a.lost and not b.lost:
        return ""
    one, other = (a, b) if a.lost >= b.lost else (b, a)
    said = f"{one.name} {_verb(a, b)} in {_of(one)} {'trial' if one.trials == 1 else 'trials'}"
    return f"{said}, {other.name} {f'in {_of(other)}' if other.trials else 'has no result yet'}"


def ended(verdict: Verdict) -> tuple[Ended, Ended]:
    """How the trials of both ended."""
    return (
        Ended(verdict.a, verdict.trials_a, verdict.diverged_a, verdict.unscored_a, verdict.missing_a),
        Ended(verdict.b, verdict.trials_b, verdict.diverged_b, verdict.unscored_b, verdict.missing_b),
    )


def _scored(verdict: Verdict, word: Word, p: float) -> str:
    """What the seeds with a score say: a word at an adjusted p."""
    a, b, metric = verdict.a, verdict.b, _metric(verdict)
    basis = f"({verdict.test_of_scored} over {verdict.seeds} seeds{_place(verdict)}, {_p(p)} after Holm)"
    low, high = verdict.low_of_scored, verdict.high_of_scored
    if word in ("better", "worse"):
        if verdict.difference < 0:
            low, high = -high, -low
        size = f"{abs(verdict.difference):.3g}{_bracketed(low, high)}"
        than = "lower" if verdict.difference < 0 else "higher"
        return f"{a}'s {metric} is {than} than {b}'s by {size} {basis}: {word}"
    if word == "equal":
        return f"{a}'s {metric} is the same as {b}'s in all of {verdict.seeds} seeds{_place(verdict)}: equal"
    if word == "no information":
        return (
            f"{a}'s {metric} and {b}'s are alike in all of {verdict.seeds} seeds{_place(verdict)}, at the end of what"
            " they can be: no information"
        )
    if word == "inconclusive":
        settled = f"; {_settled(verdict)}" if verdict.test == verdict.test_of_scored else ""
        size = f"{verdict.difference:+.3g}{_bracketed(low, high)}"
        return f"{a}'s {metric} against {b}'s: inconclusive, {size} {basis}{settled}"
    return f"{a}'s {metric} against {b}'s{_place(verdict)}: no verdict, {verdict.why}"


def _ranked(verdict: Verdict, a: Ended, b: Ended) -> str:
    """What all results say, those without a score being the worst, and then what the others say alone."""
    words = f"{_pair(verdict)}, a trial without a score counted as the worst: {verdict.verdict} {_basis(verdict)}"
    alone = (
        f"Those with a score are too few for a verdict of their own, {a.trials - a.lost} and {b.trials - b.lost}"
        if verdict.of_scored == "none"
        else f"Among the seeds with a score, {_scored(verdict, verdict.of_scored, verdict.p_of_scored)}"
    )
    return f"{words}. {losses(verdict)}. {alone}"


def _failed(verdict: Verdict, a: Ended, b: Ended) -> str:
    """What there is to say where one or both have no trial with a score."""
    words = f"{_pair(verdict)}: "
    if a.failed and b.failed:
        return f"{words}no verdict, both failed: {losses(verdict)}"
    loser, other = (a, b) if a.failed else (b, a)
    if not other.trials:
        return f"{words}no verdict, {loser.name} failed: {losses(verdict)}"
    if verdict.verdict in ("better", "worse"):
        return f"{words}{verdict.verdict}, {loser.name} failed: {losses(verdict)} {_basis(verdict)}"
    failed = f"{loser.name} failed, which is worse: {losses(verdict)}"
    if verdict.verdict == "none":
        return f"{words}{failed}; no verdict, {verdict.why}"
    more = f"; {verdict.seeds_needed} seeds would settle it" if verdict.seeds_needed else ""
    return f"{words}{failed}; whether that is more than chance is inconclusive {_basis(verdict)}{more}"


def _missing(a: Ended, b: Ended) -> str:
    """What is said of trials that are no result; nothing where there are none."""
    parts = [
        f"{one.missing} {'trial' if one.missing == 1 else 'trials'} of {one.name}" for one in (a, b) if one.missing
    ]
    return f". Not counted: {' and '.join(parts)} that failed with an error or stopped" if parts else ""


def _pair(verdict: Verdict) -> str:
    return f"{verdict.a}'s {_metric(verdict)} against {verdict.b}'s{_place(verdict)}"


def _metric(verdict: Verdict) -> str:
    return verdict.metric if verdict.role == "primary" else f"{verdict.metric} (secondary)"


def _basis(verdict: Verdict) -> str:
    of = f" of {verdict.trials_a} and {verdict.trials_b} trials" if verdict.test == "ranks" else ""
    return f"({verdict.test}{of}, {_p(verdict.p_holm)} after Holm)"


def _verb(a: Ended, b: Ended) -> str:
    return "ended without a score" if a.unscored or b.unscored else "diverged"


def _of(one: Ended) -> str:
    count = {one.trials: "all", 0: "none"}.get(one.lost, str(one.lost))
    return f"{count} of {one.trials}"


def _place(verdict: Verdict) -> str:
    if not verdict.condition:
        return ""
    return f", each the {verdict.condition}" if verdict.condition.startswith("mean of ") else f" at {verdict.condition}"


def _bracketed(low: float, high: float) -> str:
    """Both ends of an interval; nothing where there is none."""
    return "" if low != low else f" [{low:.3g}, {high:.3g}]"


def _p(p: float) -> str:
    return f"p = {p:.2g}" if p >= 0.001 else "p < 0.001"


def _settled(verdict: Verdict) -> str:
    if verdict.difference == 0:
        return "there is no difference to settle"
    return f"{verdict.seeds_needed or 'more than 1,000'} seeds would settle a difference of this size"
