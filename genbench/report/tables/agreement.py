"""Which metrics agree: whether two of them put the trials of a study into one order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd
from scipy.stats import kendalltau

from genbench.report.table import Table

FEWEST = 6
"""Trials with both numbers, from which on their order says something: of six, two orders agree fully by chance once in
360 studies."""


def table(records: pd.DataFrame, metrics: Sequence[str], directions: Mapping[str, str]) -> Table | None:
    """Kendall's tau between every two metrics over the finished trials of each data set; None where there are no two
    metrics with six trials.

    records: numbers under different protocols in separate columns; directions: metric to its better direction.
    """
    directed = [metric for metric in metrics if directions.get(metric, "neither") != "neither"]
    done = records[records["status"] == "finished"]
    rows, data = [], []
    for dataset, trials in done.groupby("dataset", sort=False):
        found = {
            (one, other): agreement(trials, one, other, directions)
            for one in directed
            for other in directed
            if one != other
        }
        known = [one for one in directed if any(not math.isnan(found[pair][0]) for pair in found if pair[0] == one)]
        for place, one in enumerate(known):
            taus = {other: _said(found[one, other][0]) if one != other else "" for other in known}
            rows.append({"data set": dataset, "metric": one, **taus})
            data += [
                {"dataset": dataset, "metric": one, "other": other, "tau": tau, "trials": count}
                for other in known[place + 1 :]
                for tau, count in [found[one, other]]
            ]
    if not rows:
        return None
    shown = pd.DataFrame(rows).fillna("")
    return Table(
        name="agreement",
        title="Which metrics agree",
        caption=(
            "Kendall's tau over all finished trials, methods and seeds together: of two trials, how often both metrics"
            " call the same one better, minus how often they do not. 1: one order; 0: unrelated; -1: opposite orders;"
            f" –: fewer than {FEWEST} trials have both, or all are equal. Metrics that disagree measure different"
            " things: say in advance which one decides."
        ),
        shown=shown.drop(columns=[name for name in ("data set",) if shown[name].nunique() == 1]),
        data=pd.DataFrame(data),
        numbers=frozenset(directed),
    )


def agreement(trials: pd.DataFrame, one: str, other: str, directions: Mapping[str, str]) -> tuple[float, int]:
    """Kendall's tau-b of two metrics, positive where what is better by one is better by the other, and how many trials
    have both; NaN where they are too few or where a metric has one value.
    """
    finite = trials[[one, other]].astype(float).map(lambda value: value if math.isfinite(value) else math.nan).dropna()
    if len(finite) < FEWEST or (finite.nunique() == 1).any():
        return math.nan, len(finite)
    sign = 1 if directions[one] == directions[other] else -1
    return sign * float(kendalltau(finite[one], finite[other]).statistic), len(finite)


def _said(tau: float) -> str:
    return "–" if math.isnan(tau) else f"{tau:.2f}"
