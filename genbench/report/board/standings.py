"""Who stands where: trials judged where they may be compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from genbench.config.nested import flatten
from genbench.report.board.merging import Merged, key_of, mark_of, primary
from genbench.report.board.sources import Entry
from genbench.report.stats import contenders, judgement, outcomes, protocols, statistics
from genbench.report.stats.verdict import Verdict
from genbench.trial import collected

OWN = ("method", "evaluate")
"""Sections of settings in which contenders may differ: the first is theirs, the second is in the protocol of a number.
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One contender in one comparison."""

    method: str
    mean: float
    sd: float
    seeds: int
    """With a score."""
    ended: str
    """How its other trials ended, in words."""
    standing: str
    images: float
    updates: float
    train_seconds: float
    studies: tuple[int, ...]
    """Numbers of the sources that its trials are in."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Contenders that were trained under the same conditions and scored under one protocol."""

    dataset: str
    metric: str
    better: str
    key: str
    """Of the protocol."""
    numerics: str
    arithmetic: str
    """How its trials computed."""
    is_alike: bool
    """Whether all computed in one way."""
    conditions: Mapping[str, Any]
    """Settings that all share and not all comparisons do."""
    rows: tuple[Row, ...]
    """The best first."""
    smoke: bool
    """Whether trials of a study's small size are in it."""

    @property
    def answer(self) -> str:
        """Who wins."""
        if len(self.rows) == 1:
            return f"{self.rows[0].method} alone"
        best = [row.method for row in self.rows if row.standing in (WINS, FIRST)]
        if any(row.standing == WINS for row in self.rows):
            return f"{best[0]} wins"
        return f"{best[0]} leads, undecided against {', '.join(best[1:])}" if len(best) > 1 else "undecided"


WINS, FIRST, ALONE, OPEN = "wins", "among the best", "nobody to compare with", "too few seeds"


def comparisons(trials: Merged) -> list[Comparison]:
    """Every comparison that the trials allow, by data set; those with most contenders first."""
    groups: dict[str, list[Entry]] = {}
    for entry in trials.entries:
        groups.setdefault(_conditions(entry, small=mark_of(entry) in trials.smoke), []).append(entry)
    shared = _varying([_settings(entries[0]) for entries in groups.values()])
    found = [one for entries in groups.values() for one in _compared(entries, trials, shared)]
    return sorted(found, key=lambda one: (one.smoke, one.dataset, -len(one.rows)))


def frame(found: Sequence[Comparison]) -> pd.DataFrame:
    """The rows of all comparisons as a table, numbers in full."""
    return pd.DataFrame(
        [
            {
                "data set": one.dataset,
                "conditions": words(one.conditions),
                "metric": one.metric,
                "better": one.better,
                "protocol": one.key,
                "numerics": one.numerics,
                "arithmetic": one.arithmetic,
                "method": row.method,
                "mean": row.mean,
                "sd": row.sd,
                "seeds": row.seeds,
                "other trials": row.ended,
                "standing": row.standing,
                "images": row.images,
                "updates": row.updates,
                "train_seconds": row.train_seconds,
                "small size": one.smoke,
            }
            for one in found
            for row in one.rows
        ]
    )


def words(conditions: Mapping[str, Any]) -> str:
    """Settings in words."""
    return ", ".join(f"{key}={_short(value)}" for key, value in conditions.items())


def _compared(entries: Sequence[Entry], trials: Merged, shared: Sequence[str]) -> Iterable[Comparison]:
    """The comparisons of trials under the same conditions: one for each metric that is the primary one of any of them,
    and each protocol of it.
    """
    wanted = dict.fromkeys(
        (metric, key)
        for entry in entries
        if (metric := primary(entry.record)) and (key := key_of(entry.record, metric))
    )
    for metric, key in wanted:
        own = [entry for entry in entries if not entry.record.metrics or key_of(entry.record, metric) == key]
        yield from _compared_on(metric, key, own, trials, shared)


