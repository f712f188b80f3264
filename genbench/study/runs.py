"""The runs of a study, and what may be asked for instead of what they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from genbench.config.compose import Override
from genbench.config.settings import RESERVED
from genbench.contract import registry
from genbench.errors import GenbenchError
from genbench.report.claims.reading import Known


@dataclass(frozen=True, kw_only=True)
class StudyRun:
    """Methods x data sets x seeds under the same settings; a study is one or several of them."""

    methods: tuple[str, ...] = ()
    """Labels, `method` or `method/variant`; none: every installed method."""
    datasets: tuple[str, ...] = ("ring",)
    seeds: tuple[int, ...] = (0,)
    settings: tuple[Override, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is asked for instead of what a study's runs say, by its `smoke` or by the command line; empty: as they
    say.
    """

    methods: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    settings: tuple[Override, ...] = ()
    sweeps: int | None = None
    """How many values are kept of every sweep of the runs, the first ones."""
    score: tuple[int, ...] | None = None


def canonical(overrides: Iterable[Override]) -> tuple[Override, ...]:
    """The overrides under the names that settings have: `features` is short for `features.name`."""
    return tuple(
        override._replace(key="features.name") if override.key == "features" else override for override in overrides
    )


def methods_of(runs: Iterable[StudyRun | Changes]) -> set[str]:
    """The methods that runs name, without their variants."""
    return {label.partition("/")[0] for run in runs for label in run.methods}


def changed(runs: Sequence[StudyRun], changes: Changes, place: Path | None) -> tuple[StudyRun, ...]:
    """The runs with what is asked for instead; place: their file, for a message.

    Seeds and settings replace those of every run. A method or data set that some runs name is run as those runs say;
    one that none of them names joins every run. Runs that are left with none are dropped, and so are settings of
    dropped methods.
    """
    methods = {label for run in runs for label in run.methods}
    datasets = {name for run in runs for name in run.datasets}
    chosen = [
        replace(
            run,
            methods=_chosen(run.methods, changes.methods, methods),
            datasets=_chosen(run.datasets, changes.datasets, datasets),
            seeds=changes.seeds or run.seeds,
        )
        for run in runs
    ]
    left = [run for run in chosen if (run.methods or not changes.methods) and run.datasets]
    if not left:
        raise GenbenchError(
            f"{place} has no run of {', '.join(changes.methods) or 'its methods'} on {', '.join(changes.datasets)};"
            " name only one of them"
        )
    before, after = methods_of(runs), methods_of(left)
    found = []
    for run in left:
        kept = [override._replace(values=override.values[: changes.sweeps]) for override in run.settings]
        settings = {override.key: override for override in _without(before - methods_of([run]), kept)}
        settings |= {override.key: override for override in _without(after - methods_of([run]), changes.settings)}
        found.append(replace(run, settings=tuple(settings.values())))
    return tuple(found)


def roots(methods: Iterable[str]) -> list[str]:
    """What the name of a setting begins with, in runs of these methods."""
    return [*(word for word in RESERVED if word not in ("method", "seed")), *sorted(methods)]


def known(runs: Sequence[StudyRun]) -> Known:
    """What claims can be about; of metrics those of the runs where each names them, or else every installed one too."""
    settings = [{override.key: override.values for override in run.settings} for run in runs]
    named = [one.get("evaluate.metrics", ()) for one in settings]
    metrics = [str(name) for values in named for value in values for name in _several(value)]
    installed = () if all(named) else [entry.name for entry in registry.installed("metrics")]
    return Known(
        labels=[label for run in runs for label in run.methods],
        datasets=[name for run in runs for name in run.datasets],
        metrics=[*metrics, *installed],
        roots=roots(methods_of(runs)),
        swept=_swept(settings),
    )


def _without(methods: set[str], overrides: Iterable[Override]) -> list[Override]:
    """The overrides that are not of one of these methods."""
    return [override for override in overrides if override.key.partition(".")[0] not in methods]


def _chosen(own: tuple[str, ...], asked: tuple[str, ...], named: set[str]) -> tuple[str, ...]:
    """What is asked for, where this run has it or no run has it; what the run has when nothing is asked for."""
    return tuple(word for word in asked if word in own or word not in named) if asked else own


def _swept(settings: Sequence[Mapping[str, Sequence[Any]]]) -> dict[str, list[Any]]:
    """The settings that have several values, in their order."""
    found: dict[str, list[Any]] = {}
    for key, value in ((key, value) for one in settings for key, values in one.items() for value in values):
        if value not in found.setdefault(key, []):
            found[key].append(value)
    return {key: values for key, values in found.items() if len(values) > 1}


def _several(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]
