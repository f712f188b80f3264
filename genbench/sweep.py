"""A study from its plan to its records: a folder per trial, an engine that runs them, observers that watch."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from genbench import plugins, settings
from genbench.engines import local
from genbench.errors import DataError, GenbenchError, UnknownNameError
from genbench.evaluate import check_metrics
from genbench.metrics.metric import Metric
from genbench.observers.replay import Observers, Tail, Watcher
from genbench.record import COLUMNS, FINAL, Record, read, read_json, write, write_json
from genbench.settings import Schema
from genbench.trial import Point, Trial, plan
from genbench.worker import describe

OBSERVER_PATIENCE = 60.0
"""Seconds that observers have, after the last trial, to take in what happened."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """A named set of trials in a results folder."""

    name: str
    results: Path
    trials: tuple[Trial, ...]

    @property
    def directory(self) -> Path:
        """The study's folder."""
        return self.results / self.name

    def directory_of(self, trial: Trial) -> Path:
        """Where a trial's files are."""
        return self.directory / "trials" / trial.directory

    def record_of(self, trial: Trial) -> Record | None:
        """The trial's record, if it has one."""
        return read(self.directory_of(trial))

    def is_done(self, trial: Trial) -> bool:
        """Whether the trial has a record that running it again would not change."""
        record = self.record_of(trial)
        return record is not None and record.status in FINAL


class Display(Protocol):
    """Who shows a person how a study goes."""

    def started(self, trial: Trial, attempt: int) -> None:
        """A trial's worker starts."""

    def progress(self, trial: Trial, row: Mapping[str, Any]) -> None:
        """A trial's newest row of metrics.jsonl."""

    def ended(self, trial: Trial, record: Record) -> None:
        """A trial has left its record."""


class Silent:
    """A display that shows nothing."""

    def started(self, trial: Trial, attempt: int) -> None:
        """Nothing."""

    def progress(self, trial: Trial, row: Mapping[str, Any]) -> None:
        """Nothing."""

    def ended(self, trial: Trial, record: Record) -> None:
        """Nothing."""


def plan_study(methods: Sequence[str], datasets: Sequence[str], seeds: Sequence[int], overrides: Iterable[str], *, name: str | None, results: Path) -> Study:
    """Compose and validate every trial of a study; nothing is started and nothing written.

    methods: labels `method` or `method/variant`; none: every installed one. Raises GenbenchError for whatever cannot be run.
    """
    name = name or "-".join(datasets) + "-comparison"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
        raise GenbenchError(f"'{name}' cannot name a study: use letters, digits, '.', '_' and '-', beginning with a letter or digit")
    _check_results(results)
    labels = list(methods) or [entry.name for entry in plugins.installed("methods") if not entry.problem]
    if not labels:
        raise GenbenchError("no method is installed: install a plugin, for example genbench-gram (genbench list methods)")
    chosen = plugins.choose(labels)
    words = settings.parse(overrides)
    architectures = next((override.values for override in words if override.key == "net"), (None,))
    words = [override for override in words if override.key != "net"]
    names = sorted({method for method, _ in chosen})
    for override in words:
        root = override.key.partition(".")[0]
        if root not in names and any(entry.name == root for entry in plugins.installed("methods")):
            raise GenbenchError(f"'{override.key}' sets an option of {root}, which is not among this study's methods ({', '.join(names)})")

    def points(method: str, variant: str, dataset: str) -> Iterable[Point]:
        for architecture in architectures:
            for point in settings.compose(_schema(method, variant, dataset, architecture), words, names):
                swept = {"net": architecture, **point.swept} if len(architectures) > 1 else point.swept
                yield point._replace(swept=swept)

    study = Study(name=name, results=results.absolute(), trials=plan(name, chosen, datasets, seeds, points))
    _check_trials(study.trials)
    return study


def run_study(study: Study, *, slots: int | None, observers: Sequence[str], display: Display) -> list[str]:
    """Run every trial that is not done; return what the observers could not do, one line each.

    Records are in the trials' folders afterwards, one for each trial that was started. Raises KeyboardInterrupt after the
    workers have saved and stopped.
    """
    todo = [trial for trial in study.trials if not study.is_done(trial)]
    watcher = Watcher(Observers(observers, study.results))
    try:
        directories = {}
        for trial in todo:
            directory = study.directory_of(trial)
            write_trial(trial, directory)
            directories[directory] = trial
        if todo:
            threads = max(trial.running.get("threads", 1) for trial in todo)
            local.run(list(directories), slots or local.default_slots(threads), _preload(todo), _Listener(directories, watcher, display))
    finally:
        problems = watcher.close(OBSERVER_PATIENCE)
    return problems


class _Listener:
    """Turns what the engine says into records, rows for the display and events for the observers."""

    def __init__(self, trials: Mapping[Path, Trial], watcher: Watcher, display: Display) -> None:
        self._trials, self._watcher, self._display = trials, watcher, display
        self._tails: dict[Path, Tail] = {}

    def started(self, directory: Path, attempt: int) -> None:
        self._tails[directory] = Tail(directory)
        self._watcher.trial_started(self._trials[directory], directory)
        self._display.started(self._trials[directory], attempt)

    def ended(self, directory: Path, status: int, *, final: bool) -> None:
        del self._tails[directory]
        if not final:
            return
        trial = self._trials[directory]
        record = read(directory)
        if record is None:
            record = _record_of_lost(trial, directory, status)
            write(record, directory)
        self._watcher.trial_ended(trial, directory, record.to_row())
        self._display.ended(trial, record)

    def tick(self) -> None:
        for directory, tail in self._tails.items():
            if rows := tail.rows():
                self._display.progress(self._trials[directory], rows[-1])


