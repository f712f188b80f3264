"""Who stands where: the trials of several people's studies, merged by id, and judged where they may be compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from genbench.config.settings import flatten
from genbench.report.board.sources import Entry, Source
from genbench.report.stats import contenders, judgement, outcomes, statistics
from genbench.report.stats.verdict import Verdict
from genbench.trial import record
from genbench.trial.record import FINAL, Record

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


@dataclass(frozen=True, kw_only=True)
class Merged:
    """The trials of all sources, each once."""

    entries: Sequence[Entry]
    smoke: frozenset[str]
    """Ids of trials of a study's small size."""
    places: Mapping[str, tuple[int, ...]]
    """A trial's id to the numbers of the sources that have it."""
    copies: int
    unlike: tuple[str, ...]
    """A line for every trial of which two sources have unlike records; the first named counts."""


def merged(sources: Sequence[Source]) -> Merged:
    """The trials of some sources: a copy counts once."""
    kept: dict[str, tuple[int, Entry]] = {}
    places: dict[str, list[int]] = {}
    smoke: dict[str, bool] = {}
    copies, unlike = 0, []
    for number, source in enumerate(sources):
        for entry in source.entries:
            mark = _mark(entry)
            smoke[mark] = smoke.get(mark, True) and source.smoke
            if number not in places.setdefault(mark, []):
                places[mark].append(number)
            first, other = kept.get(mark, (number, entry))
            if mark in kept:
                copies += 1
                if _is_settled(entry.record) and _is_settled(other.record) and _differ(entry.record, other.record):
                    unlike.append(_unlike(sources[first], other, source, entry))
            if mark not in kept or (_is_settled(entry.record) and not _is_settled(other.record)):
                kept[mark] = number, entry
    return Merged(
        entries=[entry for _, entry in kept.values()],
        smoke=frozenset(mark for mark, small in smoke.items() if small),
        places={mark: tuple(numbers) for mark, numbers in places.items()},
        copies=copies,
        unlike=tuple(unlike),
    )


def comparisons(trials: Merged) -> list[Comparison]:
    """Every comparison that the trials allow, by data set; those with most contenders first."""
    groups: dict[str, list[Entry]] = {}
    for entry in trials.entries:
        groups.setdefault(_conditions(entry, small=_mark(entry) in trials.smoke), []).append(entry)
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
        (metric, key) for entry in entries if (metric := _primary(entry.record)) and (key := _key(entry.record, metric))
    )
    for metric, key in wanted:
        own = [entry for entry in entries if not entry.record.metrics or _key(entry.record, metric) == key]
        yield from _compared_on(metric, key, own, trials, shared)


def _compared_on(
    metric: str, key: str, entries: Sequence[Entry], trials: Merged, shared: Sequence[str]
) -> Iterable[Comparison]:
    """The comparison of trials that have a number under one protocol, and of those that could not have it."""
    records = record.frame([entry.record for entry in entries])
    records = records.drop(columns=[name for name in records if str(name).startswith("settings.evaluate.")])
    families = [one for one in outcomes.families(records) if one.metric == metric]
    named = contenders.name(records).records
    own = dict(list(named.groupby("contender", sort=False)))
    marks = {f"{entry.record.id}{entry.trial.label}": _mark(entry) for entry in entries}
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
            conditions={key: settings[key] for key in shared if settings.get(key) is not None},
            rows=tuple(sorted(rows, key=lambda row: _order(row, family.better))),
            smoke=_mark(entries[0]) in trials.smoke,
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
    return OPEN if all(one.verdict == "none" for one, _ in mine) else FIRST


def _order(row: Row, better: str) -> float:
    """Where a row stands: by its mean, the best first, those without a score last."""
    if not row.seeds:
        return float("inf")
    return row.mean if better == "lower" else -row.mean


def _primary(one: Record) -> str:
    """A record's first metric that has a better direction."""
    return next((name for name in one.metrics if one.better.get(name, "neither") != "neither"), "")


def _key(one: Record, metric: str) -> str:
    """The key of the protocol of a record's number; nothing where it has no such number."""
    return one.protocol.get(metric, "unknown") if metric in one.metrics else ""


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


def _mark(entry: Entry) -> str:
    """A word that a trial's copies have in common: it is trained and scored in the same way on the same data."""
    primary = _primary(entry.record)
    scored = f"{primary} {_key(entry.record, primary)}" if primary else ""
    return f"{entry.trial.label} {entry.trial.id} {entry.record.data_hash} {scored}"


def _is_settled(one: Record) -> bool:
    return one.status in FINAL


def _differ(one: Record, other: Record) -> bool:
    """Whether two records of one trial say unlike things where both say something."""
    common = set(one.metrics) & set(other.metrics)
    numbers = [name for name in common if one.protocol.get(name) == other.protocol.get(name)]
    same = all(one.metrics[name] == other.metrics[name] for name in numbers)
    return not same or (one.status, one.images, one.updates) != (other.status, other.images, other.updates)


def _unlike(source: Source, one: Entry, other_source: Source, other: Entry) -> str:
    return (
        f"{one.trial.label} on {one.trial.dataset}, seed {one.trial.seed} ({one.trial.id}) came out otherwise in"
        f" {other_source.person} ({_where(other.record)}) than in {source.person} ({_where(one.record)}); the latter"
        " counts"
    )


def _where(one: Record) -> str:
    values = ", ".join(f"{name} {value:.4g}" for name, value in list(one.metrics.items())[:1])
    return ", ".join(filter(None, (values or one.status, f"torch {one.torch_version}", one.device)))


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
