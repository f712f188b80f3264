"""Claims judged: held, refuted or undecided, by the trials of a study, with the numbers behind each word."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from genbench.report.claims import differences, shares, slopes
from genbench.report.claims.claim import Better, Claim, Equal, Rate, Trend
from genbench.report.claims.evidence import Evidence, agreeing
from genbench.report.stats import adjustment, hypotheses, statistics
from genbench.report.stats.statistics import LEVEL

Word = Literal["held", "refuted", "undecided", "not judged"]
NAN = float("nan")
WEIGHERS: Mapping[type[Claim], Callable[[Any, pd.DataFrame], list[Evidence]]] = {
    Better: differences.better,
    Equal: differences.equal,
    Rate: shares.rate,
    Trend: slopes.trend,
}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One claim and what the trials say of it."""

    claim: str
    """The claim in words."""
    paper: str = ""
    """The words of the paper that it stands for."""
    tested: str = ""
    """What was tested, and on which trials; empty for a sentence that nothing can judge."""
    word: Word
    """held: it is so. refuted: it is not. undecided: these trials cannot tell. not judged: a sentence."""
    sentence: str = ""
    """The numbers behind the word."""
    estimate: float = NAN
    """Of the part that decides: the difference, the share, or the change from step to step; of several parts the one
    that is the least sure, or refutes most."""
    low: float = NAN
    """The interval of the estimate at `level`, on one side of the claim's bound where the word is held or refuted;
    none where the values have no spread, or not scores decide."""
    high: float = NAN
    level: float = NAN
    """The level at which Holm's procedure over the study's claims tests this one, over its parts where one refutes."""
    p: float = NAN
    """The chance of so much evidence if the word were wrong."""
    p_holm: float = NAN
    """The same adjusted over the study's claims; decides, at alpha."""
    seeds: int = 0
    """Seeds, or trials of a share, behind the part that decides."""
    seeds_needed: int | None = None
    """Seeds that would settle it, were the truth what was seen; None where it is settled or that cannot be said."""
    contenders: tuple[str, ...] = ()
    """The methods whose trials it needs, as `method` or `method/variant`."""
    conditions: tuple[str, ...] = ()
    """The conditions under which these were looked at, as records name them."""

    @property
    def line(self) -> str:
        """The word, the claim and the numbers behind it, on one line."""
        return f"{self.word}: {self.claim}{f' – {self.sentence}' if self.sentence else ''}"


def judge(claims: Sequence[str | Claim], records: pd.DataFrame, *, alpha: float = LEVEL) -> tuple[Judged, ...]:
    """The claims of a study by the records of its trials, in their order.

    Every claim has one p, which Holm's procedure adjusts over all claims of the study: the chance that any word held or
    refuted is wrong is at most alpha. A claim of several parts is held where each is, by the largest p, and refuted
    where any is, by the smallest times their number. t tests of `better` have to agree with the permutation test that
    those of verdicts agree with, over all of the study's claims together.
    """
    return decide(weigh(claims, records), alpha=alpha)


def weigh(claims: Sequence[str | Claim], records: pd.DataFrame) -> list[str | Weighed]:
    """The claims with the evidence that records hold for and against each; sentences as they are."""
    return [
        one if isinstance(one, str) else Weighed(claim=one, parts=tuple(WEIGHERS[type(one)](one, records)))
        for one in claims
    ]


