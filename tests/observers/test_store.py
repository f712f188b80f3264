"""MLflow's store in a results folder: the pages that show it, and for whom."""

import logging
from pathlib import Path

import pytest
from trial_files import make, row_of

from genbench.errors import DataError, GenbenchError
from genbench.observers import replay as replaying
from genbench.observers import store
from genbench.observers.address import check_address
from genbench.observers.mlflow import MLflow
from genbench.observers.store import connect, locked, ui_command
from genbench.trial.log import Tail

NEW = pytest.mark.slow  # a new MLflow store takes seconds


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("results with a space")


@pytest.fixture(scope="module")
def client(results):
    return connect(results)


def replay(results, trial):
    directory = make(results, trial, row_of(1))
    observer = MLflow(results)
    observer.genbench_trial_start(trial, directory)
    observer.genbench_trial_log(trial, directory, Tail(directory).rows())


@NEW
def test_the_user_interface_is_for_this_machine_only(results, client):
    command, environment = ui_command(results, 5001)
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--port") + 1] == "5001"
    assert environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"


def test_a_folder_without_a_store_has_no_user_interface(tmp_path):
    with pytest.raises(DataError, match="genbench sync"):
        ui_command(tmp_path, 5000)


def test_a_folder_in_the_place_of_the_store_is_named(tmp_path):
    (tmp_path / "mlflow.db").mkdir()
    with pytest.raises(DataError, match=r"mlflow\.db is no file; remove it, and `genbench sync` builds the store"):
        connect(tmp_path)


def test_a_damaged_store_has_no_user_interface_and_the_message_names_what_builds_it_again(tmp_path):
    (tmp_path / "mlflow.db").write_text("no database")
    with pytest.raises(DataError, match=r"is damaged \(file is not a database\); `genbench sync .*` puts it aside"):
        ui_command(tmp_path, 5000)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("localhost:5000", "http:// is missing"),
        ("127.0.0.1:5000/mlflow", "http:// is missing"),
        ("http://[::1", "its host is no name and no address"),
        ("http://", "it names no host"),
        ("https:///mlflow", "it names no host"),
        ("http://somebody:secret@", "it names no host"),
        ("http://tracker:secret", "its port is no number up to 65535"),
        ("http://tracker:70000", "its port is no number up to 65535"),
        ("http://tracker :5000", "there is a blank in it"),
        ("http://tracker:5000\n", "there is a blank in it"),
        ("ftp://somebody:secret@tracker", "it begins with none of databricks,"),
        ("secret:word", "it begins with none of databricks,"),
    ],
)
@pytest.mark.parametrize("use", [check_address, lambda: replaying.Observers(["mlflow"], Path())])
def test_an_address_that_no_tracking_server_has_is_refused_before_anything_starts(monkeypatch, address, reason, use):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with pytest.raises(
        GenbenchError, match=f"MLFLOW_TRACKING_URI is no address of a tracking server: {reason}"
    ) as error:
        use()
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://tracker",
        "https://somebody:secret@tracker:443/mlflow",
        "http://[::1]:5000",
        "sqlite:////a folder/mlflow.db",
        "postgresql+psycopg2://h/d",
        "databricks",
        "databricks://profile",
        "/a folder/mlruns",
        "file:///a/b",
    ],
)
def test_an_address_that_might_be_good_is_left_to_mlflow(monkeypatch, address):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    check_address()


def test_a_process_that_never_lets_the_store_go_is_an_error_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "LOCK_PATIENCE", 0.1)
    with (
        locked(tmp_path),
        pytest.raises(GenbenchError, match="another process has kept the MLflow store"),
        locked(tmp_path),
    ):
        pass


def test_what_mlflow_logs_holds_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "databricks://pa55-of-somebody@x")
    store._silence()
    (handler, *_) = logging.getLogger("mlflow").handlers
    said = logging.makeLogRecord({"msg": "profile=%s", "args": ("pa55-of-somebody@x",)})
    assert handler.filter(said)
    assert said.getMessage() == "profile=…@x"
