"""The parent runs of methods and settings, read back from a real sqlite store."""

import math
import shutil

import pytest
from study_folders import a_record
from study_folders import make as make_study
from trial_files import append, end, make, row_of, trial_of

from genbench.observers.mlflow import MLflow
from genbench.observers.parents import NESTED, TAG
from genbench.observers.replay import sync
from genbench.observers.store import connect
from genbench.report.stats import judgement
from genbench.trial.collected import load

pytestmark = pytest.mark.slow  # a new MLflow store takes seconds


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def client(results):
    return connect(results)


def runs(client, study):
    """The parent runs of a study by name, and the names of the runs under each."""
    found = client.search_runs([client.get_experiment_by_name(study).experiment_id])
    parents = {run.info.run_id: run for run in found if TAG in run.data.tags}
    nested = {
        run.info.run_name: [one.info.run_name for one in found if one.data.tags.get(NESTED) == number]
        for number, run in parents.items()
    }
    return {run.info.run_name: run for run in parents.values()}, nested


def play(observer, *trials, scores=()):
    """The trials one after the other, as a supervisor has them."""
    for number, trial in enumerate(trials):
        directory = observer._results / trial.study / "trials" / trial.directory
        if not directory.exists():
            make(observer._results, trial, row_of(1))
        observer.genbench_trial_start(trial, directory)
        observer.genbench_trial_end(trial, directory, end(trial, directory, modes=scores[number]))


def everything(client, study):
    """All that the parent runs of a study hold, the history of every metric too."""
    parents, nested = runs(client, study)
    return nested, {
        name: (
            dict(run.info),
            run.data.params,
            run.data.tags,
            {
                metric: list(map(dict, client.get_metric_history(run.info.run_id, metric)))
                for metric in run.data.metrics
            },
        )
        for name, run in parents.items()
    }


def test_a_parent_has_the_mean_sd_interval_and_number_of_seeds_that_the_page_has(results, client):
    records = [
        a_record(method, seed, study="page", settings={"method.lr": lr})
        for seed in range(3)
        for method, lr in (("gan", 1e-3), ("gram", 1e-3), ("gram", 1e-4))
    ]
    folder = make_study(results, records, name="page")
    sync(results, ["mlflow"])
    parents, nested = runs(client, "page")
    assert set(parents) == {"gan", "gram lr=0.001", "gram lr=0.0001"}
    assert {len(own) for own in nested.values()} == {3}
    assert len({name for own in nested.values() for name in own}) == 9
    spreads = judgement.spreads(load(folder))
    for row in spreads.to_dict("records"):
        metrics = parents[row["method"]].data.metrics
        assert metrics[f"mean/{row['metric']}"] == pytest.approx(row["mean"], rel=1e-12)
        for word, column in (("sd", "sd"), ("low", "low"), ("high", "high"), ("n", "seeds")):
            assert metrics[f"spread/{row['metric']}_{word}"] == pytest.approx(row[column], rel=1e-12)
    run = parents["gram lr=0.001"]
    assert run.info.status == "FINISHED"
    assert run.data.params["settings.method.lr"] == "0.001"
    assert "seed" not in run.data.params
    assert run.data.tags["genbench.status"] == "3 finished"
    assert "| high_quality | 0.81 |" in run.data.tags["mlflow.note.content"]


def test_means_are_metrics_of_parents_alone_and_scores_of_trials_alone(results, client):
    trial = trial_of(study="apart")
    play(MLflow(results), trial, scores=[8.0])
    parents, _ = runs(client, "apart")
    (parent,) = parents.values()
    assert set(parent.data.metrics) == {"mean/modes", "spread/modes_n"}
    (child,) = client.search_runs([parent.info.experiment_id], "tags.`genbench.trial` LIKE '%'")
    assert not [name for name in child.data.metrics if name.startswith(("mean/", "spread/"))]


def test_a_parent_grows_with_its_trials_and_a_second_look_adds_nothing(results, client):
    observer = MLflow(results)
    play(observer, trial_of(seed=0, study="grows"), scores=[6.0])
    play(MLflow(results), trial_of(seed=1, study="grows"), scores=[8.0])
    parents, nested = runs(client, "grows")
    assert {name: len(own) for name, own in nested.items()} == {"gan": 2}
    assert parents["gan"].data.metrics["mean/modes"] == 7.0
    assert parents["gan"].data.metrics["spread/modes_n"] == 2.0
    before = everything(client, "grows")
    sync(results, ["mlflow"])
    MLflow(results).genbench_study_end("grows", results / "grows")
    assert everything(client, "grows") == before


