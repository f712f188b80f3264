"""What a person sees of a study in a terminal: tables, the plan, progress; drawn on rich consoles that `cli` owns."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from genbench.config.nested import flatten

if TYPE_CHECKING:
    import pandas as pd

    from genbench.study.plan import Study
    from genbench.study.status import State
    from genbench.trial.record import Record
    from genbench.trial.trial import Trial

THROTTLE = 10.0
"""Seconds between two plain progress lines of one trial."""


def table(rows: list[list[str]], columns: list[str], *, left: int = 1) -> Table:
    """A rich table whose first `left` columns are words and whose others are numbers."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        drawn.add_column(column, justify="left" if number < left else "right", overflow="fold")
    for row in rows:
        drawn.add_row(*map(Text, row))
    return drawn


def frame(formatted: pd.DataFrame) -> Table:
    """A formatted summary as a rich table."""
    words = list(formatted.columns).index("method") + 1
    return table(
        [[str(cell) for cell in row] for row in formatted.itertuples(index=False)], list(formatted.columns), left=words
    )


def plan(study: Study) -> tuple[list[str], Table]:
    """What all trials of a study have in common, as lines, and a table of the trials with what differs."""
    flats = [flatten(trial.settings) for trial in study.trials]
    shared = {
        key: value
        for key, value in flats[0].items()
        if not key.startswith("method.") and all(flat.get(key, flat) == value for flat in flats)
    }
    lines = [
        f"{section}: "
        + " ".join(
            f"{key.partition('.')[2]}={literal(value)}"
            for key, value in shared.items()
            if key.startswith(f"{section}.") and value is not None
        )
        for section in ("data", "net", "train", "evaluate")
        if any(key.startswith(f"{section}.") for key in shared)
    ]
    rows = []
    for trial, flat in zip(study.trials, flats, strict=True):
        differs = " ".join(
            f"{key.removeprefix('method.')}={literal(value)}"
            for key, value in flat.items()
            if key not in shared and value is not None
        )
        rows.append([trial.label, trial.dataset, str(trial.seed), trial.id, _state(study, trial), differs])
    return lines, table(rows, ["method", "data set", "seed", "id", "state", "settings that differ"], left=6)


def _state(study: Study, trial: Trial) -> str:
    if record := study.record_of(trial):
        return record.status
    return "begun" if (study.directory_of(trial) / "checkpoint").exists() else "new"


def states(found: Sequence[State]) -> Table:
    """How trials stand, a row each."""
    rows = []
    for one in found:
        share = f"{100 * fraction(one.trial, one.clocks):.0f} %" if one.clocks else "–"
        updates = f"{one.clocks['updates']:,}" if one.clocks else "–"
        detail = one.detail.splitlines()[0] if one.detail else ""
        rows.append(
            [
                one.trial.label,
                one.trial.dataset,
                str(one.trial.seed),
                one.state,
                detail,
                duration(one.age),
                share,
                updates,
            ]
        )
    return table(rows, ["method", "data set", "seed", "state", "why", "for", "done", "updates"], left=5)


def duration(seconds: float) -> str:
    """A span of time in its two largest units: `3 d 4 h`, `12 min 5 s`."""
    units = [("d", 86400), ("h", 3600), ("min", 60), ("s", 1)]
    whole = max(0, int(seconds))
    parts = []
    for name, size in units:
        count, whole = divmod(whole, size)
        parts.append((count, name))
    first = next((number for number, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count} {name}" for count, name in parts[first : first + 2] if count) or "0 s"


def literal(value: Any) -> str:
    """A setting's value as it is written on the command line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{','.join(map(literal, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def fraction(trial: Trial, clocks: Mapping[str, Any]) -> float:
    """How much of its budget a trial has spent, 0 to 1."""
    budget = trial.settings["train"]
    limits = {"images": budget["images"], "updates": budget["updates"], "train_seconds": budget["seconds"]}
    return min(1.0, max((clocks[clock] / limit for clock, limit in limits.items() if limit), default=0.0))


class Bars:
    """Progress bars for a terminal: one for the study, one for each running trial."""

    def __init__(self, console: Console, trials: int) -> None:
        share, note = TextColumn("{task.percentage:>3.0f} %"), TextColumn("{task.fields[note]}")
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), share, TimeRemainingColumn(), note, console=console
        )
        self._all = self._progress.add_task("all trials", total=trials, note="")
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def started(self, trial: Trial, attempt: int) -> None:
        """Add the trial's bar."""
        note = "" if attempt == 1 else f"attempt {attempt}"
        if trial.directory not in self._tasks:
            self._tasks[trial.directory] = self._progress.add_task(
                f"{trial.label} {trial.dataset} seed {trial.seed}", total=1.0, note=note
            )
        self._progress.update(self._tasks[trial.directory], note=note)

    def progress(self, trial: Trial, row: Mapping[str, Any]) -> None:
        """Move the trial's bar."""
        self._progress.update(self._tasks[trial.directory], completed=fraction(trial, row))

    def ended(self, trial: Trial, record: Record) -> None:
        """Replace the trial's bar by a line."""
        self._progress.remove_task(self._tasks.pop(trial.directory))
        self._progress.console.print(ending(trial, record), highlight=False, markup=False)
        self._progress.advance(self._all)


class Lines:
    """Plain lines, for logs and pipes: starts, ends, and now and then how far a trial is."""

    def __init__(self, console: Console, trials: int) -> None:
        self._console, self._trials, self._ended = console, trials, 0
        self._shown: dict[str, float] = {}

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def started(self, trial: Trial, attempt: int) -> None:
        """Say that it starts."""
        again = "" if attempt == 1 else f" again (attempt {attempt})"
        self._say(f"{trial.label} on {trial.dataset}, seed {trial.seed}: starts{again}")
        self._shown[trial.directory] = time.monotonic()

    def progress(self, trial: Trial, row: Mapping[str, Any]) -> None:
        """Say how far it is, every ten seconds at most."""
        now = time.monotonic()
        if now - self._shown[trial.directory] >= THROTTLE:
            self._shown[trial.directory] = now
            self._say(
                f"{trial.label} on {trial.dataset}, seed {trial.seed}: {100 * fraction(trial, row):.0f} %,"
                f" {row['updates']:,} updates"
            )

    def ended(self, trial: Trial, record: Record) -> None:
        """Say how it ended."""
        self._ended += 1
        self._say(f"{ending(trial, record)} [{self._ended} of {self._trials}]")

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)


def ending(trial: Trial, record: Record) -> str:
    """One line about a trial that has ended."""
    head = f"{trial.label} on {trial.dataset}, seed {trial.seed}: {record.status}"
    if record.error:
        return f"{head}: {record.error}"
    return (
        f"{head} after {record.images:,} images, {record.updates:,} updates, {record.train_seconds:.1f} s of training"
    )
