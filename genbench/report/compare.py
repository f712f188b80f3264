"""Two sets of trials beside each other: what is the same, what differs, and verdicts where their numbers may be
compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import pandas as pd

from genbench.errors import GenbenchError
from genbench.report.stats import columns, contenders, judgement, protocols
from genbench.report.stats.judgement import Verdict

VERSIONS = ("genbench_version", "torch_version", "python_version", "origin", "git_commit", "device", "threads", "world")
TRIALS = ("method", "variant", "dataset", "architecture", "seed")
SHOWN = 8
"""Values of one setting that are listed."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two sets."""

    name: str
    """What it is called: A or B, say."""
    records: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class Field:
    """One thing about both sets, in words."""

    group: str
    """trials, settings, data, protocol or versions."""
    name: str
    a: str
    b: str

    @property
    def same(self) -> bool:
        """Whether both sets agree."""
        return self.a == self.b


@dataclass(frozen=True, kw_only=True)
class Differences:
    """What came of putting two sets beside each other."""

    fields: Sequence[Field]
    verdicts: Sequence[Verdict]
    promise: Sequence[str]
    """What is promised of these, in lines."""
    refused: Sequence[str]
    """Lines about what was not compared, and why."""


def between(a: Side, b: Side) -> Differences:
    """Everything that is the same and that differs. Raises GenbenchError when a set has no record."""
    for side in (a, b):
        if side.records.empty:
            raise GenbenchError(f"{side.name} has no record yet: no trial of it has ended")
    fields = [
        *_values(a, b, "trials", TRIALS),
        *_values(a, b, "data", ["data_hash"]),
        *_settings(a, b),
        *_protocols(a, b),
        *_values(a, b, "versions", VERSIONS),
    ]
    found: list[Verdict] = []
    refused: list[str] = []
    for dataset in dict.fromkeys([*a.records["dataset"], *b.records["dataset"]]):
        ours, theirs = (replace(side, records=side.records[side.records["dataset"] == dataset]) for side in (a, b))
        if ours.records.empty or theirs.records.empty:
            refused.append(f"{dataset}: only {b.name if ours.records.empty else a.name} was run on it")
            continue
        judged, lines = _judge(ours, theirs, str(dataset))
        found += judged
        refused += lines
    return Differences(fields=fields, verdicts=found, promise=_promise(found), refused=refused)


def _promise(found: Sequence[Verdict]) -> list[str]:
    """Over what p are adjusted, in a line; nothing where no verdict was possible."""
    judged = [one for one in found if one.comparisons and one.better != "neither"]
    if not judged:
        return []
    primary, secondary = (
        ", ".join(dict.fromkeys(one.metric for one in judged if one.role == role)) for role in ("primary", "secondary")
    )
    named = f"primary metric: {primary}" + (f"; secondary: {secondary}" if secondary else "")
    return [
        f"{named}; p are adjusted within one metric and one pair of methods on one data set, a family of"
        f" {max(one.comparisons for one in judged)}, so there is no promise over several. The report of a study adjusts"
        " over all pairs of its methods on all its data sets: where it has more of these, the same pair has a larger p"
        " and a wider interval there. A pair that was picked from a study because it looked best has a p that is too"
        " small: the one that counts is in the study's report"
    ]


def _judge(a: Side, b: Side, dataset: str) -> tuple[list[Verdict], list[str]]:
    """Verdicts on one data set, method by method, and what was not compared."""
    if different := _different_data(a, b):
        return [], [f"{dataset}: {different}"]
    pairs = _pairs(a, b)
    if not pairs:
        return [], [f"{dataset}: {a.name} and {b.name} have no method in common; name one of each, STUDY:METHOD"]
    found: list[Verdict] = []
    refused: list[str] = []
    for ours, theirs in pairs:
        both = pd.concat(
            [_renamed(a, ours, same=ours == theirs), _renamed(b, theirs, same=ours == theirs)], ignore_index=True
        )
        own = set(both["method"].iloc[: int((_labels(a.records) == ours).sum())])
        found += [one for one in judgement.verdicts(both) if _is_of(one.a, own) != _is_of(one.b, own)]
        refused += protocols.notes(both, columns.metric_names(both)) + protocols.unlike_arithmetic(both)
        if not (both["status"] == "finished").any():
            refused.append(f"{dataset}: no trial of {ours} or {theirs} has finished: {_counts(both)}")
        for metric in columns.metric_names(both):
            lacking = [
                side.name
                for side, label in ((a, ours), (b, theirs))
                if _is_scored_otherwise(side.records[_labels(side.records) == label], metric)
            ]
            refused += [f"{dataset}, {metric}: {name} was not scored by it" for name in lacking]
    return found, list(dict.fromkeys(refused))


