"""The parent runs of MLflow: one per method and setting of a study, its trials nested under it, with the mean, standard
deviation, interval and number of seeds of every metric; so that MLflow's own table and charts compare methods.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genbench.observers.cells import Cell, Spread, cells, key_of, name_of
from genbench.observers.names import LONGEST_PARAM, LONGEST_TAG, METRICS, PARAMS, allowed, parameters
from genbench.observers.store import open_experiment
from genbench.trial.trial import Trial

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

TAG = "genbench.cell"
"""Marks a parent run; its value is the key of its cell."""
NESTED = "mlflow.parentRunId"
"""MLflow's own tag of a run that is shown under another one."""
PAGE = 1000
"""Runs that one call of `search_runs` gives."""


def parent_of(client: MlflowClient, trial: Trial, results: Path) -> str:
    """The run under which a trial's run belongs; it is made where it is missing. Only one process may do so at a
    time.
    """
    experiment = open_experiment(client, trial.study, results)
    if found := client.search_runs([experiment], f"tags.`{TAG}` = '{key_of(trial)}'", max_results=1):
        return str(found[0].info.run_id)
    from mlflow.entities import Param

    tags = {TAG: key_of(trial), "mlflow.source.name": "genbench"}
    run = str(client.create_run(experiment, round(time.time() * 1000), tags, name_of(trial)).info.run_id)
    own = {key: text for key, text in parameters(trial).items() if key != "seed"}
    params = [Param(allowed(key), text[:LONGEST_PARAM]) for key, text in own.items()]
    for start in range(0, len(params), PARAMS):
        client.log_batch(run, params=params[start : start + PARAMS])
    return run


def renew(client: MlflowClient, results: Path, study: Path) -> None:
    """Make the parent runs of a study say what its files say, and nest the runs of its trials under them; what is right
    already is left as it is. Only one process may do so at a time.
    """
    found = cells(study).values()
    runs = {name: _trials(client, name) for name in dict.fromkeys(cell.trial.study for cell in found)}
    for cell in found:
        name = cell.trial.study
        own = [runs[name][mark] for one in cell.directories if (mark := f"{name}/{one.name}") in runs[name]]
        if not own:
            continue
        parent = parent_of(client, cell.trial, results)
        for run in own:
            if run.data.tags.get(NESTED) != parent:
                client.set_tag(run.info.run_id, NESTED, parent)
        _tell(client, client.get_run(parent), cell)


def numbers(spreads: Mapping[str, Spread]) -> dict[str, float]:
    """What a parent run has as its metrics: `mean/fid`, `spread/fid_sd`, `_low`, `_high` and `_n`; those that a single
    seed has not are left out.
    """
    found = {}
    for metric, one in spreads.items():
        found[f"mean/{metric}"] = one.mean
        found |= {f"spread/{metric}_{word}": value for word, value in (("sd", one.sd), ("low", one.low))}
        found |= {f"spread/{metric}_high": one.high, f"spread/{metric}_n": float(one.seeds)}
    return {allowed(name): value for name, value in found.items() if not math.isnan(value)}


def _tell(client: MlflowClient, run: Run, cell: Cell) -> None:
    """Write what is new of a cell into its run."""
    from mlflow.entities import Metric, RunTag

    found, known = numbers(cell.spreads), run.data.metrics
    gone = {name: math.nan for name, value in known.items() if name not in found and not math.isnan(value)}
    now = round(time.time() * 1000)  # of two values at one step the later one is shown
    changed = [Metric(name, value, now, 0) for name, value in (found | gone).items() if known.get(name) != value]
    for start in range(0, len(changed), METRICS):
        client.log_batch(run.info.run_id, metrics=changed[start : start + METRICS])
    tags = {
        "genbench.status": ", ".join(f"{count} {status}" for status, count in sorted(cell.ends.items())) or "running",
        "mlflow.note.content": _described(cell)[:LONGEST_TAG],
    }
    tags = {name: text for name, text in tags.items() if run.data.tags.get(name) != text}
    client.log_batch(run.info.run_id, tags=[RunTag(name, text) for name, text in tags.items()])
    status, ended = _status(cell), round(cell.ended * 1000)
    if run.info.run_name != cell.name:
        client.update_run(run.info.run_id, name=cell.name)
    if status == "RUNNING":
        if run.info.status != status:
            client.update_run(run.info.run_id, status=status)
    elif (run.info.status, run.info.end_time) != (status, ended):
        client.set_terminated(run.info.run_id, status, ended)


def _status(cell: Cell) -> str:
    """Of the parent run, in MLflow's words."""
    if sum(cell.ends.values()) < len(cell.directories):
        return "RUNNING"
    if cell.ends.keys() & {"finished"}:
        return "FINISHED"
    return "KILLED" if set(cell.ends) == {"interrupted"} else "FAILED"


def _described(cell: Cell) -> str:
    """A cell for a reader, in Markdown."""
    if not cell.spreads:
        return "No trial has finished yet; the runs under this one are its trials, one per seed."
    rows: Sequence[str] = [
        f"| {metric} | {one.mean:.4g} | {_word(one.sd)} | {_interval(one)} | {one.seeds} |"
        for metric, one in cell.spreads.items()
    ]
    head = ["| metric | mean | sd | 95 % interval of the mean | seeds |", "|---|---|---|---|---|"]
    return "\n".join(["Over training seeds; the runs under this one are its trials.", "", *head, *rows])


def _word(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3g}"


def _interval(one: Spread) -> str:
    return "–" if math.isnan(one.low) else f"{one.low:.4g} to {one.high:.4g}"


def _trials(client: MlflowClient, study: str) -> Mapping[str, Run]:
    """The runs of a study's trials by their tag `genbench.trial`."""
    experiment = client.get_experiment_by_name(study)
    if experiment is None or experiment.lifecycle_stage == "deleted":
        return {}
    found: dict[str, Run] = {}
    token = None
    while True:
        wanted = "tags.`genbench.trial` LIKE '%'"
        page = client.search_runs([experiment.experiment_id], wanted, max_results=PAGE, page_token=token)
        found |= {run.data.tags["genbench.trial"]: run for run in page}
        token = page.token
        if not token:
            return found
