"""Where MLflow keeps the trials of a results folder: a sqlite file in it or a tracking server, a client of either, and
the pages that show it.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from genbench import files
from genbench.errors import DataError, GenbenchError, shown
from genbench.observers import database
from genbench.observers.address import SERVER, check_address

if TYPE_CHECKING:
    from mlflow import MlflowClient

NO_NAMES = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::")
"""Hosts that MLflow trusts anyway, or that mean all addresses; for these its own environment variables name what it
trusts."""
SECRETS = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")
"""Environment variables of what MLflow sends to a server; the name is none, and is sent with the password."""
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}
"""MLflow tells nobody what is run, and prints no address, which may hold a password."""
CHATTY = {"mlflow": logging.WARNING, "alembic": logging.WARNING, "urllib3": logging.ERROR}
"""Loggers that are kept to what matters; a server that cannot be reached is told by an error, without its address."""
CHATTY |= {"mlflow.store.db.utils": logging.CRITICAL}  # it raises what it logs with a traceback
SERVER_PATIENCE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
"""A server that does not answer is given up after half a minute, not after MLflow's quarter of an hour; `genbench sync`
repairs."""
LOCK_PATIENCE = 60.0
"""Seconds that another process may keep the store to itself."""


def connect(results: Path) -> MlflowClient:
    """A client of the tracking server, or of the store in a results folder, which is created if it is missing.

    Raises DataError for a store that is damaged, and whatever MLflow raises where it cannot be opened now.
    """
    check_address()
    if not (server := os.environ.get(SERVER)):
        return own_store(results)
    _silence()
    for name, value in SERVER_PATIENCE.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    with locked(results):
        return MlflowClient(server)


def own_store(results: Path) -> MlflowClient:
    """A client of the store in a results folder, whatever server the environment names; as `connect` has it."""
    _silence()
    _check_place(results)
    with locked(results):  # two processes that create one sqlite store at once crash (MLflow 3.17)
        try:
            return database.opened(_database(results))
        except Exception as error:  # MLflow passes on what sqlalchemy, alembic and sqlite raise
            if not (wrong := database.damage_in(error)):
                raise
            raise DataError(_damaged(results, wrong)) from error


def repair(results: Path) -> Path | None:
    """Put a damaged store of a results folder aside, so that `sync` can build it again from the trials; its new path,
    or None where there is none or it is whole. A tracking server is left alone.
    """
    path = _database(results)
    if os.environ.get(SERVER) or not path.exists():
        return None
    _silence()
    with locked(results):
        damaged = database.damage(path) or database.damage_when_opened(path)
        return database.put_aside(path) if damaged else None


def tracking_server() -> str:
    """The address of the tracking server that the environment names, without its secrets; empty where it names none."""
    return shown.address(os.environ.get(SERVER, ""))


def discreet(text: str) -> str:
    """A text, such as an error of MLflow's, without the secrets of the tracking server's and other addresses, and
    without those that MLflow sends: a server may answer with what it was sent.
    """
    user, password, token = (os.environ.get(name, "") for name in SECRETS)
    basic = b64encode(f"{user}:{password}".encode()).decode()  # as HTTP sends both
    return shown.discreet(text, [os.environ.get(SERVER, "")], [password, token, *([basic] if password else [])])


def has_store(results: Path) -> bool:
    """Whether there is a tracking server or a store in a results folder, so that opening one creates nothing."""
    check_address()
    return bool(tracking_server()) or _database(results).exists()


def ui_command(results: Path, port: int, host: str = "127.0.0.1") -> tuple[list[str], dict[str, str]]:
    """The command and the environment of MLflow's user interface for a results folder; by default for this machine
    only.

    MLflow answers browsers only by names that it trusts: another host's is added to them. Raises DataError when the
    folder has no store, or a damaged one.
    """
    if not _database(results).exists():
        raise DataError(f"there is no mlflow.db in {results}; run `genbench sync` to build it from the trials")
    _check_place(results)
    if wrong := database.damage(_database(results)):
        raise DataError(_damaged(results, wrong))
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
    own = {name: value for name, value in os.environ.items() if name != SERVER}  # it serves this store, no other one's
    return command, {**own, **silent}


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
    point of a curve at once. Raises GenbenchError where another one does not end.
    """
    path, deadline = results / ".mlflow.lock", time.monotonic() + LOCK_PATIENCE
    try:
        file = files.locking(path)
    except OSError as error:
        raise DataError(f"{path} cannot be used: {error.strerror}; remove it, or let it be written") from error
    with file:
        if not files.hold(file, deadline):
            raise GenbenchError(
                f"another process has kept the MLflow store in {results} to itself for {LOCK_PATIENCE:g} s"
            )
        yield


def _silence() -> None:
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import mlflow  # noqa: F401 - which sets up its loggers when it is imported

    for chatty, level in CHATTY.items():
        logging.getLogger(chatty).setLevel(level)
    for handler in logging.getLogger("mlflow").handlers:
        handler.addFilter(_hide)


def _hide(said: logging.LogRecord) -> bool:
    """Take the secrets out of what MLflow logs."""
    said.msg, said.args = discreet(said.getMessage()), ()
    return True


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
    path = _database(results)
    if path.exists() and not path.is_file():
        raise DataError(f"{path} is no file; remove it, and `genbench sync` builds the store from the trials")


def _database(results: Path) -> Path:
    return results.resolve() / "mlflow.db"


def _store(results: Path) -> str:
    return database.address(_database(results))


def _artifacts(results: Path) -> str:
    return (results.resolve() / "mlartifacts").as_uri()


def _damaged(results: Path, wrong: str) -> str:
    return (
        f"{_database(results)} is damaged ({wrong}); `genbench sync {results}` puts it aside and builds it again from"
        " the trials"
    )
