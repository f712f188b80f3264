"""Replays the files of trials to observers: live in the background of a supervisor, or a whole results folder at
once.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pluggy

from genbench.contract import hooks, registry
from genbench.errors import DataError, GenbenchError, PluginError, UnknownNameError
from genbench.observers import store
from genbench.trial.lock import check_links
from genbench.trial.log import Row, Tail
from genbench.trial.record import read, trial_directories
from genbench.trial.trial import Trial

INTERVAL = 0.5
"""Seconds between two looks at the files of running trials."""


class Observers:
    """The chosen observers of one results folder, each called separately."""

    def __init__(self, names: Iterable[str], results: Path) -> None:
        """Raises UnknownNameError for a name that is not installed, PluginError for an observer that cannot be used."""
        self._manager = pluggy.PluginManager("genbench")
        self._manager.add_hookspecs(hooks)
        for name in dict.fromkeys(names):
            observer = _observer(name, results)
            self._manager.register(observer, name=name)
            self._check_hooks(name, observer)

    @property
    def names(self) -> list[str]:
        """The observers' names, in the order they were chosen in."""
        return [name for name, _ in self._manager.list_name_plugin()]

    def start(self, name: str, trial: Trial, directory: Path) -> None:
        """Tell one observer that a trial starts; all rows of the trial follow, from the first one."""
        self._caller(name, "genbench_trial_start")(trial=trial, directory=directory)

    def log(self, name: str, trial: Trial, directory: Path, rows: Sequence[Row]) -> None:
        """Hand new rows, if there are any, to one observer."""
        if rows:
            self._caller(name, "genbench_trial_log")(trial=trial, directory=directory, rows=rows)

    def end(self, name: str, trial: Trial, directory: Path, record: Mapping[str, Any]) -> None:
        """Tell one observer how a trial ended."""
        self._caller(name, "genbench_trial_end")(trial=trial, directory=directory, record=record)

    def _check_hooks(self, name: str, observer: object) -> None:
        """Raise PluginError when an observer has a hook that does not exist or is not marked, or none at all."""
        marked = {caller.name for caller in self._manager.get_hookcallers(observer) or ()}
        for hook in (attribute for attribute in dir(observer) if attribute.startswith("genbench_")):
            if hook not in registry.HOOKS:
                raise PluginError(f"observer '{name}': {UnknownNameError('hook', hook, registry.HOOKS)}")
            if hook not in marked:
                raise PluginError(f"observer '{name}': {hook} is never called; mark it with @hookimpl")
        if not marked:
            raise PluginError(
                f"observer '{name}' has no hook; it needs some of genbench_trial_start, genbench_trial_log,"
                " genbench_trial_end"
            )

    def _caller(self, name: str, hook: str) -> pluggy.HookCaller:
        others = [observer for other, observer in self._manager.list_name_plugin() if other != name]
        return self._manager.subset_hook_caller(hook, others)


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


def sync(results: Path, names: Iterable[str]) -> int:
    """Replay every trial of a results folder from its files; return how many there are.

    Raises DataError when there is no such folder or a file is damaged, and PluginError when an observer raises
    anything.
    """
    if not results.is_dir():
        raise DataError(f"there is no results folder {results}; name the folder that holds the studies")
    observers = Observers(names, results)
    directories = list(trial_directories(results))
    for directory in directories:
        check_links(directory)
        trial = Trial.read(directory)
        record = read(directory)
        rows = Tail(directory).rows()
        for name in observers.names:
            try:
                observers.start(name, trial, directory)
                observers.log(name, trial, directory, rows)
                if record is not None:
                    observers.end(name, trial, directory, record.to_row())
            except GenbenchError:
                raise
            except Exception as error:  # whatever an observer raises, the user learns that it was the observer
                raise PluginError(
                    f"observer '{name}' could not take {trial.study}/{directory.name}: {reason(error)}; what it lacks"
                    " comes with the next sync"
                ) from error
    return len(directories)


def reason(error: BaseException) -> str:
    """What an error says, in one discreet line: which one it is, unless its message is all that a person needs."""
    said = _discreet(str(error))
    return said if isinstance(error, GenbenchError) else f"{type(error).__name__}: {said}"


def _observer(name: str, results: Path) -> object:
    """What the hook of an observer's module gives; raises PluginError where it raises or gives nothing."""
    module = registry.load("observers", name)
    (entry,) = (entry for entry in registry.installed("observers") if entry.name == name)
    try:
        observer = module.hook.genbench_observer(results=results)
    except GenbenchError:
        raise
    except Exception as error:  # whatever a plugin's hook raises is the plugin's fault and must be shown as such
        raise PluginError(
            f"{entry.origin}: genbench_observer(results) in {entry.module} raises {reason(error)}; mend or uninstall"
            " it, or choose other --observers"
        ) from error
    if observer is None:
        raise PluginError(f"observer '{name}': genbench_observer(results) gives no object; its module must return one")
    return observer


class _Started(NamedTuple):
    trial: Trial
    directory: Path


class _Ended(NamedTuple):
    trial: Trial
    directory: Path
    record: Mapping[str, Any]


_Event = _Started | _Ended | None
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


def _discreet(text: str) -> str:
    """The text as one line, of a traceback in it the last error, without the secrets of the addresses in it and without
    what sqlalchemy adds.
    """
    errors = (
        re.findall(r"^[\w.]*(?:Error|Exception)\b.*", text, re.MULTILINE)
        if "Traceback (most recent call last)" in text
        else []
    )
    told = re.split(r"\[SQL: |\(Background on this error", errors[-1] if errors else text)[0]
    return store.discreet(" ".join(told.split()))
