"""Who is compared with whom, and where: contenders, and the conditions that they share."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from genbench.report.stats import columns


@dataclass(frozen=True, kw_only=True)
class Field:
    """The trials of a study with the names of what is compared."""

    records: pd.DataFrame
    """With the columns `label` (method or method/variant), `contender` (that, and its own settings that vary) and
    `condition` (the others)."""
    shared: Sequence[str]
    """Columns of settings that vary for all contenders alike."""
    own: Sequence[str]
    """Columns of settings that vary within a method."""


def name(records: pd.DataFrame, *, whole_methods: bool = False) -> Field:
    """The records with their contenders and conditions in words: `gram lr=0.001`, `latent=2 width=20`.

    whole_methods: a method is one contender, and its own settings that vary are conditions as the others are.
    """
    named = records.copy()
    named["label"] = labels(records)
    table = named.assign(method=named["label"])
    varying = columns.varying_settings(table)
    named[varying] = table[varying]
    own = [column for column in varying if column.startswith("settings.method.")]
    shared = [column for column in varying if column not in own]
    if whole_methods:
        shared, own = varying, []
    of_method = {
        label: [column for column in own if rows[column].nunique(dropna=False) > 1]
        for label, rows in named.groupby("label")
    }
    named["contender"] = [
        " ".join([row["label"], *_words(row, of_method[row["label"]])]) for row in named.to_dict("records")
    ]
    named["condition"] = [" ".join(_words(row, shared)) for row in named.to_dict("records")]
    return Field(records=named, shared=shared, own=own)


def labels(records: pd.DataFrame) -> pd.Series:
    """The methods as they are written on the command line, `method` or `method/variant`."""
    return records["method"] + records["variant"].where(records["variant"] == "", "/" + records["variant"])


def _words(row: Mapping[Hashable, Any], columns: Sequence[str]) -> list[str]:
    return [
        f"{column.rpartition('.')[2]}={_value(row[column])}"
        for column in columns
        if not (isinstance(row[column], float) and pd.isna(row[column]))
    ]


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
