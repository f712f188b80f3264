"""The records that a report is made of: those of a study's folder, or rows of a table that somebody has; in order."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from genbench.errors import GenbenchError
from genbench.report.stats import contenders
from genbench.trial.record import Record, trial_directories

NEEDED = ("method", "dataset", "seed", "status", "metrics")
"""Columns without which records say nothing."""
EMPTY = {f.name: f.default for f in dataclasses.fields(Record) if isinstance(f.default, str | int | float)}
"""What a column is where it is left out."""
NAMES = {"study": "records", "architecture": "", "trial": "", "id": ""}
"""The same of columns that every record has."""


def check_finished(folder: Path, records: pd.DataFrame, damaged: Sequence[str]) -> None:
    """Raise GenbenchError when a report would have nothing to say."""
    if not records.empty and (records["status"] == "finished").any():
        return
    counts = {} if records.empty else records["status"].value_counts().to_dict()
    words = [f"{count} {status}" for status, count in counts.items()] + (
        [f"{len(damaged)} with a damaged record ({damaged[0]})"] if damaged else []
    )
    left = _unended(folder)
    words += [f"{left} without a record"] if left else []
    raise GenbenchError(
        f"study {folder.name} has no finished trial to report: {', '.join(words) or 'no trial at all'}; see genbench"
        f" status {folder.name}"
    )


def ordered(records: pd.DataFrame) -> pd.DataFrame:
    """The records by data set and method, and within a method by the numeric settings that vary, smallest first."""
    named = contenders.name(records).records
    varying = [
        name for name in named.columns if name.startswith("settings.") and pd.api.types.is_numeric_dtype(named[name])
    ]
    return records.sort_values(["dataset", "method", "variant", *varying, "seed"], kind="stable", ignore_index=True)


def of_table(records: pd.DataFrame) -> pd.DataFrame:
    """Records as they were written, of a table that may have been through a CSV file, which does not know an empty text
    from none. Raises GenbenchError for what are no records, and where no trial has finished.
    """
    if lacking := [name for name in NEEDED if name not in records]:
        raise GenbenchError(
            f"these are no records: there is no column {', '.join(lacking)}; give what genbench.load or genbench.run"
            " returns, or pandas.read_csv of a records.csv"
        )
    found = records.reset_index(drop=True).copy()
    lost = {name: value for name, value in (EMPTY | NAMES).items() if name not in found}
    found = pd.concat([found, pd.DataFrame(lost, index=found.index)], axis=1)
    words = [name for name, value in (EMPTY | NAMES | dict.fromkeys(NEEDED, "")).items() if isinstance(value, str)]
    for name in (name for name in [*words, "warnings"] if name in found and name != "seed"):
        found[name] = found[name].astype(object).fillna("").astype(str)
    for name in (name for name in map(str, found.columns) if name.startswith("protocol.")):
        found[name] = found[name].map(str, na_action="ignore")
    if not (found["status"] == "finished").any():
        counts = ", ".join(f"{count} {status}" for status, count in found["status"].value_counts().items())
        raise GenbenchError(f"none of these records is of a finished trial: {counts or 'there is no row'}")
    return found


def _unended(folder: Path) -> int:
    """How many trials have no record."""
    return sum(not (directory / "record.json").exists() for directory in trial_directories(folder))