def _compared_on(
    metric: str, key: str, entries: Sequence[Entry], trials: Merged, shared: Sequence[str]
) -> Iterable[Comparison]:
    """The comparison of trials that have a number under one protocol, and of those that could not have it."""
    records = collected.frame([entry.record for entry in entries])
    records = records.drop(columns=[name for name in records if str(name).startswith("settings.evaluate.")])
    families = [one for one in outcomes.families(records) if one.metric == metric]
    named = contenders.name(records).records
    own = dict(list(named.groupby("contender", sort=False)))
    marks = {f"{entry.record.id}{entry.trial.label}": mark_of(entry) for entry in entries}
    judged = judgement.judge(families)
    for family in families:
        rows = []
        for contender, conditions in family.outcomes.items():
            (outcome,) = list(conditions.values())[:1]
            values = pd.Series(outcome.scores.values(), dtype=float).to_numpy()
            mine = own[contender]
            numbers = sorted(
                {
                    number
                    for row in mine.to_dict("records")
                    for number in trials.places[marks[f"{row['id']}{row['label']}"]]
                }
            )
            ends = {status: outcome.count(status) for status in ("diverged", "unscored", "failed", "interrupted")}
            rows.append(
                Row(
                    method=str(contender),
                    mean=statistics.mean(values),
                    sd=statistics.sd(values),
                    seeds=len(values),
                    ended=", ".join(f"{count} {status}" for status, count in ends.items() if count),
                    standing=_standing(str(contender), judged),
                    images=float(mine["images"].mean()),
                    updates=float(mine["updates"].mean()),
                    train_seconds=float(mine["train_seconds"].mean()),
                    studies=tuple(numbers),
                )
            )
        settings = _settings(entries[0])
        yield Comparison(
            dataset=family.dataset,
            metric=metric,
            better=family.better,
            key=key,
            numerics=_numerics(entries[0]),
            arithmetic=protocols.arithmetic(records),
            is_alike=not protocols.unlike_arithmetic(records),
            conditions={key: settings[key] for key in shared if settings.get(key) is not None},
            rows=tuple(sorted(rows, key=lambda row: _order(row, family.better))),
            smoke=mark_of(entries[0]) in trials.smoke,
        )


def _standing(contender: str, judged: Sequence[Verdict]) -> str:
    """What the verdicts on all its pairs say of a contender."""
    mine = [(one, one.a == contender) for one in judged if contender in (one.a, one.b)]
    if not mine:
        return ALONE
    better = [one for one, first in mine if one.verdict == ("better" if first else "worse")]
    worse = [one.b if first else one.a for one, first in mine if one.verdict == ("worse" if first else "better")]
    if worse:
        return f"worse than {', '.join(worse)}"
    if len(better) == len(mine):
        return WINS
    words = {one.verdict for one, _ in mine}
    if words <= {"none", "no information"}:
        return OPEN if "none" in words else "no information"
    return FIRST


def _order(row: Row, better: str) -> float:
    """Where a row stands: by its mean, the best first, those without a score last."""
    if not row.seeds:
        return float("inf")
    return row.mean if better == "lower" else -row.mean


def _conditions(entry: Entry, *, small: bool) -> str:
    """Equal for trials that may be compared: on the same data, by the same core, under all the same settings but those
    of the method and of the evaluation.
    """
    trial = entry.trial
    same = [trial.dataset, entry.record.data_hash, trial.architecture, _settings(entry), _numerics(entry), small]
    return json.dumps(same, sort_keys=True)


def _settings(entry: Entry) -> dict[str, Any]:
    settings = {key: value for key, value in entry.trial.settings.items() if key not in OWN}
    return {"net": entry.trial.architecture, **flatten(settings)}


def _numerics(entry: Entry) -> str:
    """The numerics revisions that are not the method's own, in words."""
    own = {name: number for name, number in entry.trial.numerics.items() if name != "method"}
    return ", ".join(f"{name} {number}" for name, number in sorted(own.items())) or "unknown"


def _varying(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys that do not have one value in all."""
    keys = dict.fromkeys(key for one in settings for key in one)
    return [key for key in keys if len({json.dumps(one.get(key)) for one in settings}) > 1]


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
