"""What came of every seed of every contender, one metric of one data set at a time: a score, or none and why."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, cast

import pandas as pd

from genbench.contract import registry
from genbench.errors import GenbenchError
from genbench.report.stats import columns, contenders, protocols

Row = Mapping[Hashable, Any]
"""One record."""

Better = Literal["higher", "lower", "neither"]
Role = Literal["primary", "secondary"]
COUNTS = ("modes", "modes_any")
"""Metrics whose highest number is that of the modes in the data."""
UNSCORED = "unscored"
"""A trial that finished with a number that is not finite."""
RESULTS = ("finished", "diverged", UNSCORED)
"""How a trial ends that says something about its method; failed and interrupted ones say something about the machine.
"""


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """The outcomes of the trials of one contender under one condition."""

    statuses: Mapping[int, str]
    """Seed to finished, diverged, unscored, failed or interrupted."""
    scores: Mapping[int, float]
    """Seed to the metric's value, of those that finished with a finite one."""
    starts: Mapping[int, str]
    """Seed to a text that is equal where the order of the data and the initial weights are; empty where they are not
    known."""
    possible: float
    """The number of modes in the data, the most that the metrics `modes` and `modes_any` can reach; NaN where it is not
    known, and of other metrics."""

    @property
    def results(self) -> list[int]:
        """The seeds that say something about the method: with a score, diverged or unscored."""
        return [seed for seed, status in self.statuses.items() if status in RESULTS]

    def count(self, *statuses: str) -> int:
        """How many seeds ended so."""
        return sum(status in statuses for status in self.statuses.values())


@dataclass(frozen=True, kw_only=True)
class Family:
    """All outcomes of one metric on one data set."""

    dataset: str
    metric: str
    better: Better
    role: Role
    """primary: the first metric of the data set that has a better direction; numbers of it under different protocols
    all are."""
    conditions: tuple[str, ...]
    """Those under which anything was scored, or all where they were asked for."""
    outcomes: Mapping[str, Mapping[str, Outcomes]]
    """Contender to condition to outcomes."""


def families(records: pd.DataFrame, *, whole_methods: bool = False, every_condition: bool = False) -> Iterator[Family]:
    """Every metric of every data set, in order of appearance; numbers under different protocols are separate metrics,
    `fid [<key>]`.

    whole_methods: as `contenders.name` has it. every_condition: keep those too under which no trial has a score.
    """
    if records.empty:
        return
    separated, metrics = protocols.separate(records, columns.metric_names(records))
    named = contenders.name(separated, whole_methods=whole_methods).records
    named = named.sort_values("status", key=lambda status: status != "finished", kind="stable")
    named = named.drop_duplicates(["dataset", "contender", "condition", "seed"]).sort_index()
    directions = {metric: _better(records, metric) for metric in metrics}
    for dataset, own in named.groupby("dataset", sort=False):
        primary = _primary(own, metrics, directions)
        places: dict[tuple[str, str], list[Row]] = {}
        for row in own.to_dict("records"):
            places.setdefault((row["contender"], row["condition"]), []).append(row)
        for metric in metrics:
            scored = {
                row["condition"]: None
                for trials in places.values()
                for row in trials
                if _score(row, metric) is not None
            }
            outcomes: dict[str, dict[str, Outcomes]] = {}
            for (contender, condition), trials in places.items():
                if (every_condition or condition in scored) and (tried := _tried(trials, metric)):
                    outcomes.setdefault(contender, {})[condition] = _outcomes(tried, metric)
            if scored:
                yield Family(
                    dataset=str(dataset),
                    metric=metric,
                    better=directions[metric],
                    role="primary" if base_name(metric) == primary else "secondary",
                    conditions=tuple(dict.fromkeys(place[1] for place in places) if every_condition else scored),
                    outcomes=outcomes,
                )


def base_name(metric: str) -> str:
    """The metric of a column, `fid` of `fid [<key>]`."""
    return metric.partition(" [")[0]


def is_extreme(family: Family, names: Sequence[str]) -> bool:
    """Whether all scores of contenders are the lowest that the metric can be, or all the highest; False where it is not
    installed.
    """
    places = [one for name in names for one in family.outcomes[name].values()]
    scores = {score for one in places for score in one.scores.values()}
    with suppress(GenbenchError):  # of a plugin that is not here no bound is known
        metric = registry.load("metrics", base_name(family.metric).partition("@")[0])
        highest = min([metric.highest, *(one.possible for one in places if not math.isnan(one.possible))])
        return scores in ({metric.lowest}, {highest})
    return False


def _primary(records: pd.DataFrame, metrics: Sequence[str], directions: Mapping[str, Better]) -> str:
    """The first metric of the records that has a better direction; nothing where none has."""
    directed = {base_name(metric) for metric in metrics if directions[metric] != "neither"}
    return next((name for name in columns.metric_names(records) if name in directed), "")


def _outcomes(rows: list[Row], metric: str) -> Outcomes:
    rows = sorted(rows, key=lambda row: int(row["seed"]))
    scores = {int(row["seed"]): score for row in rows if (score := _score(row, metric)) is not None}
    possible = (
        [row.get("settings.data.modes", math.nan) for row in rows]
        if metric.partition("@")[0].partition(" ")[0] in COUNTS
        else []
    )
    return Outcomes(
        statuses={
            int(row["seed"]): UNSCORED
            if row["status"] == "finished" and int(row["seed"]) not in scores
            else row["status"]
            for row in rows
        },
        scores=scores,
        starts={
            int(row["seed"]): f"{row['batches_hash']} {row['generator_hash']}"
            if row["batches_hash"] and row["generator_hash"]
            else ""
            for row in rows
        },
        possible=float(possible[0]) if possible else math.nan,
    )


def _score(row: Row, metric: str) -> float | None:
    """The finite value of a finished trial."""
    return float(row[metric]) if row["status"] == "finished" and math.isfinite(row[metric]) else None


def _tried(rows: list[Row], metric: str) -> list[Row]:
    """The trials that have the number or could not have it; none where some finished and were not scored so."""
    name, _, key = metric.removesuffix("]").partition(" [")

    def is_scored(row: Row) -> bool:
        own = row.get(f"protocol.{name}")
        return name in row["metrics"].split(",") and key in ("", own if isinstance(own, str) else "unknown")

    finished = [is_scored(row) for row in rows if row["status"] == "finished"]
    return (
        [row for row in rows if row["status"] != "finished" or is_scored(row)] if any(finished) or not finished else []
    )


def _better(records: pd.DataFrame, metric: str) -> Better:
    """The direction that the records know of a metric; of older records the installed metric's, `neither` where it is
    not installed.
    """
    name = base_name(metric)
    column = f"better.{name}"
    known = set(records[column].dropna()) if column in records else set()
    if not known:
        with suppress(GenbenchError):  # of a plugin that is not here no direction is known
            known = {registry.load("metrics", name.partition("@")[0]).better}
    return cast(Better, known.pop()) if len(known) == 1 else "neither"
