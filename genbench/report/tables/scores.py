"""Tables of what was found: scores, verdicts, intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from genbench.report.stats import judgement
from genbench.report.stats.judgement import Verdict
from genbench.report.stats.statistics import LEVEL
from genbench.report.table import Table
from genbench.report.tables import summary as tables

WORDS = frozenset(
    {
        "data set",
        "method",
        "condition",
        "metric",
        "of",
        "against",
        "role",
        "verdict",
        "of scored",
        "without a score",
        "why",
    }
)
"""Columns that hold words; the others hold numbers."""


COUNTED = (
    " A trial without a score, because it diverged or its number is not finite, counts as worse than every one with a"
    " score; of scored: the verdict of only those with one. Trials that failed with an error or were stopped are no"
    " result."
)


AGREEING = (
    " An interval excludes 0 beside better and worse and beside nothing else: those of a family hold together in 95 %"
    " of studies (Bonferroni), but for one of a difference that only a later step of Holm's procedure finds, which has"
    " the level of that step, and one that reaches 0 because a permutation test does not agree with the t test. There"
    " is none where ranks decide, or where seeds have no spread."
)


NO_ROOM = (
    " The p of a permutation test by itself is left out: of so few seeds none could reach 0.05. It is in the CSV file."
)


SOME_ROOM = " p (permutation): – where no permutation test of so few seeds could reach 0.05."


def scores(records: pd.DataFrame) -> Table:
    """Means and standard deviations over seeds, a row per method and setting."""
    summary = tables.summarize(records)
    shown = tables.formatted(summary)
    return Table(
        name="table",
        title="Scores",
        caption=(
            "Mean ± standard deviation over the seeds that finished. Images, updates and seconds of training are what"
            " each was given."
            + (
                " Generator: the network that samples come from; evaluations: how often one sample passes through a"
                " network."
                if "evaluations" in summary
                else ""
            )
        ),
        shown=shown.rename(columns={"dataset": "data set"}),
        data=summary,
        numbers=frozenset(list(shown.columns)[list(shown.columns).index("method") + 1 :])
        - {"generator", "not finished"},
    )


def judged(name: str, title: str, caption: str, found: Sequence[Verdict]) -> Table | None:
    """A row for every verdict; None when there is no pair to compare."""
    if not found:
        return None
    rows = [
        {
            "data set": one.dataset,
            "condition": one.condition,
            "metric": one.metric,
            "role": one.role,
            "of": one.a,
            "against": one.b,
            "verdict": one.verdict,
            "difference": number(one.difference),
            "interval": interval(one.low, one.high),
            "p (Holm)": number(one.p_holm),
            "family": str(one.comparisons or ""),
            "p (permutation)": number(one.p_permutation) if _has_room(one) else "–",
            "P(improvement)": number(one.probability_of_improvement),
            "seeds": str(one.seeds),
            "seeds needed": "" if one.seeds_needed is None else str(one.seeds_needed),
            "without a score": without_score(one),
            "of scored": one.of_scored,
            "why": one.why,
        }
        for one in found
    ]
    shown, caption = pd.DataFrame(rows), caption + AGREEING
    sizes = {one.comparisons for one in found if one.comparisons}
    if len(sizes) == 1:
        shown = shown.drop(columns="family").rename(columns={"p (Holm)": f"p (Holm, of {sizes.pop()})"})
    if not any(map(_has_room, found)):
        shown, caption = shown.drop(columns="p (permutation)"), caption + NO_ROOM
    elif not all(map(_has_room, found)):
        caption += SOME_ROOM
    if not shown["without a score"].any():
        shown = shown.drop(columns=["without a score", "of scored"])
    else:
        caption += COUNTED
    shown, caption = _condensed(shown, caption)
    return Table(
        name=name,
        title=title,
        caption=caption,
        shown=shown,
        data=judgement.frame(list(found)),
        numbers=frozenset(shown.columns) - WORDS,
    )


def _has_room(one: Verdict) -> bool:
    """Whether exchanged labels of so many seeds could give a p that decides, as they are exchanged within seeds or over
    all.
    """
    labellings = 2.0**one.seeds if one.why.startswith("paired") else math.comb(2 * one.seeds, one.seeds)
    return 2 / labellings <= LEVEL


def without_score(one: Verdict) -> str:
    """How many results of each have no score, and how many trials of each are no result: `0/4 and 4/4, 1 and 0 no
    result`; nothing where all are results with a score.
    """
    a, b = one.diverged_a + one.unscored_a, one.diverged_b + one.unscored_b
    lost = f"{a}/{one.trials_a} and {b}/{one.trials_b}" if a or b else ""
    missing = f"{one.missing_a} and {one.missing_b} no result" if one.missing_a or one.missing_b else ""
    return ", ".join(filter(None, (lost, missing)))


def intervals(records: pd.DataFrame) -> Table | None:
    """The spread of every metric over training seeds, and how often trials did not finish."""
    found = judgement.spreads(records)
    if found.empty:
        return None
    rows = [
        {
            "data set": row["dataset"],
            "method": row["method"],
            "condition": row["condition"],
            "metric": row["metric"],
            "mean": number(row["mean"]),
            "sd": number(row["sd"]),
            "95 % interval (t)": interval(row["low"], row["high"]),
            "95 % interval (bootstrap)": interval(row["bootstrap_low"], row["bootstrap_high"]),
            "interquartile mean": number(row["iqm"]),
            "seeds": str(row["seeds"]),
            "diverged": f"{row['diverged']}, {interval(row['divergence_rate_low'], row['divergence_rate_high'])}",
        }
        for row in found.to_dict("records")
    ]
    shown = pd.DataFrame(rows)
    if not found["diverged"].any():
        shown = shown.drop(columns="diverged")
    shown, caption = _condensed(
        shown,
        "Intervals are of the mean, by Student's t and by the bootstrap; the interquartile mean leaves out the lowest"
        " and the highest quarter."
        + (
            " Diverged: the number of trials, and the 95 % interval of the rate (Wilson)."
            if "diverged" in shown
            else ""
        ),
    )
    return Table(
        name="intervals",
        title="Spread over training seeds",
        caption=caption,
        shown=shown,
        data=found,
        numbers=frozenset(shown.columns) - WORDS,
    )


def _condensed(shown: pd.DataFrame, caption: str) -> tuple[pd.DataFrame, str]:
    """The table without its empty columns of words; what such a column says in every row is said once, below the
    caption.
    """
    for name in ("data set", "condition", "seeds needed", "role", "why"):
        if name in shown and shown[name].nunique() == 1 and (len(shown) > 1 or not shown[name].any()):
            said = shown[name].iloc[0]
            caption += f" In every row: {name} {said}." if said and name not in ("data set", "role") else ""
            shown = shown.drop(columns=name)
    return shown, caption


def number(value: float | None) -> str:
    """A number for a person, three digits; a dash for none."""
    return "–" if value is None or pd.isna(value) else f"{value:.3g}"


def interval(low: float | None, high: float | None) -> str:
    """Both ends of an interval; a dash where there is none."""
    return "–" if low is None or high is None or pd.isna(low) or pd.isna(high) else f"{low:.3g} to {high:.3g}"
