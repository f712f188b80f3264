"""Holding a trial's folder: one worker at a time, which writes nowhere else."""

from __future__ import annotations

import fcntl
import os
import platform
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from genbench import files
from genbench.errors import GenbenchError, TrialBusyError


@contextmanager
def locked(directory: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold the trial's folder; the system releases the lock when the process ends, however it ends.

    Raises TrialBusyError while another process holds it, GenbenchError where it cannot be written or a link in it leads
    elsewhere.
    """
    check_links(directory)
    deadline = time.monotonic() + wait
    with _opened(directory / "lock") as file, _opened(directory / "lock.ranks") as of_ranks:
        if not files.hold(file, deadline):
            file.seek(0)
            raise TrialBusyError(f"{directory} is being run by process {file.read().strip() or 'unknown'} already")
        _wait_for_ranks(of_ranks, directory, deadline)
        with suppress(OSError):  # on a full disk the lock works anyway, but nobody sees who holds it
            os.truncate(file.fileno(), 0)
            os.write(file.fileno(), f"{os.getpid()} on {platform.node()}".encode())
        yield


def hold_as_rank(directory: Path) -> IO[str]:
    """What a rank holds as long as it lives: if it outlives the worker that started it, nobody else begins before its
    end.
    """
    file = _opened(directory / "lock.ranks")
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def check_links(directory: Path) -> None:
    """Raise GenbenchError for a link that leaves a trial's folder, and for a FIFO, a socket or a device in it: what a
    link in somebody else's folder leads to is neither written nor sent anywhere, and nobody waits for a FIFO.
    """
    own = directory.resolve()
    for path in files.below(directory):
        with suppress(FileNotFoundError):  # of another process, which has removed it by now
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                if not Path(os.path.realpath(path)).is_relative_to(own):
                    raise GenbenchError(
                        f"{path} is a link that leaves the trial's folder; put what it leads to in its place"
                    )
            elif not stat.S_ISDIR(mode) and (kind := files.kind(mode)):
                raise GenbenchError(f"{path} is {kind}; a trial's folder holds files and folders alone: remove it")


def check_inside(path: Path, folder: Path) -> None:
    """Raise GenbenchError where a link makes a path below a folder lead out of it, for what it leads to is not to be
    written to.
    """
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise GenbenchError(f"{path} is a link that leaves {folder}; put what it leads to in its place")


def _opened(path: Path) -> IO[str]:
    try:
        return files.locking(path)
    except OSError as error:
        raise GenbenchError(
            f"{path} cannot be written: {error.strerror}; what has been saved is safe: fix this and run the same"
            " command again"
        ) from error


def _wait_for_ranks(file: IO[str], directory: Path, deadline: float) -> None:
    """Return once no rank of an earlier attempt holds the folder."""
    if not files.hold(file, deadline):
        raise TrialBusyError(f"{directory} is still held by ranks of an earlier attempt, which are about to end")
    fcntl.flock(file, fcntl.LOCK_UN)  # for the ranks of this attempt
