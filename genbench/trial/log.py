"""What a trial says while it runs: how far it has come, metrics.jsonl with its readers, and log.txt."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from genbench import files
from genbench.errors import DataError, GenbenchError
from genbench.trial.json_file import SEAL, seal
from genbench.trial.trial import Trial

if TYPE_CHECKING:
    from torch import Tensor

logger = logging.getLogger("genbench")

LARGEST = 2**30
"""Bytes of a log that are read at once: a million rows have fewer."""
Row = dict[str, Any]
"""One line of metrics.jsonl."""


@dataclass(kw_only=True)
class Progress:
    """How far a trial has come, on its three clocks."""

    images: int = 0
    updates: int = 0
    train_seconds: float = 0.0
    resumes: int = 0
    best_score: float | None = None
    """The best number so far of the metric that chooses, of the evaluations during training and at its end."""
    best_images: int = 0
    best_updates: int = 0


class Log:
    """metrics.jsonl: a row is appended by one write and never changed; a resumed trial does not repeat its rows.

    A row has the clocks and either the trainer's `values` or, of an evaluation during training, its `metrics`; and the
    id of its trial and a seal, so that it is taken for no other.
    """

    def __init__(self, directory: Path) -> None:
        """Raises DataError when a line of the file is no row of the folder's trial."""
        self._path, self._trial = directory / "metrics.jsonl", Trial.read(directory)
        self._last = {"values": 0, "metrics": 0}
        if self._path.exists():
            content = files.read_bytes(self._path)
            whole = content[: content.rfind(b"\n") + 1]
            if len(whole) < len(content):
                os.truncate(self._path, len(whole))
            for line in whole.splitlines():
                row = _row(line, self._path, self._trial)
                kind = "metrics" if "metrics" in row else "values"
                self._last[kind] = max(self._last[kind], row["updates"])

    def count(self, updates: int) -> int:
        """How many rows the file has of up to so many updates."""
        if not self._path.exists():
            return 0
        lines = files.read_bytes(self._path).splitlines()
        return sum(_row(line, self._path, self._trial)["updates"] <= updates for line in lines)

    def append(self, progress: Progress, values: Mapping[str, Tensor]) -> None:
        """Add a row of the trainer's values, unless an earlier attempt wrote the row of this update."""
        self._append(progress, "values", {name: float(value) for name, value in values.items()})

    def append_metrics(self, progress: Progress, metrics: Mapping[str, float]) -> None:
        """Add a row of an evaluation, unless an earlier attempt wrote the one of this update."""
        self._append(progress, "metrics", metrics)

    def sync(self) -> None:
        """Write the rows to the disk: a checkpoint must not outlive a row from before it, which would never be written
        again.
        """
        if self._path.exists():
            with files.reading(self._path) as file:
                os.fsync(file.fileno())

    def _append(self, progress: Progress, kind: str, numbers: Mapping[str, float]) -> None:
        if progress.updates <= self._last[kind]:
            return
        row: dict[str, Any] = {
            "time": time.time(),
            "images": progress.images,
            "updates": progress.updates,
            "train_seconds": round(progress.train_seconds, 6),
            kind: dict(numbers),
            "trial": self._trial.id,
        }
        files.append(self._path, json.dumps({**row, SEAL: seal(row)}).encode() + b"\n")
        self._last[kind] = progress.updates


class Tail:
    """The rows of a trial's metrics.jsonl as they come in."""

    def __init__(self, directory: Path) -> None:
        self._directory, self._path = directory, directory / "metrics.jsonl"
        self._trial: Trial | None = None
        self._offset = 0

    def rows(self) -> list[Row]:
        """The complete rows since the last call, each once; a last line that is still being written waits for the next
        call.

        Raises DataError for a complete line that is no row of the folder's trial, GenbenchError where its trial.json
        cannot be read.
        """
        if not self._path.exists():
            return []
        self._trial = trial = self._trial or Trial.read(self._directory)
        try:
            with files.reading(self._path) as file:
                if (size := os.fstat(file.fileno()).st_size) - self._offset > LARGEST:
                    raise DataError(f"{self._path} has {size:,} bytes, more than a log has; remove it")
                file.seek(self._offset)
                content = file.read()
        except OSError as error:
            raise DataError(f"{self._path} cannot be read: {error.strerror}") from error
        complete = content[: content.rfind(b"\n") + 1]
        rows = [_row(line, self._path, trial) for line in complete.splitlines()]
        self._offset += len(complete)
        return rows


def _row(line: bytes, path: Path, trial: Trial) -> Row:
    """The row in a line of a trial's metrics.jsonl; raises DataError for anything else, another trial's row too."""
    shown = f"'{line[:80].decode(errors='replace')}'"
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is damaged: {error} in {shown}; remove that line and run the trial again") from error
    if not _is_row(row):
        raise DataError(f"{path} is damaged: {shown} is no row of a log; remove that line and run the trial again")
    given = row.pop(SEAL, None)
    try:
        trial.own(row.get("trial"), path, files="the line")
    except GenbenchError as error:
        raise DataError(f"{error}: {shown}") from error
    if given != seal(row) and (given is not None or trial.signs):
        raise DataError(f"{path} was changed or is damaged in {shown}; remove that line and run the trial again")
    return row  # type: ignore[no-any-return]


def _is_row(row: object) -> bool:
    """Whether it has what every row has: numbers on the clocks, and numbers by name."""
    if not isinstance(row, dict) or not all(_is_number(row.get(clock)) for clock in ("time", "train_seconds")):
        return False
    if not all(_is_number(row.get(clock)) and row[clock] == int(row[clock]) for clock in ("images", "updates")):
        return False
    named = [row[kind] for kind in ("values", "metrics") if kind in row]
    return len(named) == 1 and all(
        isinstance(numbers, dict) and all(map(_is_number, numbers.values())) for numbers in named
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@contextmanager
def logged(directory: Path, to_file: bool) -> Iterator[None]:
    """Send genbench's log to the trial's log.txt, or to stderr where that is the trial's log.txt already."""
    handler = _FileHandler(directory / "log.txt") if to_file else _StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()


class _StreamHandler(logging.StreamHandler[TextIO]):
    """A log that goes on without the lines that a full disk refuses."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Nothing: what matters is in the record, and that is written or said to be missing."""


class _FileHandler(_StreamHandler, logging.FileHandler):
    """The same to a file."""

    def _open(self) -> TextIOWrapper:
        return os.fdopen(files.appending(Path(self.baseFilename)), "a", encoding="utf-8")
