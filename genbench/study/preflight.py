"""What can be known to fail before any trial starts: data, metrics, architecture, ranks, device."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from genbench.config import settings
from genbench.contract import registry
from genbench.contract.dataset import Splits
from genbench.contract.kit import fieldless
from genbench.contract.metric import Metric
from genbench.errors import DataError, GenbenchError
from genbench.metrics import features
from genbench.training import bfloat16
from genbench.training.arithmetic import check_place, pick_device
from genbench.training.evaluate import check_metrics, deciding
from genbench.trial.record import COLUMNS
from genbench.trial.trial import Trial


def check_trials(trials: Sequence[Trial], *, dry: bool = False) -> tuple[str, ...]:
    """Raise GenbenchError for what cannot be run; dry: return instead, one line each, what data and weights are missing
    here.
    """
    loaded: dict[str, Splits | None] = {}
    lacks: list[str] = []
    for trial in trials:
        dataset, architecture = (
            registry.load("datasets", trial.dataset),
            registry.load("architectures", trial.architecture),
        )
        method = registry.load("methods", trial.method)
        chosen = settings.restore(
            settings.merge(trial.settings, trial.running), method.config, dataset.config, architecture.config
        )
        metrics = [registry.load("metrics", name) for name in chosen.evaluate.metrics]
        _check_columns(metrics)
        deciding(metrics, chosen.evaluate.best)
        key = json.dumps([trial.dataset, dataclasses.asdict(chosen.data)], sort_keys=True)
        if key not in loaded:
            loaded[key] = None
            with _noting(lacks, dry=dry):
                loaded[key] = dataset.load(chosen.data)
        splits = loaded[key]
        with _noting(lacks, dry=dry):
            if splits is not None:
                check_metrics(metrics, splits, trial.dataset, chosen.features, dry=dry)
            elif any(metric.features for metric in metrics):
                features.could_choose(chosen.features, None)
        if splits is not None:
            if reason := architecture.accepts(chosen.net, splits.shape):
                raise GenbenchError(f"architecture {trial.architecture} cannot be used on {trial.dataset}: {reason}")
            if method.trainer.start == "field" and (reason := fieldless(architecture)):
                raise GenbenchError(f"{trial.label} cannot be run: {reason}")
            if len(splits.train) < 2:
                raise DataError(f"{trial.dataset} holds {len(splits.train)} training images; at least 2 are needed")
        _check_world(chosen)
        check_place(chosen.device, chosen.world, chosen.train.precision)
        pick_device(chosen.device)
    return tuple(dict.fromkeys(lacks))


def cautions(trials: Sequence[Trial]) -> tuple[str, ...]:
    """What a person should know who runs these trials on this machine, one line each."""
    on_cpu = any(
        trial.settings["train"]["precision"] == "bf16"
        and pick_device(trial.running.get("device", "auto")).type == "cpu"
        for trial in trials
    )
    return tuple(filter(None, [bfloat16.warning() if on_cpu else ""]))


@contextmanager
def _noting(lacks: list[str], *, dry: bool) -> Iterator[None]:
    """In a dry run, add what data are missing to the list instead of raising it."""
    try:
        yield
    except DataError as error:
        if not dry:
            raise
        lacks.append(str(error))


def _check_world(chosen: settings.Settings) -> None:
    """Whether the batch can be shared by the ranks, and the ranks by the machines."""
    world, nodes = chosen.world, chosen.resources.nodes
    if chosen.train.batch % world:
        raise GenbenchError(
            f"train.batch={chosen.train.batch} cannot be shared equally by world={world} ranks; make it a multiple of"
            f" {world}"
        )
    if world % nodes:
        raise GenbenchError(
            f"world={world} ranks cannot be spread equally over resources.nodes={nodes} machines; make it a multiple of"
            f" {nodes}"
        )


def _check_columns(metrics: Sequence[Metric]) -> None:
    names = [metric.name for metric in metrics]
    for name in names:
        if name in COLUMNS:
            raise GenbenchError(f"a metric cannot be called '{name}': every record has a column of that name")
        if names.count(name) > 1:
            raise GenbenchError(f"evaluate.metrics names '{name}' twice")
