"""Running a study: a folder per trial, an engine that runs them, observers that watch, a record for each."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from genbench.engines.engine import RETRIES, Engine
from genbench.errors import GenbenchError
from genbench.observers.replay import Observers, Watcher
from genbench.study.plan import Study
from genbench.study.status import supervising
from genbench.training.attempt import BUSY, describe, record_of_lost
from genbench.trial.lock import check_links
from genbench.trial.log import Tail
from genbench.trial.record import Record, read, write
from genbench.trial.trial import Trial

OBSERVER_PATIENCE = 60.0
"""Seconds that observers have, after the last trial, to take in what happened."""


class Display(Protocol):
    """Who shows a person how a study goes."""

    def started(self, trial: Trial, attempt: int) -> None:
        """A trial's worker starts."""

    def progress(self, trial: Trial, row: Mapping[str, Any]) -> None:
        """A trial's newest row of metrics.jsonl."""

    def ended(self, trial: Trial, record: Record) -> None:
        """A trial has left its record."""


class Silent:
    """A display that shows nothing."""

    def started(self, trial: Trial, attempt: int) -> None:
        """Nothing."""

    def progress(self, trial: Trial, row: Mapping[str, Any]) -> None:
        """Nothing."""

    def ended(self, trial: Trial, record: Record) -> None:
        """Nothing."""


def run_study(study: Study, engine: Engine, *, observers: Sequence[str], display: Display) -> list[str]:
    """Run every trial that is not done; return what the observers or the engine could not do, one line each.

    Records are in the trials' folders afterwards, one for each trial that was started. Raises KeyboardInterrupt after
    the workers have saved and stopped.
    """
    todo = [trial for trial in study.trials if not study.is_done(trial)]
    watcher = Watcher(Observers(observers, study.results))
    try:
        directories = {}
        for trial in todo:
            directory = study.directory_of(trial)
            write_trial(trial, directory)
            directories[directory] = trial
        if todo:
            with supervising(study.directory):
                engine.run(list(directories), _Listener(directories, watcher, display))
    finally:
        problems = watcher.close(OBSERVER_PATIENCE)
    return problems


class _Listener:
    """Turns what the engine says into records, rows for the display and events for the observers."""

    def __init__(self, trials: Mapping[Path, Trial], watcher: Watcher, display: Display) -> None:
        self._trials, self._watcher, self._display = trials, watcher, display
        self._tails: dict[Path, Tail] = {}

    def started(self, directory: Path, attempt: int) -> None:
        self._tails[directory] = Tail(directory)
        self._watcher.trial_started(self._trials[directory], directory)
        self._display.started(self._trials[directory], attempt)

    def ended(self, directory: Path, status: int, *, final: bool) -> None:
        self._tails.pop(directory, None)
        if not final:
            return
        trial = self._trials[directory]
        record = read(directory)
        if record is None and status == BUSY:  # its record is for the process to write that runs it
            self._display.ended(
                trial,
                Record(
                    **describe(trial, directory),
                    status="running",
                    error=f"another process runs it, see {directory / 'lock'}",
                ),
            )
            return
        if record is None:
            record = record_of_lost(trial, directory, status, attempts=RETRIES + 1)
            write(record, directory)
        self._watcher.trial_ended(trial, directory, record.to_row())
        self._display.ended(trial, record)

    def tick(self) -> None:
        for directory, tail in list(self._tails.items()):
            try:
                rows = tail.rows()
            except GenbenchError:  # the trial has no bar any more; its own worker and the observers say why
                del self._tails[directory]
                continue
            if rows:
                self._display.progress(self._trials[directory], rows[-1])


def write_trial(trial: Trial, directory: Path) -> None:
    """Write trial.json; a trial that has begun keeps its number of threads, or it would not go on bit for bit."""
    check_links(directory)
    if (directory / "trial.json").exists():
        begun = Trial.read(directory)
        if begun.id != trial.id:
            raise GenbenchError(
                f"{directory} holds trial {begun.id} ({begun.label}, seed {begun.seed}), not {trial.id}; remove it"
            )
        trial = dataclasses.replace(trial, running={**trial.running, "threads": begun.running.get("threads", 1)})
    try:
        directory.mkdir(parents=True, exist_ok=True)
        trial.write(directory)
    except OSError as error:
        raise GenbenchError(
            f"{directory} cannot be written: {error.strerror}; choose another folder with --results"
        ) from error
