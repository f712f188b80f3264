"""Scoring a finished trial again: more metrics, more samples, other features, the best checkpoint; nothing is
trained.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from genbench.config import compose
from genbench.config.compose import Schema
from genbench.config.nested import flatten, merge
from genbench.contract import registry
from genbench.errors import CheckpointError, GenbenchError
from genbench.metrics.protocol import Protocol
from genbench.training.build import assembled
from genbench.training.evaluate import Scores, evaluate, evaluation_of
from genbench.training.generator import Which, state_in
from genbench.trial.checkpoint import into
from genbench.trial.lock import locked
from genbench.trial.record import Record, read, trial_directories, write
from genbench.trial.trial import Trial

ALLOWED = ("evaluate", "features", "device", "threads")
"""The first words of the settings that a finished trial can be scored again with."""


def finished(path: Path) -> tuple[list[Path], list[str]]:
    """The folders of finished trials at or below a path, and a line for every trial there that is not finished.

    Raises GenbenchError when there is no finished trial.
    """
    directories = list(trial_directories(path)) if path.is_dir() else []
    if not directories:
        raise GenbenchError(
            f"{path} holds no trial: name a trial's folder (RESULTS/STUDY/trials/TRIAL), a study's, or a results folder"
        )
    done, others = [], []
    for directory in directories:
        record = read(directory)
        if record is not None and record.status == "finished":
            done.append(directory)
        else:
            others.append(
                f"{directory} is not scored: {record.status if record else 'it has not ended'}; only a finished trial"
                " can be"
            )
    if not done:
        raise GenbenchError(f"no trial in {path} is finished: {others[0]}")
    return done, others


def changed(directory: Path, overrides: Sequence[str | compose.Override]) -> Trial:
    """The trial in a folder with other settings of its evaluation; raises GenbenchError for any other setting, or a
    wrong value.
    """
    trial = Trial.read(directory)
    words = [
        word._replace(key="features.name") if word.key == "features" else word for word in compose.parse(overrides)
    ]
    for word in words:
        if word.key.partition(".")[0] not in ALLOWED or word.key in ("evaluate.every", "evaluate.best"):
            raise GenbenchError(
                f"'{word.key}' cannot be changed after training: settings that can begin with {', '.join(ALLOWED)}"
            )
        if word.is_sweep:
            raise GenbenchError(f"'{word.key}' has several values; score once for each of them")
    method, dataset = registry.load("methods", trial.method), registry.load("datasets", trial.dataset)
    net = registry.load("architectures", trial.architecture)
    layer = {key: value for key, value in flatten(merge(trial.settings, trial.running)).items() if value is not None}
    schema = Schema(trial.method, method.config, trial.dataset, dataset.config, trial.architecture, net.config, [layer])
    (point,) = compose.compose(schema, words, [trial.method])
    return dataclasses.replace(trial, settings=point.settings, running=point.running)


def rescore(directory: Path, trial: Trial, which: Which = "last") -> Record:
    """Score a finished trial by the settings of `trial`, which `changed` has made, and add the numbers to its record.

    A number with the same protocol as the record's own of that metric replaces it; one with another protocol stands
    beside it under a name that says so, `fid@<protocol key>`, and `fid@seed7` for other latents. Returns the record
    with only the new numbers.
    """
    with locked(directory):
        record, original = read(directory), Trial.read(directory)
        assert record is not None
        state = state_in(directory, which)
        _check_moment(directory, state["progress"]["updates"], record, which)
        run, metrics = assembled(trial, directory)
        into(run.trainer, state["trainer"], directory)
        began = time.perf_counter()
        checkpoint = f"best by {state['progress']['chosen_by']}" if which == "best" else "last"
        evaluation = evaluation_of(run.trainer, run.settings, run.splits, trial.dataset, run.device, checkpoint)
        other_latents = trial.settings["evaluate"]["seed"] != original.settings["evaluate"]["seed"]
        suffix = f"seed{trial.settings['evaluate']['seed']}" if other_latents else ""
        name = "-".join(filter(None, [which if which == "best" else "", suffix])) or "final"
        try:
            scores = evaluate(evaluation, metrics, directory, name, original.id)
        except OSError as error:  # of a picture
            raise GenbenchError(f"{error.filename2 or error.filename} cannot be written: {error.strerror}") from error
        added = merged(record, scores, suffix, time.perf_counter() - began)
        write(added, directory)
    new = [
        name
        for name in added.metrics
        if name.partition("@")[0] in scores.numbers
        and added.protocol[name] == scores.protocols[name.partition("@")[0]].key
    ]
    return dataclasses.replace(added, metrics={name: added.metrics[name] for name in new if name.endswith(suffix)})


def _check_moment(directory: Path, updates: int, record: Record, which: Which) -> None:
    """Raise CheckpointError for a checkpoint of another moment than the record's, an older one in a damaged one's
    place: its score would be taken for that of the trained generator.
    """
    expected = record.best_updates if which == "best" else record.updates
    if updates != expected:
        raise CheckpointError(
            f"{directory} cannot be scored: its {which} checkpoint of {expected:,} updates is missing or damaged, and"
            f" the one that is left is of {updates:,}; remove record.json and run the trial again"
        )


def merged(record: Record, scores: Scores, suffix: str, seconds: float) -> Record:
    """The record with the scores added, under names that keep apart what was made under different protocols."""
    metrics, keys, better = dict(record.metrics), dict(record.protocol), dict(record.better)
    for metric, number in scores.numbers.items():
        name = _name(metric, scores.protocols[metric], keys, suffix)
        metrics[name], keys[name], better[name] = number, scores.protocols[metric].key, scores.better[metric]
    protocols: Mapping[str, Mapping[str, object]] = {
        protocol.key: protocol.to_dict() for protocol in scores.protocols.values()
    }
    return dataclasses.replace(
        record,
        metrics=metrics,
        protocol=keys,
        protocols={**record.protocols, **protocols},
        better=better,
        warnings=tuple(dict.fromkeys((*record.warnings, *scores.warnings))),
        evaluate_seconds=record.evaluate_seconds + seconds,
    )


def _name(metric: str, protocol: Protocol, keys: Mapping[str, str], suffix: str) -> str:
    different = keys.get(metric, protocol.key) != protocol.key
    return "@".join(filter(None, [metric, protocol.key if different else "", suffix]))
