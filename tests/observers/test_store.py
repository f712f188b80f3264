"""MLflow's store in a results folder: the pages that show it, and for whom."""

import pytest
from trial_files import make, row_of, trial_of

from genbench.errors import DataError
from genbench.observers.mlflow import MLflow
from genbench.observers.store import connect, links, ui_command
from genbench.trial.log import Tail

pytestmark = pytest.mark.slow  # a new MLflow store takes seconds


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


def test_links_lead_to_the_studys_charts_and_to_the_comparison_of_its_runs(results, client):
    for seed in (0, 1):
        trial = trial_of(seed=seed, study="linked")
        replay(results, trial)
    charts, comparison = links(results, "linked", "http://127.0.0.1:5000")
    number = client.get_experiment_by_name("linked").experiment_id
    assert charts.startswith(f"http://127.0.0.1:5000/#/experiments/{number}/runs?compareRunsMode=CHART")
    assert all(run.info.run_id in comparison for run in client.search_runs([number]))


def test_there_are_no_links_to_a_study_that_the_store_lacks(results, client, tmp_path):
    assert links(results, "never run", "http://127.0.0.1:5000") == []
    assert links(tmp_path, "study", "http://127.0.0.1:5000") == []


def test_the_user_interface_is_for_this_machine_only(results, client):
    command, environment = ui_command(results, 5001)
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--port") + 1] == "5001"
    assert environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"


def test_a_folder_without_a_store_has_no_user_interface(tmp_path):
    with pytest.raises(DataError, match="genbench sync"):
        ui_command(tmp_path, 5000)
