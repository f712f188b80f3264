"""A study as a folder for others: its page, records, trials with their samples, the study's file, where it ran, and the
hashes of all that.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from genbench import files
from genbench.errors import GenbenchError
from genbench.report import contents
from genbench.report.board import manifest
from genbench.report.contents import Report
from genbench.report.formats import formats
from genbench.report.formats.formats import FIGURES
from genbench.trial import about
from genbench.trial.json_file import write_json
from genbench.trial.lock import check_links
from genbench.trial.record import trial_directories

KIND = "study"
KEPT = ("trial.json", "record.json", "metrics.jsonl")
"""Files of a trial that are published, and its samples; checkpoints, logs and locks are not."""
WHERE = ("genbench_version", "torch_version", "python_version", "origin", "git_commit", "device", "threads", "world")
"""Columns of a record that say where its trial ran."""


class Published(NamedTuple):
    """What was written."""

    folder: Path
    sha256: str
    """Of the manifest: who knows it knows every file."""
    problems: tuple[str, ...]
    """A line for every figure that could not be drawn."""


def publish(study: Path, folder: Path) -> Published:
    """Write a study's folder for others, the same bytes every time. Raises GenbenchError where a file of a trial is
    damaged, where nothing has finished, and where the folder holds anything that would be lost.
    """
    manifest.check_replaceable(folder, KIND)
    report = contents.of(study)
    if report.damaged:
        raise GenbenchError(f"{report.damaged[0]}; what is damaged is not published")
    made = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(made, ignore_errors=True)
    try:
        made.mkdir(parents=True)
        problems = _write(study, report, made)
        digest = manifest.write(made, KIND)
        manifest.put_in_place(made, folder)
    except OSError as error:
        raise GenbenchError(
            f"{folder} cannot be written: {error.strerror or error}; name another folder with -o"
        ) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return Published(folder, digest, tuple(problems))


def _write(study: Path, report: Report, made: Path) -> Sequence[str]:
    """Write everything but the manifest; return what could not be drawn."""
    written = formats.write(report, ["html"], made)
    shutil.rmtree(made / FIGURES)
    os.replace(made / "report.html", made / "index.html")
    _put(made / "records.csv", report.records.to_csv(index=False).encode())
    write_json({"study": study.name, "records": _plain(report.records)}, made / "records.json")
    write_json({"trials": _where(report.records)}, made / "environment.json")
    if (study / "study.json").exists():
        _put(made / "study.json", files.read_bytes(study / "study.json"))
    if text := about.read(study).file:
        _put(made / "study.yaml", text.encode())
    for directory in trial_directories(study):
        check_links(directory)
        if not (directory / "record.json").exists():
            continue  # it has not ended: there is nothing of it to show
        place = made / "trials" / directory.name
        place.mkdir(parents=True)
        for name in KEPT:
            if (directory / name).exists():
                _put(place / name, files.read_bytes(directory / name))
        for picture in sorted((directory / "samples").glob("*.png")):
            (place / "samples").mkdir(exist_ok=True)
            _put(place / "samples" / picture.name, files.read_bytes(picture))
    return written.problems


def _plain(records: pd.DataFrame) -> list[Mapping[str, Any]]:
    """The records as plain data, numbers in full, what a record lacks left out."""
    rows: list[Mapping[str, Any]] = json.loads(records.to_json(orient="records", double_precision=15))
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def _where(records: pd.DataFrame) -> Mapping[str, Mapping[str, Any]]:
    """Where every trial ran, by its id."""
    own = records[["id", *(name for name in WHERE if name in records)]]
    return {str(row.pop("id")): row for row in json.loads(own.to_json(orient="records"))}


def _put(path: Path, content: bytes) -> None:
    with files.creating(path) as file:
        file.write(content)
