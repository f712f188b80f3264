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
from genbench.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

logger = logging.getLogger("genbench")

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

    A row has the clocks and either the trainer's `values` or, of an evaluation during training, its `metrics`.
    """

    def __init__(self, path: Path) -> None:
        """Raises DataError when a line of the file is no row."""
        self._path = path
        self._last = {"values": 0, "metrics": 0}
        if path.exists():
            content = files.read_bytes(path)
            whole = content[: content.rfind(b"\n") + 1]
            if len(whole) < len(content):
                os.truncate(path, len(whole))
            for line in whole.splitlines():
                kind, updates = self._read(line)
                self._last[kind] = max(self._last[kind], updates)

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
        }
        files.append(self._path, json.dumps(row).encode() + b"\n")
        self._last[kind] = progress.updates

    def _read(self, line: bytes) -> tuple[str, int]:
        try:
            row = json.loads(line)
            return ("metrics" if "metrics" in row else "values"), int(row["updates"])
        except (ValueError, KeyError, TypeError) as error:
            shown = line[:80].decode(errors="replace")
            raise DataError(
                f"{self._path} is damaged: '{shown}' is no row of a log; remove that line and run the trial again"
            ) from error


class Tail:
    """The rows of a trial's metrics.jsonl as they come in."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "metrics.jsonl"
        self._offset = 0

    def rows(self) -> list[Row]:
        """The complete rows since the last call, each once; a last line that is still being written waits for the next
        call.

        Raises DataError for a complete line that is no row.
        """
        if not self._path.exists():
            return []
        try:
            with files.reading(self._path) as file:
                file.seek(self._offset)
                content = file.read()
        except OSError as error:
            raise DataError(f"{self._path} cannot be read: {error.strerror}") from error
        complete = content[: content.rfind(b"\n") + 1]
        rows = [self._row(line) for line in complete.splitlines()]
        self._offset += len(complete)
        return rows

    def _row(self, line: bytes) -> Row:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{self._path} is damaged: {error} in '{line[:80].decode(errors='replace')}'; remove that line"
            ) from error
        if not _is_row(row):
            raise DataError(
                f"{self._path} is damaged: '{line[:80].decode(errors='replace')}' is no row of a log; remove that line"
            )
        return row  # type: ignore[no-any-return]


def _is_row(row: object) -> bool:
    """Whether it has what every row has: numbers on the clocks, and numbers by name."""
    if not isinstance(row, dict) or not all(
        isinstance(row.get(clock), int | float) for clock in ("time", "images", "updates", "train_seconds")
    ):
        return False
    named = [row.get(kind, {}) for kind in ("values", "metrics")]
    return all(
        isinstance(numbers, dict) and all(isinstance(number, int | float) for number in numbers.values())
        for numbers in named
    )


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
