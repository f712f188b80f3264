"""The states of a trial's job, and what a supervisor does next in each: decisions alone, which ask neither files nor
Slurm.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from genbench.engines.engine import RETRIES
from genbench.engines.slurm_job import Note
from genbench.engines.slurm_queue import OVER
from genbench.training.attempt import FAILED, STOPPED


class Last(Enum):
    """The last attempt that a job made at its trial."""

    NONE = "no attempt began"
    OPEN = "it began and did not say how it ended: it runs or was killed"
    STOPPED = "it was asked to stop, saved, and can go on"
    ENDED = "it ended by itself"

    @classmethod
    def of(cls, codes: Sequence[int | None]) -> Last:
        """The last of a job's attempts; codes: their exit codes, None for one that runs or was killed."""
        if not codes:
            return cls.NONE
        if codes[-1] is None:
            return cls.OPEN
        return cls.STOPPED if codes[-1] == STOPPED else cls.ENDED


@dataclass(frozen=True)
class Watch:
    """Watch a job until its trial has ended or Slurm says that it is over."""

    note: Note
    told: int = 0
    """Its first attempts, of which nothing is to be told any more."""


@dataclass(frozen=True)
class Wait:
    """Leave everything as it is until the next look."""


@dataclass(frozen=True, kw_only=True)
class Submit:
    """Submit the trial as a new job."""

    killed: int = 0
    """Its attempts that were killed before, as far as they count."""
    ended: int | None = None
    """How the last attempt ended, where that is still to be told: an exit code or minus a signal."""


@dataclass(frozen=True, kw_only=True)
class GiveUp:
    """Run the trial no more."""

    ended: int
    """How it ended, as is to be told: an exit code or minus a signal."""


def when_found(note: Note, codes: Sequence[int | None], state: str, *, failed: bool) -> Watch | Submit:
    """What to do about the job of an earlier supervisor when a study is run again.

    codes: of the job's attempts, as in `Last.of`. state: Slurm's, empty for a job that it knows no more. failed:
    whether the last attempt left a record of a failure, which is told before the trial can be run again.
    """
    last = Last.of(codes)
    active = bool(state) and state not in OVER
    if active or failed or (last is Last.OPEN and not _cancelled(state)):
        return Watch(note, told=max(len(codes) - 1, 0))
    if last is Last.STOPPED and not _cancelled(state):
        return Submit(killed=note.killed + codes.count(None))
    return Submit()


def when_over(
    note: Note, codes: Sequence[int | None], state: str, *, noted: Note | None
) -> Watch | Wait | Submit | GiveUp:
    """What to do about a watched job that is over and whose trial has not ended by itself.

    noted: the note in the trial's folder now: the same, another supervisor's, or none where the job was cancelled.
    """
    if noted is not None and noted != note:
        return Watch(noted) if noted.job else Wait()
    last = Last.of(codes)
    lost = 0 if last is Last.STOPPED or state == "PREEMPTED" else 1
    killed = note.killed + codes[:-1].count(None) + lost
    ended = -signal.SIGKILL if last in (Last.OPEN, Last.ENDED) else None
    if noted is None or _cancelled(state):
        return GiveUp(ended=STOPPED if ended is None else ended)
    if killed > RETRIES:
        return GiveUp(ended=FAILED if ended is None else ended)
    return Submit(killed=killed, ended=ended)


def _cancelled(state: str) -> bool:
    return state.startswith("CANCELLED")  # the accounting adds by whom