def _record_of_lost(trial: Trial, directory: Path, status: int) -> Record:
    """The record of a trial whose worker could not write one."""
    rows = Tail(directory).rows()
    clocks = {key: rows[-1][key] for key in ("images", "updates", "train_seconds")} if rows else {}
    if status < 0:
        why = f"killed by {signal.Signals(-status).name} {local.RETRIES + 1} times; the machine may be short of memory (fewer --slots need less)"
    else:
        last = _last_line(directory / "log.txt")
        why = f"the worker ended with exit code {status} without a record{': ' + last if last else ''}"
    return Record(**describe(trial, directory), status="failed", error=why, ended=time.time(), **clocks)


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines() if path.exists() else []
    return lines[-1] if lines else ""


def _schema(method: str, variant: str, dataset: str, architecture: str | None) -> Schema:
    """The classes and layers of one cell of a study."""
    plugin = plugins.load("methods", method)
    data = plugins.load("datasets", dataset)
    architecture = architecture or next(iter(data.nets))
    if not isinstance(architecture, str):
        raise GenbenchError(f"net={architecture} names no architecture (genbench list architectures)")
    net = plugins.load("architectures", architecture)
    for name in plugin.presets.get(dataset, {}):
        if name not in {f.name for f in dataclasses.fields(plugin.config)}:
            raise UnknownNameError(f"setting in {method}'s preset for {dataset}", name, [f.name for f in dataclasses.fields(plugin.config)])
    layers = [
        data.defaults,
        {f"net.{key}": value for key, value in data.nets.get(architecture, {}).items()},
        {f"method.{key}": value for key, value in plugin.presets.get(dataset, {}).items()},
        {f"method.{key}": value for key, value in (plugin.variants[variant] if variant else {}).items()},
    ]
    return Schema(method, plugin.config, dataset, data.config, architecture, net.config, layers)


def _check_trials(trials: Sequence[Trial]) -> None:
    """Everything that can be known to fail before it starts: data, metrics, architecture, device."""
    from genbench.worker import pick_device

    loaded: dict[str, Any] = {}
    for trial in trials:
        dataset, architecture = plugins.load("datasets", trial.dataset), plugins.load("architectures", trial.architecture)
        method = plugins.load("methods", trial.method)
        chosen = settings.restore(settings.merge(trial.settings, trial.running), method.config, dataset.config, architecture.config)
        key = json.dumps([trial.dataset, dataclasses.asdict(chosen.data)], sort_keys=True)
        if key not in loaded:
            loaded[key] = dataset.load(chosen.data)
        splits = loaded[key]
        metrics = [plugins.load("metrics", name) for name in chosen.evaluate.metrics]
        _check_columns(metrics)
        check_metrics(metrics, splits, trial.dataset)
        if reason := architecture.accepts(chosen.net, splits.shape):
            raise GenbenchError(f"architecture {trial.architecture} cannot be had on {trial.dataset}: {reason}")
        if len(splits.train) < 2:
            raise DataError(f"{trial.dataset} holds {len(splits.train)} training images; at least 2 are needed")
        pick_device(chosen.device)


def _check_columns(metrics: Sequence[Metric]) -> None:
    names = [metric.name for metric in metrics]
    for name in names:
        if name in COLUMNS:
            raise GenbenchError(f"a metric cannot be called '{name}': every record has a column of that name")
        if names.count(name) > 1:
            raise GenbenchError(f"evaluate.metrics names '{name}' twice")


def _check_results(results: Path) -> None:
    existing = results.absolute()
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        reason = "is not writable" if existing.is_dir() else "is a file"
        raise GenbenchError(f"results cannot be kept in {results}: {existing} {reason}; choose another folder with --results")


def write_trial(trial: Trial, directory: Path) -> None:
    """Write trial.json; a trial that has begun keeps its number of threads, or it would not go on bit for bit."""
    path = directory / "trial.json"
    if path.exists():
        begun = read_json(path)["running"].get("threads", 1)
        trial = dataclasses.replace(trial, running={**trial.running, "threads": begun})
    try:
        directory.mkdir(parents=True, exist_ok=True)
        write_json(trial.to_dict(), path)
    except OSError as error:
        raise GenbenchError(f"{directory} cannot be written: {error.strerror}; choose another folder with --results") from error


def _preload(trials: Sequence[Trial]) -> list[str]:
    """The modules that the trials will import."""
    wanted: set[tuple[plugins.Kind, str]] = {("methods", trial.method) for trial in trials}
    wanted |= {("datasets", trial.dataset) for trial in trials}
    wanted |= {("architectures", trial.architecture) for trial in trials}
    wanted |= {("metrics", name) for trial in trials for name in trial.settings["evaluate"]["metrics"]}
    modules = {(entry.kind, entry.name): entry.module for kind in plugins.KINDS for entry in plugins.installed(kind)}
    return sorted({modules[pair] for pair in wanted})
