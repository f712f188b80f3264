"""What the verdicts of a study come to: a line for every pair, each in words, and what is promised of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genbench.report.stats import judgement
from genbench.report.stats.judgement import Verdict

SAID = {
    "better": "better on",
    "worse": "worse on",
    "equal": "equal on",
    "inconclusive": "inconclusive on",
    "no information": "no information on",
    "none": "no verdict on",
}
"""A verdict's word before the metrics that it is about."""
NEVER = "none"
"""The verdict on a pair about which nothing can be said."""
OF_COMPARE = " `genbench compare` of one pair has a family of its own and a smaller p; this one counts."
NAMED = 6
"""Contenders or data sets that are named; of more their number is said."""
PAIRS = 20
"""Pairs that have a line; of more, which the table of verdicts has, their number is said."""


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A verdict in words."""

    verdict: str
    """The verdict's word."""
    headline: str
    """That for a reader, and the verdict of only the trials with a score where it is another."""
    words: str


def overview(found: Sequence[Verdict]) -> tuple[str, ...]:
    """A line for each of the first pairs of contenders of which anything is known: on what the first is better, worse,
    or neither; and how many trials of both have no score, and which verdicts would be others without these.
    """
    pairs: dict[tuple[str, str, str], list[Verdict]] = {}
    on = _places(found)
    for one in found:
        if one.better != "neither":
            pairs.setdefault((on[one.dataset], one.a, one.b), []).append(one)
    told = {names: own for names, own in pairs.items() if not all(map(_is_mute, own))} or pairs
    lines = [f"{place}{a} against {b}: {'; '.join(_parts(own))}" for (place, a, b), own in told.items()]
    more = len(lines) - PAIRS
    return (*lines[:PAIRS], *([f"{more} more pairs are in the table of verdicts"] if more > 0 else []))


def _places(found: Sequence[Verdict]) -> dict[str, str]:
    """How a line about each data set begins: with its name where there are several."""
    names = {one.dataset for one in found}
    return {name: f"{name}: " if len(names) > 1 else "" for name in names}


def _parts(found: Sequence[Verdict]) -> list[str]:
    """What is said of one pair."""
    primary, secondary = ([one for one in found if one.role == role] for role in ("primary", "secondary"))
    parts = [_words({one.metric: one.verdict for one in primary})] if primary else []
    parts += [f"secondary: {_words({one.metric: one.verdict for one in secondary})}"] if secondary else []
    lost = dict.fromkeys(_losses(one) for one in found if judgement.losses(one))
    other = {one.metric: one.of_scored for one in found if one.of_scored not in (one.verdict, NEVER)}
    return [*parts, *lost, *([f"among the seeds with a score: {_words(other)}"] if other else [])]


def _losses(one: Verdict) -> str:
    return ": ".join(filter(None, (judgement.failure(one), judgement.losses(one))))


def _words(verdicts: Mapping[str, str]) -> str:
    metrics = {word: [metric for metric, own in verdicts.items() if own == word] for word in SAID}
    return "; ".join(f"{SAID[word]} {', '.join(own)}" for word, own in metrics.items() if own)


def summary(found: Sequence[Verdict]) -> tuple[Sentence, ...]:
    """The verdicts in words, those on primary metrics first and among them those that decide; one sentence for all
    pairs about which nothing can be said for one reason.
    """
    on = _places(found)
    order = {"better": 0, "worse": 0, "equal": 1, "inconclusive": 2, "no information": 3}
    told = [
        Sentence(verdict=one.verdict, headline=judgement.headline(one), words=on[one.dataset] + judgement.sentence(one))
        for one in sorted(found, key=lambda one: (one.role != "primary", order.get(one.verdict, 4)))
        if not _is_mute(one)
    ]
    reasons = dict.fromkeys(one.why for one in found if _is_mute(one))
    return (
        *told,
        *(
            Sentence(verdict=NEVER, headline="no verdict", words=f"No verdict on {_count(found, why)}: {why}.")
            for why in reasons
        ),
    )


def _is_mute(one: Verdict) -> bool:
    """Whether a verdict has nothing to tell but why there is none."""
    tells = judgement.losses(one) or one.missing_a or one.missing_b
    return one.verdict == NEVER and (one.better == "neither" or not tells)


def _count(found: Sequence[Verdict], why: str) -> str:
    pairs = list(dict.fromkeys(f"{one.a} against {one.b}" for one in found if _is_mute(one) and one.why == why))
    return pairs[0] if len(pairs) == 1 else f"{len(pairs)} pairs"


def promise(found: Sequence[Verdict]) -> tuple[str, ...]:
    """How often verdicts of a study are false, in a line for its primary metrics and one for the others; nothing where
    no verdict was possible.
    """
    judged = [one for one in found if one.comparisons and one.better != "neither"]
    primary = [one for one in judged if one.role == "primary"]
    others = dict.fromkeys(one.metric for one in judged if one.role == "secondary")
    if not primary:
        return ()
    lines = [
        f"Primary metric: {_metrics(primary)}, the first named that has a better direction. Were all contenders equal,"
        " a study would call any two different on it with a chance of at most 5 %; its p are adjusted"
        f" {family(primary)}.{OF_COMPARE if max(one.comparisons for one in primary) > 1 else ''}"
    ]
    if others:
        lines.append(
            f"Secondary: {', '.join(others)}. That holds for each alone, its p being adjusted over its own comparisons,"
            " and not for the study: the more metrics, the more often one of them is false. With five seeds or more a p"
            f" times {len(others) + 1} holds for the study."
        )
    return tuple(lines)


def family(found: Sequence[Verdict]) -> str:
    """Over what p are adjusted by Holm's procedure: `over a family of 6 comparisons, every pair of gan, gram, mmdgan
    and mmdnet on fid`.
    """
    count = max(one.comparisons for one in found)
    names = list(dict.fromkeys(name for one in found for name in (one.a, one.b)))
    datasets = list(dict.fromkeys(one.dataset for one in found))
    pairs = f"every pair of {_listed(names, 'contenders')}" if len(names) > 2 else " against ".join(names)
    where = f" on {_listed(datasets, 'data sets')}" if len(datasets) > 1 else ""
    if count == 1:
        return f"over a single comparison, {pairs} on {_metrics(found)}{where}"
    return f"over a family of {count} comparisons, {pairs} on {_metrics(found)}{where}"


def _metrics(found: Sequence[Verdict]) -> str:
    return ", ".join(dict.fromkeys(one.metric for one in found))


def _listed(names: Sequence[str], kind: str) -> str:
    if len(names) > NAMED:
        return f"the {len(names)} {kind}"
    return f"{', '.join(names[:-1])} and {names[-1]}"
