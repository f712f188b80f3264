"""MLflow's pages of studies, by their addresses: what compares methods first, then every single trial."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from genbench.observers import parents
from genbench.observers.store import connect, has_store, own_store

if TYPE_CHECKING:
    from mlflow import MlflowClient

WORKFLOW = "workflowType=machine_learning"
"""Makes MLflow's pages show what is about training, not what is about language models."""
EMPTY = "Default"
"""The experiment that MLflow itself makes."""


def links(results: Path, study: str, address: str) -> list[str]:
    """Pages of a user interface at that address: a study's charts, and the comparison of its runs; of its methods,
    where a store of an earlier version knows those, and else of its trials.

    None while the store lacks the study. What MLflow raises is passed on.
    """
    if not has_store(results):
        return []
    client = connect(results)
    experiment = client.get_experiment_by_name(study)
    if experiment is None:
        return []
    number = experiment.experiment_id
    wanted = _wanted(client, number)
    found = client.search_runs([number], wanted, order_by=["attributes.start_time ASC"])
    runs = json.dumps([run.info.run_id for run in found])
    return [
        _charts(address, number, wanted),
        f"{address}/#/compare-runs?runs={quote(runs)}&experiments={quote(json.dumps([number]))}&{WORKFLOW}",
    ]


def studies(results: Path, address: str) -> dict[str, str]:
    """Every study that a results folder's own store knows, the newest first, and its charts in a user interface of that
    store. What MLflow raises is passed on.
    """
    client = own_store(results)
    found = {one.name: one.experiment_id for one in client.search_experiments(order_by=["last_update_time DESC"])}
    if not (results / EMPTY / "trials").is_dir():
        found.pop(EMPTY, None)
    return {name: _charts(address, number, _wanted(client, number)) for name, number in found.items()}


def _wanted(client: MlflowClient, experiment: str) -> str:
    """What finds the runs to be compared: those of methods, or of trials where an earlier version wrote the store."""
    of_methods, of_trials = (f"tags.`{tag}` LIKE '%'" for tag in (parents.TAG, "genbench.trial"))
    return of_methods if client.search_runs([experiment], of_methods, max_results=1) else of_trials


def _charts(address: str, experiment: str, wanted: str) -> str:
    return f"{address}/#/experiments/{experiment}/runs?compareRunsMode=CHART&{WORKFLOW}&searchFilter={quote(wanted)}"
