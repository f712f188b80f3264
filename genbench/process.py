"""What a worker's process holds and hears: the trial's folder, its log, and signals that ask it to stop."""

from __future__ import annotations

import fcntl
import logging
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TextIO

from genbench.errors import GenbenchError, TrialBusyError

STOPPING = (signal.SIGTERM, signal.SIGUSR2)
"""The signals that ask a worker to stop."""

logger = logging.getLogger("genbench")


def asked_to_stop() -> Callable[[], bool]:
    """A function that tells whether a signal asked to stop, or the process that started this one is gone."""
    asked = False
    parent = os.getppid()

    def ask(number: int, frame: object) -> None:
        nonlocal asked
        asked = True

    for number in STOPPING:
        signal.signal(number, ask)
    return lambda: asked or os.getppid() != parent


class AskedToStopError(BaseException):
    """A signal asked to stop where there is nothing to save; no Exception, lest somebody's `except` takes it for a failure."""


@contextmanager
def breaking_off() -> Iterator[None]:
    """Raise AskedToStopError when a signal asks to stop: for work that leaves nothing behind and begins anew the next time."""

    def break_off(number: int, frame: object) -> None:
        stop_listening()  # a second signal must not break off the way out
        raise AskedToStopError

    before = {number: signal.signal(number, break_off) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop_listening() -> None:
    """Let no signal that asks to stop change how this process ends: its trial is over, and its exit code is to say how.

    Python puts the default handlers of signals back while it shuts down, but leaves those alone that are ignored.
    """
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def locked(directory: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold the trial's folder; the system lets go of the lock when the process ends, however it ends.

    Raises TrialBusyError while another process holds it, GenbenchError where it cannot be written or a link in it leads elsewhere.
    """
    check_links(directory)
    deadline = time.monotonic() + wait
    with _opened(directory / "lock") as file, _opened(directory / "lock.ranks") as of_ranks:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    file.seek(0)
                    raise TrialBusyError(f"{directory} is being run by process {file.read().strip() or 'unknown'} already") from None
                time.sleep(0.1)
        _wait_for_ranks(of_ranks, directory, deadline)
        with suppress(OSError):  # on a full disk the lock holds all the same, and nobody learns by whom
            os.truncate(file.fileno(), 0)
            os.write(file.fileno(), f"{os.getpid()} on {platform.node()}".encode())
        yield


def hold_as_rank(directory: Path) -> IO[str]:
    """What a rank holds as long as it lives: should it outlive the worker that started it, nobody else begins before its end."""
    file = _opened(directory / "lock.ranks")
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def check_links(directory: Path) -> None:
    """Raise GenbenchError for a link that leaves a trial's folder: what the folder of somebody else leads to is neither written nor sent anywhere."""
    own = directory.resolve()
    for path in directory.rglob("*"):
        if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(own):
            raise GenbenchError(f"{path} is a link that leaves the trial's folder; put what it leads to in its place")


def _opened(path: Path) -> IO[str]:
    try:
        return path.open("a+")
    except OSError as error:
        raise GenbenchError(f"{path} cannot be written: {error.strerror}; what has been saved is safe: mend it and run the same command again") from error


def _wait_for_ranks(file: IO[str], directory: Path, deadline: float) -> None:
    """Return once no rank of an earlier attempt holds the folder."""
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(file, fcntl.LOCK_UN)  # for the ranks of this attempt
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise TrialBusyError(f"{directory} is still held by ranks of an earlier attempt, which are about to end") from None
            time.sleep(0.1)


class _StreamHandler(logging.StreamHandler[TextIO]):
    """A log that goes on without the lines that a full disk refuses."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Nothing: what matters is in the record, and that is written or said to be missing."""


class _FileHandler(_StreamHandler, logging.FileHandler):
    """The same to a file."""


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
