"""How the trials of a study stand, read only from their files; and stopping those that run."""

from __future__ import annotations

import dataclasses
import fcntl
import os
import platform
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genbench import files
from genbench.config.settings import TrainSettings
from genbench.config.typecheck import built
from genbench.contract import numerics
from genbench.engines import slurm_queue
from genbench.errors import GenbenchError
from genbench.trial import about, replaced
from genbench.trial.log import Tail
from genbench.trial.record import FINAL, read, trial_directories
from genbench.trial.trial import Trial

STATES = ("running", "queued", "waiting", "left", "finished", "diverged", "failed", "interrupted", "damaged")


@dataclass(frozen=True, kw_only=True)
class State:
    """How one trial stands."""

    trial: Trial
    directory: Path
    state: str
    """One of STATES; waiting: nobody runs it and it has no record; left: the same, and the study's last command does
    not ask for it; queued: a cluster has it in its queue."""
    age: float
    """Seconds since it got there: since it was begun, was planned, or ended."""
    clocks: dict[str, Any]
    """The newest row of its log, empty before there is one."""
    detail: str = ""
    is_outdated: bool = False
    """Whether it was made under other numerics than those of what is installed."""
    command: str = ""
    """Of one that is left, the command that goes on with it, where that is known."""


def states(study: Path) -> tuple[list[State], list[str]]:
    """How every trial in a study's folder stands, without those that newer ones replaced, and what is wrong with each
    whose trial.json cannot be read; raises GenbenchError when there is none that can.
    """
    gone = replaced.trials(study)
    found: list[State] = []
    damaged: list[str] = []
    for directory in trial_directories(study):
        if directory not in gone:
            try:
                found.append(_state(directory, Trial.read(directory)))
            except GenbenchError as error:
                damaged.append(str(error))
    if not found:
        raise GenbenchError(damaged[0] if damaged else f"{study} holds no trial")
    return _with_jobs(_with_left(found, study)), damaged


@contextmanager
def supervising(study: Path) -> Iterator[None]:
    """Leave a note in a study's folder that this process runs it, for as long as it does."""
    path = study / f".supervisor-{platform.node()}-{os.getpid()}"
    try:
        file = files.locking(path)
    except OSError as error:
        raise GenbenchError(f"{study} cannot be written: {error.strerror}") from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            with suppress(OSError):  # on a disk that is read-only now; that nobody holds the note any more is seen
                path.unlink(missing_ok=True)


def cancel(study: Path) -> tuple[list[int], list[str]]:
    """Ask the supervisors of a study on this machine to save, stop their trials and end.

    Returns their process ids, and a line for every one on another machine, which only that machine can stop.
    """
    stopped, elsewhere = [], []
    for path in sorted(study.glob(".supervisor-*")):
        match = re.fullmatch(r"\.supervisor-(.+)-(\d+)", path.name)
        if match is None:
            continue
        node, pid = match[1], int(match[2])
        if node != platform.node():
            elsewhere.append(f"process {pid} on {node} runs it too; cancel it there")
        elif _is_held(path):
            os.kill(pid, signal.SIGTERM)
            stopped.append(pid)
        else:
            path.unlink(missing_ok=True)  # of a supervisor that was killed
    return stopped, elsewhere


def _with_left(found: list[State], study: Path) -> list[State]:
    """Those that wait for a command which is not the last one: they may never run."""
    try:
        said = about.read(study)
    except GenbenchError:  # how trials stand can be told without it
        return found
    return [
        dataclasses.replace(one, state="left", command=said.asked.get(one.trial.cell, ""))
        if one.state == "waiting" and said.is_left(one.trial.cell)
        else one
        for one in found
    ]


def _with_jobs(found: list[State]) -> list[State]:
    """What a cluster says of the trials that it has as jobs: locks may not be seen from one machine to the other."""
    with_jobs = [one.directory for one in found if (one.directory / "job.json").exists()]
    if not with_jobs:
        return found
    said = slurm_queue.states(with_jobs)
    return [
        dataclasses.replace(
            one, state=said[one.directory].partition(" ")[0], detail=said[one.directory].partition(" ")[2]
        )
        if one.directory in said and one.state not in FINAL
        else one
        for one in found
    ]


def _state(directory: Path, trial: Trial) -> State:
    now = time.time()
    try:
        built(TrainSettings, trial.settings.get("train"))  # how far a trial is depends on its budget
        record, held = read(directory), _is_held(directory / "lock")
        rows = Tail(directory).rows()
    except GenbenchError as error:
        return State(trial=trial, directory=directory, state="damaged", age=0.0, clocks={}, detail=str(error))
    clocks = rows[-1] if rows else {}
    if held:
        return State(
            trial=trial,
            directory=directory,
            state="running",
            age=now - (directory / "lock").stat().st_mtime,
            clocks=clocks,
        )
    if record is not None:
        other = _other_numerics(trial)
        return State(
            trial=trial,
            directory=directory,
            state=record.status,
            age=now - record.ended,
            clocks=clocks,
            detail="; ".join(filter(None, [record.error, f"other numerics: {other}" if other else ""])),
            is_outdated=bool(other),
        )
    return State(
        trial=trial,
        directory=directory,
        state="waiting",
        age=now - (directory / "trial.json").stat().st_mtime,
        clocks=clocks,
    )


def _other_numerics(trial: Trial) -> str:
    """What of its numerics is not what is installed; nothing where its method is not installed, and none is known."""
    with suppress(GenbenchError):
        return numerics.difference(trial)
    return ""


def _is_held(path: Path) -> bool:
    """Whether a process holds the lock."""
    try:
        with files.reading(path) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError as error:
        raise GenbenchError(f"{path} cannot be read: {error.strerror}") from error
    return False
