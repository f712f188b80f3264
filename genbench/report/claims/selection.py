"""The trials that a claim is about, as families of outcomes in which every method is one contender."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pandas as pd

from genbench.config.settings import RESERVED
from genbench.report.claims.claim import Claim
from genbench.report.stats import contenders
from genbench.report.stats.outcomes import Family, base_name, families


class Place(NamedTuple):
    """The trials of one data set that a part of a claim is about."""

    words: str
    """` on cifar10`; empty where there is one data set."""
    records: pd.DataFrame
    family: Family | None
    """Their outcomes on the claim's metric; None where there are none to look at."""
    why: str = ""
    """Why there are none."""


def places(claim: Claim, records: pd.DataFrame, labels: Sequence[str]) -> Iterator[Place]:
    """The trials of some methods that the claim's `where` lets through, for every data set that any of them ran on.

    A single method's are there under every condition, those of several under each where any of them has a score.
    """
    own = trials(claim, records, labels)
    if own.empty:
        where = f" with {claim.tested.partition(', where ')[2]}" if claim.where else ""
        yield Place("", own, None, f"no trial of {' or '.join(labels)}{where} has ended")
        return
    datasets = list(dict.fromkeys(own["dataset"]))
    for dataset in datasets:
        there = own[own["dataset"] == dataset].reset_index(drop=True)
        words = f" on {dataset}" if len(datasets) > 1 else ""
        family, why = _family(there, claim.metric, labels)
        yield Place(words, there, family, why)


def trials(claim: Claim, records: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """The records of some methods that the claim's `where` lets through."""
    if records.empty:
        return records
    named = contenders.labels(records)
    parts = [_matching(records[named == label], claim, label.partition("/")[0]) for label in labels]
    return pd.concat(parts).sort_index()


def column(key: str, method: str) -> str:
    """The column of records that holds a setting of the command line, for trials of a method; empty where the setting
    is another method's.
    """
    root, _, rest = key.partition(".")
    if key in ("dataset", "net"):
        return {"dataset": "dataset", "net": "architecture"}[key]
    if root in (method, "method"):
        return f"settings.method.{rest}"
    if root not in RESERVED:
        return ""
    return "settings.features.name" if key == "features" else f"settings.{key}"


def position(values: Sequence[Any], value: object) -> int | None:
    """The place of a value in a list, however lists and missing values are kept; None where it is not there."""
    known = [_plain(one) for one in values]
    return known.index(_plain(value)) if _plain(value) in known else None


def _family(records: pd.DataFrame, metric: str, labels: Sequence[str]) -> tuple[Family | None, str]:
    """The outcomes of one metric, or why there are none that may be looked at."""
    every = families(records, whole_methods=True, every_condition=len(labels) == 1)
    found = [one for one in every if base_name(one.metric) == metric]
    named = set(contenders.labels(records))
    for label in labels:
        if label not in named:
            return None, f"no trial of {label} has ended"
    if not found:
        return None, f"no trial has a score of {metric}"
    if len(found) > 1:
        return None, f"{metric} was made under different protocols"
    for label in labels:
        if label not in found[0].outcomes:
            return None, f"no trial of {label} was scored by {metric}"
    return found[0], ""


def _matching(records: pd.DataFrame, claim: Claim, method: str) -> pd.DataFrame:
    for key, values in claim.where.items():
        if name := column(key, method):
            known = records[name] if name in records else [None] * len(records)
            records = records[[position(values, value) is not None for value in known]]
    return records


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return tuple(value)
    return None if value is None or (isinstance(value, float) and value != value) else value
