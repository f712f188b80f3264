"""The worker: runs one trial's folder to its end, idempotently; the only thing that any engine starts.

The folder is all it needs: trial.json says what to run, checkpoint/ where to go on. It leaves record.json, whatever
happens, unless it is killed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genbench.config.settings import check_running
from genbench.contract import numerics
from genbench.contract.comm import Comm
from genbench.errors import GenbenchError, UnfinishedError
from genbench.training import distributed
from genbench.training.attempt import BUSY, DIVERGED, DONE, FAILED, KILLED, STOPPED, attempt
from genbench.training.signals import asked_to_stop
from genbench.trial.lock import locked
from genbench.trial.log import logged
from genbench.trial.record import FINAL, read, write
from genbench.trial.trial import Trial

__all__ = ["BUSY", "DIVERGED", "DONE", "FAILED", "KILLED", "STOPPED", "run_trial"]


def run_trial(directory: Path, *, wait: float = 0.0, log_to_file: bool = True) -> int:
    """Run the trial in a folder to its end and return the exit code; at once if it is done already.

    SIGTERM and SIGUSR2 ask it to save a checkpoint at the next update and stop; so does the end of its parent process.
    Raises TrialBusyError when another process still runs the same folder after `wait` seconds, GenbenchError when
    trial.json or the folder cannot be used, UnfinishedError when the folder cannot be written later, so that there is
    no record.
    """
    trial = Trial.read(directory)
    check_running(trial.running)
    stop = asked_to_stop()
    world, nodes = trial.running.get("world", 1), distributed.Nodes.of(trial)
    if nodes.number:  # the first machine holds the folder; the others lend it their ranks
        return distributed.run(trial, directory, world, nodes, stop, log_to_file=log_to_file)[1]
    with locked(directory, wait), _writing(directory), logged(directory, log_to_file):
        if (record := read(directory)) and record.status in FINAL:
            return DONE if record.status == "finished" else DIVERGED
        numerics.check(trial)
        (directory / "record.json").unlink(missing_ok=True)
        if world == 1:
            made, code = attempt(trial, directory, stop, Comm())
        else:
            made, code = distributed.run(trial, directory, world, nodes, stop, log_to_file=log_to_file)
        if code != KILLED:
            try:
                write(made, directory)
            except GenbenchError as error:
                raise UnfinishedError(f"{made.error}; {error}" if made.error else str(error)) from error
        return code


@contextmanager
def _writing(directory: Path) -> Iterator[None]:
    """Raise UnfinishedError where the system refuses to write into the trial's folder: on a full disk, for example."""
    try:
        yield
    except OSError as error:
        raise UnfinishedError(
            f"{error.filename or directory} cannot be written: {error.strerror}; what has been saved is safe: fix this"
            " and run the same command again"
        ) from error
