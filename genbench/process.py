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
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from genbench.errors import TrialBusyError

logger = logging.getLogger("genbench")


def asked_to_stop() -> Callable[[], bool]:
    """A function that tells whether a signal asked to stop, or the process that started this one is gone."""
    asked = False
    parent = os.getppid()

    def ask(number: int, frame: object) -> None:
        nonlocal asked
        asked = True

    for number in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(number, ask)
    return lambda: asked or os.getppid() != parent


@contextmanager
def locked(directory: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold the trial's folder; the system lets go of the lock when the process ends, however it ends."""
    deadline = time.monotonic() + wait
    with (directory / "lock").open("a+") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    file.seek(0)
                    raise TrialBusyError(f"{directory} is being run by process {file.read().strip() or 'unknown'} already") from None
                time.sleep(0.1)
        file.truncate(0)
        file.write(f"{os.getpid()} on {platform.node()}")
        file.flush()
        with (directory / "lock.ranks").open("a") as of_ranks:
            _wait_for_ranks(of_ranks, directory, deadline)
        yield


def hold_as_rank(directory: Path) -> IO[str]:
    """What a rank holds as long as it lives: should it outlive the worker that started it, nobody else begins before its end."""
    file = (directory / "lock.ranks").open("a")
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def _wait_for_ranks(file: IO[str], directory: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise TrialBusyError(f"{directory} is still held by ranks of an earlier attempt, which are about to end") from None
            time.sleep(0.1)


@contextmanager
def logged(directory: Path, to_file: bool) -> Iterator[None]:
    """Send genbench's log to the trial's log.txt, or to stderr where that is the trial's log.txt already."""
    handler = logging.FileHandler(directory / "log.txt") if to_file else logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
