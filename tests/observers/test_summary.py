"""A study's report in MLflow, in a real sqlite store."""

import pytest
from trial_files import end, make, row_of, trial_of

from genbench.observers.mlflow import MLflow
from genbench.observers.pages import links
from genbench.observers.store import connect
from genbench.observers.summary import add_report

pytestmark = pytest.mark.slow  # a new MLflow store takes seconds


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A results folder whose store knows the trial of a study."""
    folder = tmp_path_factory.mktemp("results")
    trial = trial_of()
    directory = make(folder, trial, row_of(1))
    observer = MLflow(folder)
    observer.genbench_trial_start(trial, directory)
    observer.genbench_trial_end(trial, directory, end(trial, directory, modes=8.0))
    return folder


@pytest.fixture
def report(tmp_path):
    """The files of a report and the folder of its figures."""
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "curve.png").write_bytes(b"png")
    (tmp_path / "report.html").write_text("page")
    return [tmp_path / "report.html"], tmp_path / "figures"


def runs(results):
    client = connect(results)
    return client, client.search_runs(
        [client.get_experiment_by_name("study").experiment_id], "tags.`genbench.report` = 'study'"
    )


def test_the_report_is_one_run_with_its_verdicts_page_and_figures_however_often_it_is_written(results, report):
    for sentences, claims in (
        (["gan is better"], {"1": "undecided: x", "2": "refuted: y"}),
        (["gan is better", "or not"], {"1": "held: x"}),
    ):
        assert add_report(results, "study", sentences, *report, claims=claims)
    client, (run,) = runs(results)
    assert run.info.run_name == "study: report"
    assert run.info.status == "FINISHED"
    assert run.data.tags["mlflow.note.content"] == "gan is better\n\nor not"
    assert {tag: run.data.tags[tag] for tag in run.data.tags if "claim" in tag} == {"genbench.claim.1": "held: x"}
    assert {file.path for file in client.list_artifacts(run.info.run_id)} == {"report.html", "figures"}
    assert [file.path for file in client.list_artifacts(run.info.run_id, "figures")] == ["figures/curve.png"]


def test_the_comparison_of_runs_is_without_the_report(results, report):
    add_report(results, "study", ["x"], *report, claims={"1": "undecided: x"})
    _, (run,) = runs(results)
    _, comparison = links(results, "study", "http://127.0.0.1:5000")
    assert run.info.run_id not in comparison
    assert comparison.count("%22") == 4  # the one method and the experiment, each in quotation marks


def test_a_study_that_the_store_does_not_know_gets_no_run(results, report, tmp_path):
    assert not add_report(results, "never run", ["x"], *report, claims={})
    assert not add_report(tmp_path, "study", ["x"], *report, claims={})
    assert not (tmp_path / "mlflow.db").exists()