def test_after_a_kill_the_next_end_of_the_study_sets_the_parent_right(results, client):
    observer = MLflow(results)
    observer._rest = math.inf  # nothing was written to the parent before the supervisor was killed
    play(observer, trial_of(seed=0, study="killed"), trial_of(seed=1, study="killed"), scores=[6.0, 8.0])
    parents, _ = runs(client, "killed")
    assert not parents["gan"].data.metrics
    MLflow(results).genbench_study_end("killed", results / "killed")
    parents, _ = runs(client, "killed")
    assert parents["gan"].data.metrics["mean/modes"] == 7.0
    assert parents["gan"].info.status == "FINISHED"


def test_while_a_trial_of_it_runs_a_parent_runs_and_failed_trials_count_in_no_mean(results, client):
    study, observer = "running", MLflow(results)
    play(observer, trial_of(seed=0, study=study), scores=[6.0])
    going = trial_of(seed=1, study=study)
    observer.genbench_trial_start(going, make(results, going))
    observer.genbench_study_end(study, results / study)
    assert runs(client, study)[0]["gan"].info.status == "RUNNING"
    directory = results / study / "trials" / going.directory
    append(directory, row_of(1))
    observer.genbench_trial_end(going, directory, end(going, directory, status="diverged", error="nan"))
    observer.genbench_study_end(study, results / study)
    parent = runs(client, study)[0]["gan"]
    assert (parent.info.status, parent.data.tags["genbench.status"]) == ("FINISHED", "1 diverged, 1 finished")
    assert parent.data.metrics == {"mean/modes": 6.0, "spread/modes_n": 1.0}


def test_the_runs_of_an_earlier_version_are_nested_once_the_study_is_run_or_synced_again(results, client):
    study = "older"
    play(MLflow(results), trial_of(seed=0, study=study), trial_of(seed=1, study=study), scores=[6.0, 8.0])
    for run in client.search_runs([client.get_experiment_by_name(study).experiment_id]):
        if TAG in run.data.tags:
            client.delete_run(run.info.run_id)
        else:
            client.delete_tag(run.info.run_id, NESTED)
    MLflow(results).genbench_study_end(study, results / study)
    parents, nested = runs(client, study)
    assert {name: len(own) for name, own in nested.items()} == {"gan": 2}
    assert parents["gan"].data.metrics["mean/modes"] == 7.0


def test_a_number_that_is_gone_from_the_files_is_none_in_the_parent(results, client):
    study, observer = "gone", MLflow(results)
    trial = trial_of(study=study)
    play(observer, trial, scores=[6.0])
    directory = results / study / "trials" / trial.directory
    end(trial, directory, mmd=0.5)
    observer.genbench_study_end(study, results / study)
    metrics = runs(client, study)[0]["gan"].data.metrics
    assert metrics["mean/mmd"] == 0.5
    assert math.isnan(metrics["mean/modes"])


def test_numbers_under_unlike_protocols_are_unlike_metrics(results, client):
    records = [
        a_record("gan", seed, study="protocols", key=key, protocol={"generated_images": count})
        for seed, (key, count) in enumerate([("k1", 500), ("k1", 500), ("k2", 1000)])
    ]
    make_study(results, records, name="protocols")
    sync(results, ["mlflow"])
    metrics = runs(client, "protocols")[0]["gan"].data.metrics
    assert metrics["spread/high_quality:k1_n"] == 2.0
    assert metrics["spread/high_quality:k2_n"] == 1.0
    assert "mean/high_quality" not in metrics


def test_a_damaged_trial_costs_the_parents_nothing(results, client):
    study, observer = "damaged", MLflow(results)
    play(observer, trial_of(seed=0, study=study), trial_of(seed=1, study=study), scores=[6.0, 8.0])
    (results / study / "trials" / trial_of(seed=1, study=study).directory / "trial.json").write_text("{")
    observer.genbench_study_end(study, results / study)
    assert runs(client, study)[0]["gan"].data.metrics["mean/modes"] == 6.0
    shutil.rmtree(results / study)
