"""The addresses of MLflow's pages: which runs they compare, and of which store."""

import json
from urllib.parse import unquote

import pytest
from trial_files import end, make, trial_of

from genbench.observers.mlflow import MLflow
from genbench.observers.pages import links, studies
from genbench.observers.parents import NESTED, TAG
from genbench.observers.store import connect

ADDRESS = "http://127.0.0.1:5000"
pytestmark = pytest.mark.slow  # a new MLflow store takes seconds


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A results folder whose store knows two studies, the second one as an earlier version left it."""
    folder = tmp_path_factory.mktemp("results with a space")
    observer = MLflow(folder)
    for study in ("linked", "older"):
        for method, seed in (("gan", 0), ("gan", 1), ("gram", 0)):
            trial = trial_of(method, seed=seed, study=study)
            directory = make(folder, trial)
            observer.genbench_trial_start(trial, directory)
            observer.genbench_trial_end(trial, directory, end(trial, directory, modes=8.0))
    client = connect(folder)
    for run in client.search_runs([client.get_experiment_by_name("older").experiment_id]):
        if TAG in run.data.tags:
            client.delete_run(run.info.run_id)
        else:
            client.delete_tag(run.info.run_id, NESTED)
    return folder


def compared(results, study):
    """The tags of the runs that a study's comparison is of."""
    _, comparison = links(results, study, ADDRESS)
    client = connect(results)
    runs = json.loads(unquote(comparison.partition("runs?runs=")[2].partition("&")[0]))
    return [client.get_run(run).data.tags for run in runs]


def test_links_compare_methods_and_not_seeds(results):
    charts, _ = links(results, "linked", ADDRESS)
    number = connect(results).get_experiment_by_name("linked").experiment_id
    assert charts.startswith(f"{ADDRESS}/#/experiments/{number}/runs?compareRunsMode=CHART")
    assert unquote(charts).endswith(f"searchFilter=tags.`{TAG}` LIKE '%'")
    assert [TAG in tags for tags in compared(results, "linked")] == [True, True]


def test_a_study_in_a_store_of_an_earlier_version_is_compared_by_its_trials(results):
    charts, _ = links(results, "older", ADDRESS)
    assert unquote(charts).endswith("searchFilter=tags.`genbench.trial` LIKE '%'")
    assert ["genbench.trial" in tags for tags in compared(results, "older")] == [True] * 3


def test_every_study_of_the_folders_own_store_has_an_address_whatever_server_the_environment_names(
    results, monkeypatch
):
    here = connect(results)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracker.invalid")
    found = studies(results, "http://127.0.0.1:6001")
    assert set(found) == {"linked", "older"}
    for name, address in found.items():
        number = here.get_experiment_by_name(name).experiment_id
        assert address.startswith(f"http://127.0.0.1:6001/#/experiments/{number}/runs?")


def test_there_are_no_links_to_a_study_that_the_store_lacks(results, tmp_path):
    assert links(results, "never run", ADDRESS) == []
    assert links(tmp_path, "study", ADDRESS) == []
