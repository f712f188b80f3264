"""The columns of records: which are metrics, and which are settings that vary."""

from __future__ import annotations

import dataclasses

import pandas as pd

from genbench.config.settings import DataSettings, ResourceSettings, Settings, TrainSettings

RUNNING = tuple(
    f"settings.{prefix}{f.name}"
    for prefix, config in (
        ("", Settings),
        ("data.", DataSettings),
        ("train.", TrainSettings),
        ("resources.", ResourceSettings),
    )
    for f in dataclasses.fields(config)
    if not f.metadata.get("numbers", True)
)
"""Columns of settings that determine no number."""
NUMERICS = "settings.method.numerics"
"""The column of a study that mixes trials of several numerics revisions, which are contenders of their own."""


def metric_names(records: pd.DataFrame) -> list[str]:
    """The metrics that any of the records has, in the order in which they first come."""
    names = (name for listed in records["metrics"] for name in listed.split(",") if name)
    return list(dict.fromkeys(names))


def varying_settings(records: pd.DataFrame) -> list[str]:
    """The columns of settings that take more than one value within one method on one data set."""
    columns = [name for name in records.columns if name.startswith("settings.") and name not in RUNNING]
    found = []
    for name in columns:
        values = records[name].map(lambda value: tuple(value) if isinstance(value, list) else value)
        if (
            values.nunique(dropna=False) > 1
            and (values.groupby([records["dataset"], records["method"]]).nunique(dropna=False) > 1).any()
        ):
            records[name] = values
            found.append(name)
    if records.groupby(["dataset", "method"])["architecture"].nunique().gt(1).any():
        found.insert(0, "architecture")
    numerics = made_under(records)
    if numerics.groupby([records["dataset"], records["method"]]).nunique().gt(1).any():
        records[NUMERICS] = numerics
        found.append(NUMERICS)
    return found


def made_under(records: pd.DataFrame) -> pd.Series:
    """The numerics revisions of every trial in words, those alone that are not the same for all."""
    revisions = [name for name in records.columns if name.startswith("numerics.")]
    columns = [name for name in revisions if records[name].nunique(dropna=False) > 1]
    words = pd.Series("", index=records.index)
    for name in columns:
        said = records[name].map(lambda value: "unknown" if pd.isna(value) else f"{int(value)}")
        words += f"{name.partition('.')[2]}:" + said + ","
    return words.str.rstrip(",")
