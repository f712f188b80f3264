"""Replays the files of running trials to observers, in the background of a supervisor."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from genbench.errors import GenbenchError
from genbench.observers.replay import Observers, reason
from genbench.trial.log import Tail
from genbench.trial.trial import Trial

INTERVAL = 0.5
"""Seconds between two looks at the files of running trials."""


class Watcher:
    """Replays running trials to observers in the background of a supervisor.

    Every observer has its own thread: one that hangs or raises disturbs neither training nor the others. One that
    raises is dropped for the session.
    """

    def __init__(self, observers: Observers, interval: float = INTERVAL) -> None:
        self._followers = [_Follower(observers, name, interval) for name in observers.names]
        for follower in self._followers:
            follower.thread.start()

    def trial_started(self, trial: Trial, directory: Path) -> None:
        """Follow a trial from its first row on; returns at once."""
        self._tell(_Started(trial, directory))

    def trial_ended(self, trial: Trial, directory: Path, record: Mapping[str, Any]) -> None:
        """Hand over the trial's remaining rows, then its record; returns at once."""
        self._tell(_Ended(trial, directory, record))

    def study_ended(self, directory: Path) -> None:
        """Tell that no trial of the study in that folder follows; returns at once."""
        self._tell(_StudyEnded(directory))

    def close(self, timeout: float = 30.0) -> list[str]:
        """Hand over what is left, within so many seconds; return what went wrong in the session, each problem once."""
        self._tell(None)
        deadline = time.monotonic() + timeout
        for follower in self._followers:
            follower.thread.join(max(0.0, deadline - time.monotonic()))
        problems = [problem for follower in self._followers for problem in follower.problems]
        late = [follower.name for follower in self._followers if follower.thread.is_alive()]
        problems += [
            f"observer '{name}' was not done after {timeout:g} s and lacks rows; run `genbench sync`" for name in late
        ]
        return list(dict.fromkeys(problems))

    def _tell(self, event: _Event) -> None:
        for follower in self._followers:
            follower.events.put(event)


class _Started(NamedTuple):
    trial: Trial
    directory: Path


class _Ended(NamedTuple):
    trial: Trial
    directory: Path
    record: Mapping[str, Any]


class _StudyEnded(NamedTuple):
    directory: Path


_Event = _Started | _Ended | _StudyEnded | None
"""None: hand over what is left and stop."""


class _Follower:
    """A thread that replays running trials to one observer until it is told to stop or the observer raises."""

    def __init__(self, observers: Observers, name: str, interval: float) -> None:
        self.name = name
        self.events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self.problems: list[str] = []
        self._observers, self._interval = observers, interval
        self._running: dict[Path, tuple[Trial, Tail]] = {}
        self.thread = threading.Thread(target=self._follow, name=f"genbench observer {name}", daemon=True)

    def _follow(self) -> None:
        try:
            while self._handle_event():
                self._poll()
            self._poll()
        except BaseException as error:  # whatever it raises must end in the list of problems, never in training
            dropped = f"observer '{self.name}' was dropped: {reason(error)}"
            self.problems.append(f"{dropped}; run `genbench sync` once it is fixed")

    def _handle_event(self) -> bool:
        """Handle the next event, if one comes within the interval; return whether to go on."""
        try:
            event = self.events.get(timeout=self._interval)
        except queue.Empty:
            return True
        if event is None:
            return False
        if isinstance(event, _StudyEnded):
            self._observers.end_study(self.name, event.directory)
            return True
        if isinstance(event, _Started) or event.directory not in self._running:
            self._observers.start(self.name, event.trial, event.directory)
            self._running[event.directory] = event.trial, Tail(event.directory)
        if isinstance(event, _Ended):
            self._advance(event.directory)
            del self._running[event.directory]
            self._observers.end(self.name, event.trial, event.directory, event.record)
        return True

    def _poll(self) -> None:
        for directory in self._running:
            self._advance(directory)

    def _advance(self, directory: Path) -> None:
        """Hand over a trial's new rows; a file that cannot be read is a problem of the trial, not of the observer."""
        trial, tail = self._running[directory]
        try:
            rows = tail.rows()
        except (OSError, GenbenchError) as error:
            if str(error) not in self.problems:
                self.problems.append(str(error))
            return
        self._observers.log(self.name, trial, directory, rows)
