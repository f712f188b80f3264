"""The page about whole studies: of several metrics, and of trials that diverge."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

Row = Mapping[Hashable, Any]
KINDS = {
    "primary": "on the primary metric",
    "secondary": "on any of the four secondary metrics",
    "any": "on any of the five",
    "any_times_metrics": "on any of the five, p times 5",
}
WITH_FAILURES = {
    "verdict": "the verdict",
    "of_scored": "only the seeds with a score",
    "either": "either of the two",
}
LIMIT = 0.05


def page(studies: pd.DataFrame, failures: pd.DataFrame, minutes: float) -> str:
    """studies.md: what was asked, what came out, and what that means."""
    ring = studies[studies["spread"] == "the GAN's trials"]
    laws = studies[studies["spread"] != "the GAN's trials"]
    return f"""# What is promised of a study

    python benchmarks/validity/studies.py

A study has several metrics, and each is one more chance of a false verdict. Its first metric that has a better \
direction is the primary one. Made-up studies of
copies of one method say how often any pair of copies is called *better* or *worse*: {len(studies)} kinds of study \
with five metrics, {studies["draws"].sum():,} studies,
each metric judged by the code that judges real ones; {minutes:.0f} minutes of CPU. Every rate stands with its 95 % \
Wilson interval in [studies.csv](studies.csv) and [failures.csv](failures.csv).

{_promises(studies)}

So: **a study of equals calls any two different on its primary metric in at most 5 % of cases**, within the \
simulation's error. On a secondary metric there is the same
promise for each alone and none for the study. {_worst_any(laws)}
{_times(studies)}

## By correlation

Five metrics of one law, normal values with the given correlation pushed through its quantiles; *the ring's* is \
that of `modes`, `modes_any`, `high_quality`, `mode_kl`
and `mmd` over the seeds of `results/lottery` and `results/figure2`. 3, 5 and 10 paired seeds, 2, 3 and 4 contenders; \
the mean over these, in %, and the highest in brackets.

{_by_correlation(laws)}

## The ring's own trials

Every trial of every contender is drawn from the GAN's 37 of `results/lottery`, all five metrics of one trial \
together. In %:

{_of_the_ring(ring)}

## Trials that diverge

Copies of one method of which each trial diverges with the given chance, {failures["draws"].iloc[0]:,} studies in each \
row, paired seeds, one metric. *The verdict* counts a trial that
diverged as worse than every one with a score; the seeds with a score alone have a word of their own where it is \
another one. In %:

{_of_failures(failures)}

{_claim(failures, "verdict", "of the verdict")} The promise is made of the verdict; to look at both and take whichever \
decides is to look twice.
"""


def _promises(studies: pd.DataFrame) -> str:
    rows = [
        [
            f"a false verdict {words}",
            _percent(studies[kind].mean()),
            _interval(_highest(studies, kind), kind),
            f"{(studies[f'{kind}_low'] > LIMIT).sum()} of {len(studies)}",
        ]
        for kind, words in KINDS.items()
    ]
    return _markdown(["", "mean, %", "highest, %", "kinds whose interval lies above 5 %"], rows)


def _worst_any(laws: pd.DataFrame) -> str:
    worst = _highest(laws, "any")
    return (
        f"One of five {worst['spread']} metrics with correlation {worst['correlation']} is false in up to"
        f" {_percent(worst['any'])} % ({worst['contenders']} contenders, {worst['seeds']} seeds)."
    )


def _times(studies: pd.DataFrame) -> str:
    enough, few = (_highest(own, "any_times_metrics") for _, own in studies.groupby(studies["seeds"] < 5))
    return (
        "A p that is multiplied by the number of metrics has a promise over the study with five seeds and more: at most"
        f" {_interval(enough, 'any_times_metrics')} %. With three it has none: {_interval(few, 'any_times_metrics')} %"
        f" ({few['spread']}, {few['contenders']} contenders)."
    )


def _by_correlation(laws: pd.DataFrame) -> str:
    rows = []
    for (spread, correlation), own in laws.groupby(["spread", "correlation"], sort=False):
        shown = [f"{_percent(own[kind].mean())} ({_percent(own[kind].max())})" for kind in KINDS]
        rows.append([str(spread), str(correlation), *shown])
    return _markdown(["spread", "correlation", *(words.removeprefix("on ") for words in KINDS.values())], rows)


def _of_the_ring(ring: pd.DataFrame) -> str:
    rows = [
        [str(row["contenders"]), str(row["seeds"]), row["test"], *(_interval(row, kind) for kind in KINDS)]
        for row in ring.to_dict("records")
    ]
    return _markdown(["contenders", "seeds", "test", *(words.removeprefix("on ") for words in KINDS.values())], rows)


def _of_failures(failures: pd.DataFrame) -> str:
    rows = [
        [
            row["spread"],
            f"{row['diverge']:g}",
            str(row["contenders"]),
            str(row["seeds"]),
            *(_interval(row, kind) for kind in WITH_FAILURES),
        ]
        for row in failures.to_dict("records")
    ]
    return _markdown(["spread", "chance", "contenders", "seeds", *WITH_FAILURES.values()], rows)


def _claim(table: pd.DataFrame, kind: str, words: str) -> str:
    over = table[table[f"{kind}_low"] > LIMIT]
    if over.empty:
        return f"In none of the {len(table)} rows does the interval {words} lie above 5 %."
    named = ", ".join(
        f"{row['spread']} with {row['contenders']} contenders and {row['seeds']} seeds"
        for row in over.to_dict("records")
    )
    return f"**In {len(over)} of the {len(table)} rows the interval {words} lies above 5 %: {named}.**"


def _highest(table: pd.DataFrame, kind: str) -> Row:
    """The row with the highest rate."""
    return table.sort_values(kind).to_dict("records")[-1]


def _interval(row: Row, kind: str) -> str:
    return f"{_percent(row[kind])} [{_percent(row[f'{kind}_low'])}, {_percent(row[f'{kind}_high'])}]"


def _markdown(columns: list[str], rows: list[list[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
