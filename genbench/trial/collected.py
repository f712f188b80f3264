"""The records of many trials: read from their folders, each trial's once, and as a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genbench.errors import GenbenchError
from genbench.trial import places
from genbench.trial.record import FINAL, Record, read, trial_directories
from genbench.trial.trial import Trial, age

if TYPE_CHECKING:
    from pandas import DataFrame


def load(path: str | Path) -> DataFrame:
    """The records at or below a path (a trial's folder, a study's, or a results folder) as a DataFrame, a row each.

    Raises GenbenchError when there is no such folder or when a record is damaged.
    """
    records, damaged = load_good(path)
    if damaged:
        raise GenbenchError(damaged[0])
    return records


def load_good(path: str | Path) -> tuple[DataFrame, list[str]]:
    """The records at or below a path that can be read, and what is wrong with each of the others; raises GenbenchError
    when there is no such folder.

    A copy of a trial counts once, and of a trial that was made again under newer numerics only the newer one.
    """
    path = Path(path)
    if not path.is_dir():
        raise GenbenchError(f"there is no folder {path}")
    found: dict[tuple[Path, str], list[tuple[Trial, Record, Path]]] = {}
    damaged = places.nameless(path)
    for directory in trial_directories(path):
        try:
            trial, record = Trial.read(directory), read(directory)
            places.check(directory, trial)
        except GenbenchError as error:
            damaged.append(str(error))
            continue
        if record is not None:
            found.setdefault((directory.parent, trial.question), []).append((trial, record, directory))
    records = []
    for same in found.values():
        try:
            records.append(_one_of(same))
        except GenbenchError as error:
            damaged.append(str(error))
    return frame(records), damaged


def _one_of(same: Sequence[tuple[Trial, Record, Path]]) -> Record:
    """The record that counts of those of one study that answer one question: the newest; raises GenbenchError where two
    of one id say unlike things.
    """
    ended = [entry for entry in same if entry[1].status in FINAL] or same
    newest = max(age(trial) for trial, _, _ in ended)
    newest_ones = [entry for entry in ended if age(entry[0]) == newest]
    _, record, directory = next((one for one in newest_ones if one[2].name == one[0].directory), newest_ones[0])
    for _, other, place in newest_ones:
        if _outcome(other) != _outcome(record):
            raise GenbenchError(
                f"{directory} and {place} hold one trial, {record.id}, with unlike records; remove the wrong one"
            )
    return record


def _outcome(record: Record) -> str:
    """What two records of one trial must agree in."""
    return json.dumps([record.status, record.images, record.updates, record.metrics, record.protocol], sort_keys=True)


def frame(records: list[Record]) -> DataFrame:
    """Records as a DataFrame, a row each."""
    import pandas as pd

    rows = [record.to_row() for record in records]
    for row in rows:
        row["metrics"], row["warnings"] = ",".join(row["metrics"]), "; ".join(row["warnings"])
    return pd.DataFrame(rows)
