"""Where MLflow keeps the trials of a results folder: a sqlite file in it or a tracking server, a client of either, and
the pages that show it.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from genbench import files, shown
from genbench.errors import DataError

if TYPE_CHECKING:
    from mlflow import MlflowClient

NO_NAMES = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::")
"""Hosts that MLflow trusts anyway, or that mean all addresses; for these its own environment variables name what it
trusts."""
SERVER = "MLFLOW_TRACKING_URI"
"""The environment variable of MLflow that names a tracking server; unset: the store is a file in the results folder."""
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}
"""MLflow tells nobody what is run, and prints no address, which may hold a password."""
CHATTY = {"mlflow": logging.WARNING, "alembic": logging.WARNING, "urllib3": logging.ERROR}
"""Loggers that are kept to what matters; a server that cannot be reached is told by an error, without its address."""
SERVER_PATIENCE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
"""A server that does not answer is given up after half a minute, not after MLflow's quarter of an hour; `genbench sync`
repairs."""
WORKFLOW = "workflowType=machine_learning"
"""Makes MLflow's pages show what is about training, not what is about language models."""


def connect(results: Path) -> MlflowClient:
    """A client of the tracking server, or of the store in a results folder, which is created if it is missing."""
    for name, value in (QUIET | (SERVER_PATIENCE if tracking_server() else {})).items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    for chatty, level in CHATTY.items():
        logging.getLogger(chatty).setLevel(level)
    if not tracking_server():
        _check_place(results)
    with locked(results):  # two processes that create one sqlite store at once crash (MLflow 3.17)
        return MlflowClient(os.environ.get(SERVER) or _store(results))


def tracking_server() -> str:
    """The address of the tracking server that the environment names, without its secrets; empty where it names none."""
    return shown.address(os.environ.get(SERVER, ""))


def discreet(text: str) -> str:
    """A text, such as an error of MLflow's, without the secrets of the tracking server's and other addresses."""
    return shown.discreet(text, [os.environ.get(SERVER, "")])


def has_store(results: Path) -> bool:
    """Whether there is a tracking server or a store in a results folder, so that opening one creates nothing."""
    return bool(tracking_server()) or _database(results).exists()


def links(results: Path, study: str, address: str) -> list[str]:
    """Pages of a user interface at that address: a study's charts, and the comparison of its runs.

    None while the store lacks the study, or its server does not answer, which the observer has reported.
    """
    if not has_store(results):
        return []
    from mlflow.exceptions import MlflowException

    try:
        client = connect(results)
        experiment = client.get_experiment_by_name(study)
        if experiment is None:
            return []
        number = experiment.experiment_id
        found = client.search_runs([number], "tags.`genbench.trial` LIKE '%'", order_by=["attributes.start_time ASC"])
    except MlflowException:
        return []
    runs = json.dumps([run.info.run_id for run in found])
    return [
        f"{address}/#/experiments/{number}/runs?compareRunsMode=CHART&{WORKFLOW}",
        f"{address}/#/compare-runs?runs={quote(runs)}&experiments={quote(json.dumps([number]))}&{WORKFLOW}",
    ]


def ui_command(results: Path, port: int, host: str = "127.0.0.1") -> tuple[list[str], dict[str, str]]:
    """The command and the environment of MLflow's user interface for a results folder; by default for this machine
    only.

    MLflow answers browsers only by names that it trusts: another host's is added to them. Raises DataError when the
    folder has no store.
    """
    if not _database(results).exists():
        raise DataError(f"there is no mlflow.db in {results}; run `genbench sync` to build it from the trials")
    _check_place(results)
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", _store(results), "--no-serve-artifacts"]
    command += ["--default-artifact-root", _artifacts(results), "--host", host, "--port", str(port), "--workers", "1"]
    if host not in NO_NAMES:
        address = f"{f'[{host}]' if ':' in host else host}:{port}"
        command += [
            "--allowed-hosts",
            f"{address},localhost:*,127.0.0.1:*",
            "--cors-allowed-origins",
            f"http://{address}",
        ]
    silent = {**QUIET, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    return command, {**os.environ, **silent}


def open_experiment(client: MlflowClient, study: str, results: Path) -> str:
    """The number of the study's experiment; the files are the truth, so a deleted one comes back."""
    experiment = client.get_experiment_by_name(study)
    if experiment is None:
        place = None if tracking_server() else f"{_artifacts(results)}/{quote(study)}"  # a server has its own place
        return client.create_experiment(study, place, {"mlflow.experimentKind": "custom_model_development"})
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
    return str(experiment.experiment_id)


@contextmanager
def locked(results: Path) -> Iterator[None]:
    """Keep other processes from writing at the same time: MLflow gives up where two create one store, one run or one
    point of a curve at once.
    """
    path = results / ".mlflow.lock"
    try:
        file = files.locking(path)
    except OSError as error:
        raise DataError(f"{path} cannot be used: {error.strerror}; remove it, or let it be written") from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _check_place(results: Path) -> None:
    """Raise DataError for a store that is a link, or no file: what a link in somebody else's folder leads to must not
    be written to.
    """
    for path in (_database(results), results / "mlartifacts"):
        if path.is_symlink():
            raise DataError(
                f"{path} is a link, and MLflow would write to what it leads to; put that in its place, or name another"
                f" store by {SERVER}"
            )
    database = _database(results)
    if database.exists() and not database.is_file():
        raise DataError(f"{database} is no file; remove it, and `genbench sync` builds the store from the trials")


def _database(results: Path) -> Path:
    return results.resolve() / "mlflow.db"


def _store(results: Path) -> str:
    return f"sqlite:///{_database(results)}"


def _artifacts(results: Path) -> str:
    return (results.resolve() / "mlartifacts").as_uri()
