"""How far a trial has come, and metrics.jsonl, the file that says so to everybody else."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from genbench.errors import DataError


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
            content = path.read_bytes()
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
        """Have the rows on the disk: a checkpoint must not outlive a row from before it, which would never be written again."""
        if self._path.exists():
            descriptor = os.open(self._path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

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
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(descriptor, json.dumps(row).encode() + b"\n")
        finally:
            os.close(descriptor)
        self._last[kind] = progress.updates

    def _read(self, line: bytes) -> tuple[str, int]:
        try:
            row = json.loads(line)
            return ("metrics" if "metrics" in row else "values"), int(row["updates"])
        except (ValueError, KeyError, TypeError) as error:
            shown = line[:80].decode(errors="replace")
            raise DataError(f"{self._path} is damaged: '{shown}' is no row of a log; remove that line and run the trial again") from error
