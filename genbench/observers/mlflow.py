"""Writes trials into MLflow, a sqlite file beside them or a tracking server: one experiment per study, one run per
trial, and one above those that differ only in their seed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genbench.contract.hooks import hookimpl
from genbench.observers.address import check_address
from genbench.observers.names import LONGEST_PARAM, LONGEST_TAG, METRICS, PARAMS, allowed, parameters
from genbench.observers.parents import NESTED, parent_of, renew
from genbench.observers.points import Point, curves, pictures, scores
from genbench.observers.store import connect, locked, open_experiment
from genbench.trial import record as records
from genbench.trial.trial import Trial

if TYPE_CHECKING:
    from mlflow import MlflowClient

RESTS = 19
"""For how many times as long as it took to renew a study's parent runs they are left alone while trials end."""
STATUS = {"finished": "FINISHED", "diverged": "FAILED", "failed": "FAILED", "interrupted": "KILLED"}
"""A record's status in MLflow's words; the tag `genbench.status` has ours."""


@hookimpl
def genbench_observer(results: Path) -> object:
    """MLflow: the server that MLFLOW_TRACKING_URI names, or mlflow.db and mlartifacts/ of the results folder.

    Raises GenbenchError where that variable holds no address.
    """
    check_address()
    return MLflow(results)


class MLflow:
    """Writes trials into the MLflow store of a results folder, or to a tracking server.

    A run is found again by its tag `genbench.trial`, and MLflow keeps equal points once: a trial can be replayed any
    number of times.
    """

    def __init__(self, results: Path) -> None:
        self._results = results
        self._opened: MlflowClient | None = None
        self._runs: dict[Path, str] = {}
        self._infinite: dict[Path, set[str]] = {}
        self._rest = 0.0

    @hookimpl
    def genbench_trial_start(self, trial: Trial, directory: Path) -> None:
        """Find or create the trial's run and mark it as running."""
        from mlflow.entities import Param

        client = self._client()
        params = [Param(allowed(key), text[:LONGEST_PARAM]) for key, text in parameters(trial).items()]
        with locked(self._results):
            run = _find_run(client, trial, directory) or _create_run(client, trial, directory, self._results)
            client.set_tag(run, NESTED, parent_of(client, trial, self._results))
            client.update_run(run, status="RUNNING")
            client.set_tag(run, "genbench.status", "running")
            for start in range(0, len(params), PARAMS):
                client.log_batch(run, params=params[start : start + PARAMS])
        self._runs[directory], self._infinite[directory] = run, set()

    @hookimpl
    def genbench_trial_log(self, trial: Trial, directory: Path, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add the rows to the run's curves, `train/...` and `work/...` over images, at the times they were written."""
        client = self._client()
        with locked(self._results):
            self._log_points(client, directory, curves(rows))

    @hookimpl
    def genbench_trial_end(self, trial: Trial, directory: Path, record: Mapping[str, Any]) -> None:
        """Add the final metrics, how the trial ended, and its files."""
        client, run = self._client(), self._runs[directory]
        with locked(self._results):
            # A metric that only has step 0 is drawn as bars, one per run; at step `images` it would be a cloud of
            # single dots.
            self._log_points(client, directory, [score._replace(images=0) for score in scores(record)])
            _log_outcome(client, run, {**record, "infinite": ", ".join(sorted(self._infinite[directory]))}, directory)
            if time.monotonic() >= self._rest:
                self._renew(directory.parent.parent)

    @hookimpl
    def genbench_study_end(self, study: str, directory: Path) -> None:
        """Make the parent runs say what the study's files say."""
        self._client()
        with locked(self._results):
            self._renew(directory)

    def _renew(self, study: Path) -> None:
        """Renew the parent runs; after trials no more often than that it takes a twentieth of the time."""
        began = time.monotonic()
        renew(self._client(), self._results, study)
        now = time.monotonic()
        self._rest = now + RESTS * (now - began)

    def _client(self) -> MlflowClient:
        if self._opened is None:
            self._opened = connect(self._results)
        return self._opened

    def _log_points(self, client: MlflowClient, directory: Path, points: Sequence[Point]) -> None:
        """Store points of curves; infinity, which MLflow cannot hold, becomes NaN and the tag `genbench.infinite` names
        the curve.
        """
        from mlflow.entities import Metric

        self._infinite[directory] |= {point.name for point in points if math.isinf(point.value)}
        metrics = [
            Metric(
                allowed(point.name),
                math.nan if math.isinf(point.value) else point.value,
                _milliseconds(point.seconds),
                point.images,
            )
            for point in points
        ]
        for start in range(0, len(metrics), METRICS):
            client.log_batch(self._runs[directory], metrics=metrics[start : start + METRICS])


def _find_run(client: MlflowClient, trial: Trial, directory: Path) -> str | None:
    experiment = client.get_experiment_by_name(trial.study)
    if experiment is None or experiment.lifecycle_stage == "deleted":
        return None
    found = client.search_runs(
        [experiment.experiment_id], f"tags.`genbench.trial` = '{_key(trial, directory)}'", max_results=1
    )
    return found[0].info.run_id if found else None


def _create_run(client: MlflowClient, trial: Trial, directory: Path, results: Path) -> str:
    """A new run in the study's experiment, which is created if it is missing."""
    kept = records.read(directory)
    tags = {"genbench.trial": _key(trial, directory), "mlflow.source.name": "genbench"}
    # The record of a trial whose worker was killed does not know when it started.
    started = _milliseconds(kept.started or kept.ended if kept else time.time())
    return str(
        client.create_run(open_experiment(client, trial.study, results), started, tags, directory.name).info.run_id
    )


def _log_outcome(client: MlflowClient, run: str, record: Mapping[str, Any], directory: Path) -> None:
    """How the trial ended, and its files."""
    from mlflow.entities import RunTag

    outcome = {
        "genbench.status": record["status"],
        "genbench.error": record["error"],
        "genbench.device": record["device"],
        "genbench.version": record["genbench_version"],
        "genbench.infinite": record["infinite"],
        "mlflow.source.git.commit": record["git_commit"],
        "mlflow.note.content": record["error"],
    }
    client.log_batch(run, tags=[RunTag(tag, value[:LONGEST_TAG]) for tag, value in outcome.items() if value])
    for stale in {tag for tag, value in outcome.items() if not value} & set(client.get_run(run).data.tags):
        client.delete_tag(run, stale)
    for file in (directory / name for name in ("trial.json", "record.json", "log.txt")):
        if file.exists():
            client.log_artifact(run, str(file))
    for picture in pictures(directory, record["id"]):
        client.log_artifact(run, str(picture), "samples")
    client.set_terminated(run, STATUS[record["status"]], _milliseconds(record["ended"]))


def _key(trial: Trial, directory: Path) -> str:
    return f"{trial.study}/{directory.name}"


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
