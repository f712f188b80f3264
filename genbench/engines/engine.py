"""What an engine is: it starts `genbench trial DIR` for each folder somewhere, and says how each ended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

RETRIES = 2
"""How often a trial whose worker was killed, or whose machine was lost, is started again from its checkpoint."""
TICK = 0.2
"""Seconds between two looks at the trials' files."""


class Listener(Protocol):
    """Receives what happens to the trials, always in the supervisor."""

    def started(self, directory: Path, attempt: int) -> None:
        """A worker starts on the trial."""

    def ended(self, directory: Path, status: int, *, final: bool) -> None:
        """A worker ended with an exit code, or minus the signal that killed it; final: it is not started again."""

    def tick(self) -> None:
        """Some time has passed."""


class Engine(Protocol):
    """Runs trials' folders; by the same rules on every engine.

    A killed worker and a lost machine are tried again RETRIES times, a worker that ended by itself is not. Preemption
    does not count as an attempt: the worker has saved and ended with exit code 75, and is started again as often as it
    takes.
    """

    @property
    def slots(self) -> int | None:
        """Trials at once; none: as many as a cluster gives."""

    def run(self, directories: Sequence[Path], listener: Listener) -> None:
        """Run every trial's folder; returns when all have ended. Raises KeyboardInterrupt when a person interrupts
        it.
        """


def interrupt(number: int, frame: object) -> None:
    """The handler of SIGTERM while an engine runs: the same as Ctrl-C."""
    raise KeyboardInterrupt
