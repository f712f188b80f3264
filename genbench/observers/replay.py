"""The chosen observers of a results folder, and the replay of the files of all its trials to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pluggy

from genbench.contract import hooks, registry
from genbench.errors import DataError, GenbenchError, PluginError, UnknownNameError
from genbench.observers import store
from genbench.trial.lock import check_links
from genbench.trial.log import Row, Tail
from genbench.trial.record import read, trial_directories
from genbench.trial.trial import Trial


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

    def end_study(self, name: str, directory: Path) -> None:
        """Tell one observer that it knows all of a study's trials."""
        self._caller(name, "genbench_study_end")(study=directory.name, directory=directory)

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
                " genbench_trial_end, genbench_study_end"
            )

    def _caller(self, name: str, hook: str) -> pluggy.HookCaller:
        others = [observer for other, observer in self._manager.list_name_plugin() if other != name]
        return self._manager.subset_hook_caller(hook, others)


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
            with _blamed(name, f"{trial.study}/{directory.name}"):
                observers.start(name, trial, directory)
                observers.log(name, trial, directory, rows)
                if record is not None:
                    observers.end(name, trial, directory, record.to_row())
    for study in dict.fromkeys(directory.parent.parent for directory in directories):
        for name in observers.names:
            with _blamed(name, study.name):
                observers.end_study(name, study)
    return len(directories)


@contextmanager
def _blamed(name: str, what: str) -> Iterator[None]:
    """Whatever an observer raises, the user learns that it was the observer."""
    try:
        yield
    except GenbenchError:
        raise
    except Exception as error:
        raise PluginError(
            f"observer '{name}' could not take {what}: {reason(error)}; what it lacks comes with the next sync"
        ) from error


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
