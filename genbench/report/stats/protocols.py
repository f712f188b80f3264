"""Which numbers may be in one column: only those with the same protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

OF_THE_DATA = ("dataset", "content", "real_images")
"""Fields of a protocol that differ between data sets even where two numbers were made in the same way."""


def separate(records: pd.DataFrame, metrics: Iterable[str]) -> tuple[pd.DataFrame, list[str]]:
    """The records with numbers under different protocols in separate columns, and the names of the metrics' columns.

    The numbers of a metric are alike when those of one data set have one protocol, and those of several have protocols
    that differ only in the data. Any other metric becomes as many columns as it has protocols, `fid [<key>]`.
    """
    separated, columns = records.copy(), []
    for metric in metrics:
        keys = _keys(records, metric)
        if not _different(records, keys):
            columns.append(metric)
            continue
        for key in dict.fromkeys(keys.dropna()):
            columns.append(f"{metric} [{key}]")
            separated[columns[-1]] = records[metric].where(keys == key)
        separated = separated.drop(columns=metric)
    return separated, columns


def notes(records: pd.DataFrame, metrics: Iterable[str]) -> list[str]:
    """A line for every metric that is several columns: what the protocols differ in; and one for what was scored again
    in another way.
    """
    metrics = list(metrics)
    found: dict[str, list[str]] = {}
    for metric in metrics:
        keys = _keys(records, metric)
        if _different(records, keys):
            protocols = {key: in_full(records, key) for key in dict.fromkeys(keys.dropna())}
            differing = differences(protocols.values())
            ways = (
                f"[{key}] " + ", ".join(f"{name} {_short(protocol.get(name))}" for name in differing)
                for key, protocol in protocols.items()
            )
            found.setdefault("; ".join(ways), []).append(metric)
    return [
        f"not to be compared, made under different protocols: {', '.join(named)}: {ways}"
        for ways, named in found.items()
    ] + _again(records, metrics)


def _again(records: pd.DataFrame, metrics: Iterable[str]) -> list[str]:
    """Lines about numbers of trials that were scored again, `fid@<key>` or `fid@seed7`: what was different."""
    found: dict[str, list[str]] = {}
    for name in metrics:
        metric, *marks = name.split("@")
        if not marks:
            continue
        column, own = f"protocol.{metric}", f"protocol.{name}"
        here = records[records[own].notna()].iloc[0]
        ways = [f"evaluate.seed={mark.removeprefix('seed')}" for mark in marks if mark.startswith("seed")]
        if column in records and isinstance(here[column], str):
            different = differences([in_full(records, here[column]), in_full(records, here[own])])
            ways += [
                f"{field} {_short(values[-1])} instead of {_short(values[0])}" for field, values in different.items()
            ]
        found.setdefault(", ".join(ways), []).append(name)
    return [f"scored again: {', '.join(names)}: {ways}" for ways, names in found.items()]


def arithmetic(records: pd.DataFrame) -> str:
    """How the trials computed, as they recorded it; where they differ, each way with its number of trials. Of those of
    an older version it is not known; one that failed before it began says nothing.
    """
    told = _arithmetic(records)
    counts = (
        told.mask((told == "") & (records["status"] == "finished"), "not known")
        .replace("", None)
        .value_counts(sort=False)
    )
    if len(counts) < 2:
        return str(counts.index[0]) if len(counts) else "not known"
    return " and ".join(f"{words} ({count} {'trial' if count == 1 else 'trials'})" for words, count in counts.items())


def unlike_arithmetic(records: pd.DataFrame) -> list[str]:
    """A line where the trials computed in unlike ways."""
    if _arithmetic(records).replace("", None).nunique() < 2:
        return []
    return [f"computed in unlike arithmetic, which moves digits beside the seed: {arithmetic(records)}"]


def _arithmetic(records: pd.DataFrame) -> pd.Series:
    """How every trial computed, as it recorded it; empty where it did not."""
    return records["arithmetic"].fillna("") if "arithmetic" in records else pd.Series("", index=records.index)


def differences(protocols: Iterable[Mapping[str, Any]], ignored: Iterable[str] = ()) -> dict[str, list[Any]]:
    """The fields that have more than one value among the protocols, each with its values in order of appearance."""
    protocols = list(protocols)
    fields = [name for name in dict.fromkeys(name for one in protocols for name in one) if name not in set(ignored)]
    values = {name: list(dict.fromkeys(one.get(name) for one in protocols)) for name in fields}
    return {name: found for name, found in values.items() if len(found) > 1}


def _keys(records: pd.DataFrame, metric: str) -> pd.Series:
    """The key of every record's number; of a record from before there were protocols it is `unknown`, without a number
    it is missing.
    """
    column = f"protocol.{metric}"
    keys = records[column] if column in records else pd.Series(index=records.index, dtype=object)
    return keys.fillna("unknown").where(records[metric].notna())


def _different(records: pd.DataFrame, keys: pd.Series) -> bool:
    if bool((keys.groupby(records["dataset"]).nunique() > 1).any()):
        return True
    return bool(differences((in_full(records, key) for key in dict.fromkeys(keys.dropna())), ignored=OF_THE_DATA))


def in_full(records: pd.DataFrame, key: str) -> dict[str, Any]:
    """The protocol of that key, from whichever record has it."""
    prefix = f"protocols.{key}."
    columns = {name.removeprefix(prefix): records[name].dropna() for name in records.columns if name.startswith(prefix)}
    return {name: values.iloc[0] for name, values in columns.items() if len(values)}


def _short(value: Any) -> str:
    """A value for a line of text: a hash by its first digits."""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)[:12] if len(str(value)) == 64 else str(value) or "none"