def _is_scored_otherwise(records: pd.DataFrame, metric: str) -> bool:
    """Whether trials finished and were not scored by a metric."""
    return bool((records["status"] == "finished").any()) and metric not in columns.metric_names(records)


def _counts(records: pd.DataFrame) -> str:
    """How trials ended: `4 diverged, 1 failed`."""
    return ", ".join(f"{count} {status}" for status, count in records["status"].value_counts().items())


def _pairs(a: Side, b: Side) -> list[tuple[str, str]]:
    """Who is compared with whom: each method with itself, or the only one of each set."""
    ours, theirs = (list(dict.fromkeys(_labels(side.records))) for side in (a, b))
    if len(ours) == len(theirs) == 1:
        return list(product(ours, theirs))
    return [(label, label) for label in ours if label in theirs]


def _different_data(a: Side, b: Side) -> str:
    """Why numbers on the data of two sets cannot be compared, or nothing."""
    hashes = [{value for value in side.records["data_hash"] if value} for side in (a, b)]
    return "not compared: the data differ (different hashes)" if all(hashes) and hashes[0] != hashes[1] else ""


def _renamed(side: Side, label: str, *, same: bool) -> pd.DataFrame:
    """The trials of one method, under a name that tells both sets apart."""
    own = side.records[_labels(side.records) == label]
    name = f"{label} ({side.name})" if same else label
    return own.assign(method=name, variant="")


def _is_of(contender: str, methods: set[str]) -> bool:
    """Whether a contender is one of those methods, with or without settings behind its name."""
    return any(contender == method or contender.startswith(f"{method} ") for method in methods)


def _labels(records: pd.DataFrame) -> pd.Series:
    return contenders.labels(records)


def _settings(a: Side, b: Side) -> Iterator[Field]:
    names = dict.fromkeys([*a.records.columns, *b.records.columns])
    chosen = [name for name in names if name.startswith("settings.") and name not in columns.RUNNING]
    for field in _values(a, b, "settings", chosen):
        yield replace(field, name=field.name.removeprefix("settings."))


def _values(a: Side, b: Side, group: str, names: Sequence[str]) -> Iterator[Field]:
    """What the columns hold on both sides; those that hold nothing on either are left out."""
    for name in names:
        words = [_distinct(side.records[name]) if name in side.records else "–" for side in (a, b)]
        if set(words) != {"–"}:
            yield Field(group=group, name=name, a=words[0], b=words[1])


def _protocols(a: Side, b: Side) -> Iterator[Field]:
    """How the trials computed, and the protocol of every metric, field by field where both have one."""
    yield Field(
        group="protocol", name="arithmetic", a=protocols.arithmetic(a.records), b=protocols.arithmetic(b.records)
    )
    metrics = dict.fromkeys([*columns.metric_names(a.records), *columns.metric_names(b.records)])
    for metric in metrics:
        column = f"protocol.{metric}"
        keys = [list(dict.fromkeys(side.records[column].dropna())) if column in side.records else [] for side in (a, b)]
        if not keys[0] and not keys[1]:
            continue
        yield Field(group="protocol", name=metric, a=", ".join(keys[0]) or "–", b=", ".join(keys[1]) or "–")
        if keys[0] != keys[1] and keys[0] and keys[1]:
            ways = [protocols.in_full(side.records, own[0]) for side, own in zip((a, b), keys, strict=True)]
            for name, values in protocols.differences(ways).items():
                yield Field(
                    group="protocol",
                    name=f"{metric}: {name.replace('_', ' ')}",
                    a=_word(values[0]),
                    b=_word(values[-1]),
                )


def _distinct(column: pd.Series) -> str:
    """The values of a column in words."""
    found = list(dict.fromkeys(_word(value) for value in column))
    said = [value for value in found if value != "–"]
    if not said:
        return "–"
    if len(found) > 1:
        said = sorted(said, key=lambda word: (len(word), word))
    return ", ".join(said[:SHOWN]) + (f", … ({len(said)} values)" if len(said) > SHOWN else "")


def _word(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{','.join(map(str, value))}]"
    if value is None or value == "" or (isinstance(value, float) and pd.isna(value)):
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)
