"""A study: a named set of trials, planned and validated in full before the first one starts."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genbench import composition, plugins, settings
from genbench.assembly import pick_device
from genbench.composition import Override, Schema
from genbench.errors import DataError, GenbenchError, UnknownNameError
from genbench.evaluate import check_metrics, deciding
from genbench.metrics.metric import Metric
from genbench.record import COLUMNS, FINAL, Record, read
from genbench.trial import Point, Trial, plan


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

    def only(self, status: str) -> Study:
        """The study with only those of its trials that have ended with a status; raises GenbenchError when there are none."""
        chosen = tuple(trial for trial in self.trials if (record := self.record_of(trial)) and record.status == status)
        if not chosen:
            raise GenbenchError(f"no trial of {self.name} is {status}: nothing to run")
        return dataclasses.replace(self, trials=chosen)

    def is_done(self, trial: Trial) -> bool:
        """Whether the trial has a record that running it again would not change."""
        record = self.record_of(trial)
        return record is not None and record.status in FINAL


def plan_study(
    methods: Sequence[str], datasets: Sequence[str], seeds: Sequence[int], overrides: Iterable[str | Override], *, name: str | None, results: Path
) -> Study:
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
    words = composition.parse(overrides)
    architectures = next((override.values for override in words if override.key == "net"), (None,))
    words = [override._replace(key="features.name") if override.key == "features" else override for override in words if override.key != "net"]
    words = [_absolute(override) if override.key == "data.root" else override for override in words]
    names = sorted({method for method, _ in chosen})
    for override in words:
        root = override.key.partition(".")[0]
        if root not in names and any(entry.name == root for entry in plugins.installed("methods")):
            raise GenbenchError(f"'{override.key}' sets an option of {root}, which is not among this study's methods ({', '.join(names)})")

    def points(method: str, variant: str, dataset: str) -> Iterable[Point]:
        for architecture in architectures:
            for point in composition.compose(_schema(method, variant, dataset, architecture), words, names):
                swept = {"net": architecture, **point.swept} if len(architectures) > 1 else point.swept
                yield point._replace(swept=swept)

    study = Study(name=name, results=results.absolute(), trials=plan(name, chosen, datasets, seeds, points))
    _check_trials(study.trials)
    return study


def _absolute(override: Override) -> Override:
    """A data root that means the same wherever a trial is run."""
    return override._replace(values=tuple(os.path.abspath(os.path.expanduser(root)) if root and isinstance(root, str) else root for root in override.values))


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
        {f"resources.{key}": value for key, value in plugin.resources.items()},
        {f"method.{key}": value for key, value in plugin.presets.get(dataset, {}).items()},
        {f"method.{key}": value for key, value in (plugin.variants[variant] if variant else {}).items()},
    ]
    return Schema(method, plugin.config, dataset, data.config, architecture, net.config, layers)


def _check_trials(trials: Sequence[Trial]) -> None:
    """Everything that can be known to fail before it starts: data, metrics, architecture, device."""
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
        deciding(metrics, chosen.evaluate.best)
        check_metrics(metrics, splits, trial.dataset, chosen.features)
        if reason := architecture.accepts(chosen.net, splits.shape):
            raise GenbenchError(f"architecture {trial.architecture} cannot be had on {trial.dataset}: {reason}")
        if len(splits.train) < 2:
            raise DataError(f"{trial.dataset} holds {len(splits.train)} training images; at least 2 are needed")
        _check_world(chosen)
        pick_device(chosen.device)


def _check_world(chosen: settings.Settings) -> None:
    """Whether the batch can be shared by the ranks, and the ranks by the machines."""
    world, nodes = chosen.world, chosen.resources.nodes
    if chosen.train.batch % world:
        raise GenbenchError(f"train.batch={chosen.train.batch} cannot be shared equally by world={world} ranks; make it a multiple of {world}")
    if world % nodes:
        raise GenbenchError(f"world={world} ranks cannot be spread equally over resources.nodes={nodes} machines; make it a multiple of {nodes}")


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
