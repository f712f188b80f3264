"""Running a study: a folder per trial, an engine that runs them, observers that watch, a record for each."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from genbench.engines.engine import RETRIES, Engine
from genbench.errors import GenbenchError, UnfinishedError
from genbench.observers.replay import Observers
from genbench.observers.watcher import Watcher
from genbench.study.plan import Study, write_asked
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


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What running a study left besides the records in the trials' folders."""

    problems: Sequence[str]
    """What the observers could not do, one line each."""
    unsaved: Mapping[Path, Record]
    """Records of failed trials whose folders could not be written, or read again."""

    def records(self, study: Study) -> list[Record]:
        """The records of a study's trials, in their order, the unsaved ones among them."""
        found = [self.unsaved.get(study.directory_of(trial)) or study.record_of(trial) for trial in study.trials]
        return [record for record in found if record is not None]


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """What running a study batch by batch left."""
    return Outcome(
        problems=[problem for one in outcomes for problem in one.problems],
        unsaved={path: record for one in outcomes for path, record in one.unsaved.items()},
    )


def run_study(
    study: Study, engine: Engine, *, observers: Sequence[str], display: Display, command: str = ""
) -> Outcome:
    """Run every trial that is not done. command: what asked for it, to be noted in study.json.

    Records are in the trials' folders afterwards, one for each trial that was started; a trial whose folder cannot be
    written costs no other one. Raises GenbenchError before anything starts, UnfinishedError when the engine itself
    cannot go on, and KeyboardInterrupt, both after the workers have saved and stopped.
    """
    todo = [trial for trial in study.trials if not study.is_done(trial)]
    chosen = Observers(observers, study.results)
    if command:
        write_asked(study, command)
    watcher = Watcher(chosen)
    directories = {study.directory_of(trial): trial for trial in todo}
    listener = _Listener(directories, watcher, display)
    try:
        for directory, trial in directories.items():
            write_trial(trial, directory)
        if todo:
            with supervising(study.directory):
                _run(engine, list(directories), listener)
    finally:
        if study.directory.is_dir():
            watcher.study_ended(study.directory)
        problems = watcher.close(OBSERVER_PATIENCE)
    return Outcome(problems=problems, unsaved=listener.unsaved)


def _run(engine: Engine, directories: Sequence[Path], listener: _Listener) -> None:
    """Let the engine run the trials; what it cannot do before the first one starts is an error of the command."""
    try:
        engine.run(directories, listener)
    except (GenbenchError, OSError) as error:
        if not listener.begun:
            raise
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnfinishedError(
            f"the trials cannot be supervised any more: {said}; what they have saved is safe: fix this and run the same"
            " command again"
        ) from error


class _Listener:
    """Turns what the engine says into records, rows for the display and events for the observers."""

    def __init__(self, trials: Mapping[Path, Trial], watcher: Watcher, display: Display) -> None:
        self._trials, self._watcher, self._display = trials, watcher, display
        self._tails: dict[Path, Tail] = {}
        self.begun = False
        """Whether a trial was started."""
        self.unsaved: dict[Path, Record] = {}
        """Records that could not be written or read again."""

    def started(self, directory: Path, attempt: int) -> None:
        self.begun = True
        self._tails[directory] = Tail(directory)
        self._watcher.trial_started(self._trials[directory], directory)
        self._display.started(self._trials[directory], attempt)

    def ended(self, directory: Path, status: int, *, final: bool) -> None:
        self._tails.pop(directory, None)
        if not final:
            return
        trial = self._trials[directory]
        try:
            record = read(directory)
        except (GenbenchError, OSError) as error:
            record = self.unsaved[directory] = _failed(trial, directory, str(error))
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
            try:
                write(record, directory)
            except GenbenchError as error:
                record = self.unsaved[directory] = dataclasses.replace(
                    record, status="failed", error="; ".join(filter(None, [record.error, str(error)]))
                )
        self._watcher.trial_ended(trial, directory, record.to_row())
        self._display.ended(trial, record)

    def tick(self) -> None:
        for directory, tail in list(self._tails.items()):
            try:
                rows = tail.rows()
            except (GenbenchError, OSError):  # the trial has no bar any more; its own worker and the observers say why
                del self._tails[directory]
                continue
            if rows:
                self._display.progress(self._trials[directory], rows[-1])


def _failed(trial: Trial, directory: Path, error: str) -> Record:
    return Record(**describe(trial, directory), status="failed", error=error, ended=time.time())


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
