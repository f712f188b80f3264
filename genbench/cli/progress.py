"""What a person sees of a study that runs: bars in a terminal, plain lines in a log."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from genbench.cli.display import fraction
from genbench.trial.record import Record
from genbench.trial.trial import Trial

THROTTLE = 10.0
"""Seconds between two plain progress lines of one trial."""
BAR = 16
"""Columns of a bar."""


class Clock(Protocol):
    """Who knows how long a study takes from now on."""

    def started(self, trial: Trial) -> None:
        """A trial's worker starts."""

    def progress(self, trial: Trial, share: float) -> None:
        """So much of a trial's budget is spent."""

    def ended(self, trial: Trial) -> None:
        """A trial has left its record."""

    def words(self) -> str:
        """How long it takes from now on, in words; empty while nothing is known."""


class Bars:
    """Progress bars for a terminal: one for the study, one for each running trial."""

    def __init__(self, console: Console, trials: int, names: Mapping[str, str], clock: Clock) -> None:
        """names: what each trial is called, by its folder."""
        share, note = TextColumn("{task.percentage:>3.0f} %"), TextColumn("{task.fields[note]}")
        self._progress = Progress(TextColumn("{task.description}"), BarColumn(BAR), share, note, console=console)
        self._all = self._progress.add_task("all trials", total=trials, note=clock.words())
        self._tasks: dict[str, TaskID] = {}
        self._names, self._clock = names, clock

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def started(self, trial: Trial, attempt: int) -> None:
        """Add the trial's bar."""
        self._clock.started(trial)
        note = "" if attempt == 1 else f"attempt {attempt}"
        if trial.directory not in self._tasks:
            self._tasks[trial.directory] = self._progress.add_task(
                f"{named(trial, self._names)} {trial.dataset} seed {trial.seed}", total=1.0, note=note
            )
        self._progress.update(self._tasks[trial.directory], note=note)

    def progress(self, trial: Trial, row: Mapping[str, Any]) -> None:
        """Move the trial's bar, and say how long the study takes."""
        self._clock.progress(trial, share := fraction(trial, row))
        self._progress.update(self._tasks[trial.directory], completed=share)
        self._progress.update(self._all, note=self._clock.words())

    def ended(self, trial: Trial, record: Record) -> None:
        """Replace the trial's bar by a line."""
        self._clock.ended(trial)
        self._progress.remove_task(self._tasks.pop(trial.directory))
        self._progress.console.print(Text(ending(trial, record, self._names)), highlight=False, overflow="ignore")
        self._progress.update(self._all, advance=1, note=self._clock.words())


class Lines:
    """Plain lines, for logs and pipes: starts, ends, and now and then how far a trial is."""

    def __init__(self, console: Console, trials: int, names: Mapping[str, str], clock: Clock) -> None:
        """names: what each trial is called, by its folder."""
        self._console, self._trials, self._ended = console, trials, 0
        self._shown: dict[str, float] = {}
        self._names, self._clock = names, clock

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def started(self, trial: Trial, attempt: int) -> None:
        """Say that it starts."""
        self._clock.started(trial)
        again = "" if attempt == 1 else f" again (attempt {attempt})"
        self._say(f"{place(trial, self._names)}: starts{again}")
        self._shown[trial.directory] = time.monotonic()

    def progress(self, trial: Trial, row: Mapping[str, Any]) -> None:
        """Say how far it is, every ten seconds at most."""
        share, now = fraction(trial, row), time.monotonic()
        self._clock.progress(trial, share)
        if now - self._shown[trial.directory] >= THROTTLE:
            self._shown[trial.directory] = now
            self._say(f"{place(trial, self._names)}: {100 * share:.0f} %, {row['updates']:,} updates")

    def ended(self, trial: Trial, record: Record) -> None:
        """Say how it ended, and how long the others take."""
        self._ended += 1
        self._clock.ended(trial)
        words = self._clock.words() if self._ended < self._trials else ""
        count = f"{self._ended} of {self._trials}{', ' if words else ''}{words}"
        self._say(f"{ending(trial, record, self._names)} [{count}]")

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)


def named(trial: Trial, names: Mapping[str, str]) -> str:
    """What a trial is called beside the others of its study, `gram lr=0.001`."""
    return names.get(trial.directory, trial.label)


def place(trial: Trial, names: Mapping[str, str]) -> str:
    """The same with its data set and seed, `gram lr=0.001 on ring, seed 0`."""
    return f"{named(trial, names)} on {trial.dataset}, seed {trial.seed}"


def ending(trial: Trial, record: Record, names: Mapping[str, str]) -> str:
    """One line about a trial that has ended."""
    head = f"{place(trial, names)}: {record.status}"
    if record.error:
        return f"{head}: {record.error}"
    return (
        f"{head} after {record.images:,} images, {record.updates:,} updates, {record.train_seconds:.1f} s of training"
    )