def decide(weighed: Sequence[str | Weighed], *, alpha: float = LEVEL) -> tuple[Judged, ...]:
    """The words of claims by their evidence, as `judge` has it."""
    able = _agreeing([one for one in weighed if isinstance(one, Weighed)], alpha)
    tested = [one for one in able if not math.isnan(one.p)]
    adjusted = statistics.holm([one.p for one in tested]).tolist()
    levels = hypotheses.holm_levels([one.p for one in tested], alpha)
    steps = {one.claim.words: (p, level) for one, p, level in zip(tested, adjusted, levels, strict=True)}
    found = iter([_judged(one, *steps.get(one.claim.words, (NAN, alpha)), alpha) for one in able])
    return tuple(Judged(claim=one, word="not judged") if isinstance(one, str) else next(found) for one in weighed)


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """A claim and the evidence for and against it, in parts."""

    claim: Claim
    parts: tuple[Evidence, ...]
    least: float = 0.0
    """What p cannot be below: that of a permutation test that does not agree."""

    @property
    def p_held(self) -> float:
        """The p of "it is not so": of every part."""
        parts = [one.p_held for one in self.parts]
        return max(self.least, *parts) if not any(map(math.isnan, parts)) else NAN

    @property
    def p_refuted(self) -> float:
        """The p of "it is so": of any part, of as many as there are."""
        parts = [one.p_refuted for one in self.parts if not math.isnan(one.p_refuted)]
        return max(self.least, min(1.0, len(self.parts) * min(parts))) if parts else NAN

    @property
    def p(self) -> float:
        """The smaller of both; NaN where nothing could be tested."""
        return min((p for p in (self.p_held, self.p_refuted) if not math.isnan(p)), default=NAN)

    @property
    def is_for(self) -> bool:
        """Whether the evidence is rather for the claim than against it."""
        return self.p_held <= self.p_refuted

    @property
    def deciding(self) -> Evidence:
        """The part that is the least sure, or that refutes most."""
        return (
            max(self.parts, key=lambda one: math.inf if math.isnan(one.p_held) else one.p_held)
            if self.is_for or math.isnan(self.p)
            else min(self.parts, key=lambda one: math.inf if math.isnan(one.p_refuted) else one.p_refuted)
        )


def _agreeing(weighed: list[Weighed], alpha: float) -> list[Weighed]:
    """The same, where t tests would decide any held to the permutation test of all that they compare."""
    pairs = [
        # The claim's number makes its trials a block of their own: `where` may give one condition other trials.
        replace(part.comparison, family=replace(part.comparison.family, dataset=f"{number} {part.subject}"))
        for number, one in enumerate(weighed)
        for part in one.parts
        if part.comparison is not None
    ]
    able = [one.p for one in weighed if not math.isnan(one.p)]
    if not pairs or min(able) * len(able) > alpha:
        return weighed
    least = adjustment.agreeing_p(pairs)
    return [
        replace(one, least=least) if any(part.comparison is not None for part in one.parts) else one for one in weighed
    ]


def _judged(one: Weighed, p_holm: float, level: float, alpha: float) -> Judged:
    is_decided = not math.isnan(p_holm) and p_holm <= alpha
    word: Word = "undecided" if not is_decided else "held" if one.is_for else "refuted"
    part = one.deciding
    level = level / len(one.parts) if word == "refuted" else level
    interval = agreeing(part, level, least=one.least)
    needed = None if is_decided else _needed(one, level)
    return Judged(
        claim=one.claim.words,
        paper=one.claim.paper,
        tested=one.claim.tested,
        word=word,
        sentence=_sentence(one, word, p_holm, level, needed),
        estimate=part.estimate,
        low=interval.low,
        high=interval.high,
        level=level,
        p=one.p,
        p_holm=p_holm,
        seeds=part.seeds,
        seeds_needed=needed,
        contenders=one.claim.labels,
        conditions=tuple(dict.fromkeys(name for part in one.parts for name in part.conditions)),
    )


def _needed(one: Weighed, level: float) -> int | None:
    """Seeds that would settle all parts, or none where that of one cannot be said."""
    found = [part.seeds_to_settle(level) for part in one.parts if part.p_held > level or math.isnan(part.p_held)]
    known = [number for number in found if number is not None]
    return max(known) if known and len(known) == len(found) else None


def _sentence(one: Weighed, word: Word, p_holm: float, level: float, needed: int | None) -> str:
    """What the parts say: of what is refuted the part that refutes it, else all of them."""
    parts = [one.deciding] if word == "refuted" else one.parts
    said = "; ".join(part.said(agreeing(part, level, least=one.least)) for part in parts)
    p = "" if math.isnan(p_holm) else f", p = {p_holm:.2g} after Holm" if p_holm >= 0.001 else ", p < 0.001 after Holm"
    disagrees = word == "undecided" and one.least > LEVEL
    note = "; a permutation test does not agree with the t test" if disagrees else ""
    more = f"; {needed} seeds would settle it" if needed else ""
    return f"{said}{p}{note}{more}"
