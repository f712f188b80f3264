"""Every hook that a plugin can implement, typed; `hookimpl` marks an implementation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from genbench.contract.dataset import Dataset
    from genbench.contract.extractor import Extractor
    from genbench.contract.kit import Architecture
    from genbench.contract.metric import Metric
    from genbench.contract.trainer import Method
    from genbench.trial.trial import Trial

hookspec = pluggy.HookspecMarker("genbench")
hookimpl = pluggy.HookimplMarker("genbench")


@hookspec
def genbench_methods() -> Iterable[Method]:  # type: ignore[empty-body]
    """The methods that a module provides; called when one of its entry points in `genbench.methods` is needed."""


@hookspec
def genbench_datasets() -> Iterable[Dataset]:  # type: ignore[empty-body]
    """The data sets that a module provides; entry points in `genbench.datasets`."""


@hookspec
def genbench_architectures() -> Iterable[Architecture]:  # type: ignore[empty-body]
    """The architectures that a module provides; entry points in `genbench.architectures`."""


@hookspec
def genbench_metrics() -> Iterable[Metric]:  # type: ignore[empty-body]
    """The metrics that a module provides; entry points in `genbench.metrics`."""


@hookspec
def genbench_extractors() -> Iterable[Extractor]:  # type: ignore[empty-body]
    """The extractors of features that a module provides; entry points in `genbench.extractors`."""


@hookspec(firstresult=True)
def genbench_observer(results: Path) -> object:
    """An object with some of the hooks `genbench_trial_*` and `genbench_study_end`, for one results folder; entry
    points in `genbench.observers`.
    """


@hookspec
def genbench_trial_start(trial: Trial, directory: Path) -> None:
    """A trial starts or goes on; called in the supervisor, never inside a training process."""


@hookspec
def genbench_trial_log(trial: Trial, directory: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """New rows of the trial's metrics.jsonl, in order; all from the first one on after each `genbench_trial_start`."""


@hookspec
def genbench_trial_end(trial: Trial, directory: Path, record: Mapping[str, Any]) -> None:
    """The trial left its record; always called, whatever the status."""


@hookspec
def genbench_study_end(study: str, directory: Path) -> None:
    """All that happened to a study's trials has been told: at the end of a command that runs it, even of one that found
    nothing to do, and after its trials in `genbench sync`. directory: the study's folder.
    """
