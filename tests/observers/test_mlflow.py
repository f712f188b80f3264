"""MLflow's view of trials, in a real sqlite store: complete, idempotent, and true after every kind of end."""

import math
import os
import subprocess
import sys
import threading

import pytest
from PIL import Image
from trial_files import START, append, end, make, row_of, trial_of

from genbench.observers.mlflow import MLflow
from genbench.observers.points import TRAINING_PICTURES
from genbench.observers.replay import sync
from genbench.observers.store import QUIET, connect, locked
from genbench.trial.log import Tail

pytestmark = pytest.mark.slow  # a new MLflow store takes seconds


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A results folder with a store; each test has its own study."""
    return tmp_path_factory.mktemp("results with a space")


@pytest.fixture(scope="module")
def observer(results):
    return MLflow(results)


@pytest.fixture(scope="module")
def client(results):
    return connect(results)


def replay(observer, trial, directory, record=None):
    observer.genbench_trial_start(trial, directory)
    observer.genbench_trial_log(trial, directory, Tail(directory).rows())
    if record:
        observer.genbench_trial_end(trial, directory, record)


def runs_of(client, study):
    """The runs of a study's trials."""
    number = client.get_experiment_by_name(study).experiment_id
    return client.search_runs([number], "tags.`genbench.trial` LIKE '%'")


def everything(client, study):
    """All that the store has about a study, run by run."""
    runs = {}
    for run in runs_of(client, study):
        points = {
            name: [(p.step, p.timestamp, repr(p.value)) for p in client.get_metric_history(run.info.run_id, name)]
            for name in run.data.metrics
        }
        artifacts = [file.path for folder in ("", "samples") for file in client.list_artifacts(run.info.run_id, folder)]
        runs[run.info.run_id] = (dict(run.info), run.data.params, run.data.tags, points, artifacts)
    return runs


def test_a_run_has_the_names_and_settings_that_trials_are_compared_by(results, observer, client):
    trial = trial_of("mmdgan", "fsr", seed=3, study="params", widths=[1.0, 2.0])
    directory = make(results, trial)
    replay(observer, trial, directory)
    (run,) = runs_of(client, "params")
    assert run.info.run_name == directory.name
    assert run.data.tags["genbench.trial"] == f"params/{directory.name}"
    assert run.data.params == {
        "method": "mmdgan/fsr",
        "variant": "fsr",
        "dataset": "ring",
        "architecture": "mlp",
        "seed": "3",
        "settings.method.lr": "0.001",
        "settings.method.widths": "1.0,2.0",
        "settings.train.batch": "64",
        "settings.evaluate.metrics": "modes,mmd",
    }


def test_curves_run_over_images_at_the_times_their_rows_were_written(results, observer, client):
    trial = trial_of(study="curves")
    replay(observer, trial, make(results, trial, row_of(1), row_of(2)))
    (run,) = runs_of(client, "curves")
    times = [1000 * (int(START) + 1), 1000 * (int(START) + 2)]
    for name, values in {"train/loss": [1.0, 0.5], "work/updates": [10, 20], "work/train_seconds": [0.5, 1.0]}.items():
        points = client.get_metric_history(run.info.run_id, name)
        assert [(point.step, point.timestamp, point.value) for point in points] == list(
            zip([640, 1280], times, values, strict=True)
        )


def test_final_metrics_stand_at_step_0_so_that_they_are_drawn_as_bars(results, observer, client):
    trial = trial_of(study="scores")
    directory = make(results, trial, row_of(1))
    replay(observer, trial, directory, end(trial, directory, modes=8.0, mmd=math.nan))
    (run,) = runs_of(client, "scores")
    (modes,) = client.get_metric_history(run.info.run_id, "eval/modes")
    assert (modes.step, modes.value, modes.timestamp) == (0, 8.0, 1000 * (int(START) + 60))
    assert math.isnan(run.data.metrics["eval/mmd"])


def test_a_second_replay_adds_nothing(results, observer, client):
    for seed in (0, 1):
        trial = trial_of(seed=seed, study="twice")
        directory = make(results, trial, row_of(1), row_of(2, loss=math.nan), row_of(3, loss=math.inf))
        replay(observer, trial, directory, end(trial, directory, modes=8.0, mmd=math.nan))
    before = everything(client, "twice")
    assert len(before) == 2
    assert sync(results, ["mlflow"]) >= 2
    assert everything(client, "twice") == before


def test_new_rows_of_a_trial_join_the_run_that_it_has(results, observer, client):
    trial = trial_of(study="grows")
    directory = make(results, trial, row_of(1))
    replay(observer, trial, directory)
    append(directory, row_of(2))
    replay(MLflow(results), trial, directory)
    (run,) = runs_of(client, "grows")
    assert [point.step for point in client.get_metric_history(run.info.run_id, "train/loss")] == [640, 1280]


@pytest.mark.parametrize(
    ("status", "shown"),
    [("finished", "FINISHED"), ("diverged", "FAILED"), ("failed", "FAILED"), ("interrupted", "KILLED")],
)
def test_every_end_has_its_status(results, observer, client, status, shown):
    trial = trial_of(study=f"status-{status}")
    directory = make(results, trial, row_of(1))
    error = "" if status == "finished" else "loss is nan at update 10"
    replay(observer, trial, directory, end(trial, directory, status=status, error=error))
    (run,) = runs_of(client, trial.study)
    assert (run.info.status, run.info.end_time) == (shown, 1000 * (int(START) + 60))
    tags = {name: run.data.tags.get(f"genbench.{name}", "") for name in ("status", "error", "device", "version")}
    assert tags == {"status": status, "error": error, "device": "cpu", "version": "0.1.0"}
    assert run.data.tags["mlflow.source.git.commit"] == "c0ffee"


def test_an_interrupted_trial_runs_again_and_its_error_goes_when_it_finishes(results, observer, client):
    trial = trial_of(study="resumed")
    directory = make(results, trial, row_of(1))
    replay(observer, trial, directory, end(trial, directory, status="interrupted", error="stopped by a signal"))
    observer.genbench_trial_start(trial, directory)
    (run,) = runs_of(client, "resumed")
    assert (run.info.status, run.data.tags["genbench.status"]) == ("RUNNING", "running")
    append(directory, row_of(2))
    replay(observer, trial, directory, end(trial, directory, modes=8.0))
    (run,) = runs_of(client, "resumed")
    assert (run.info.status, run.data.tags["genbench.status"]) == ("FINISHED", "finished")
    assert "genbench.error" not in run.data.tags
    assert run.data.metrics["eval/modes"] == 8.0


def test_infinity_becomes_nan_and_a_tag_names_the_curve(results, observer, client):
    trial = trial_of(study="infinite")
    directory = make(results, trial, row_of(1, loss=math.inf, other=1.0), row_of(2, loss=-math.inf, other=2.0))
    replay(observer, trial, directory, end(trial, directory, status="diverged"))
    (run,) = runs_of(client, "infinite")
    values = [point.value for point in client.get_metric_history(run.info.run_id, "train/loss")]
    assert len(values) == 2
    assert all(map(math.isnan, values))
    assert run.data.tags["genbench.infinite"] == "train/loss"


def test_more_values_and_settings_than_one_call_takes_all_arrive(results, observer, client):
    trial = trial_of(study="large", **{f"setting_{number}": number for number in range(150)}, text="x" * 9000)
    replay(observer, trial, make(results, trial, row_of(1, **{f"value_{number}": number for number in range(1500)})))
    (run,) = runs_of(client, "large")
    assert sum(name.startswith("train/value_") for name in run.data.metrics) == 1500
    assert sum(name.startswith("settings.method.setting_") for name in run.data.params) == 150
    assert len(run.data.params["settings.method.text"]) == 6000


def test_a_value_with_an_odd_name_is_kept_under_one_that_mlflow_takes(results, observer, client):
    trial = trial_of(study="odd")
    replay(observer, trial, make(results, trial, row_of(1, **{"loss (critic)": 1.0, "σ²": 2.0, "a//b": 3.0})))
    (run,) = runs_of(client, "odd")
    assert {"train/loss _critic_": 1.0, "train/σ²": 2.0, "train/a/b": 3.0}.items() <= run.data.metrics.items()


def test_the_files_of_a_trial_are_its_artifacts_and_pictures_of_training_are_bounded(results, observer, client):
    trial = trial_of(study="artifacts")
    directory = make(results, trial, row_of(1))
    record = end(trial, directory)
    for number in range(2 * TRAINING_PICTURES):
        Image.new("RGB", (2, 2)).save(directory / "samples" / f"{640 * number:010d}.png")
    replay(observer, trial, directory, record)
    (run,) = runs_of(client, "artifacts")
    assert {file.path for file in client.list_artifacts(run.info.run_id)} == {
        "trial.json",
        "record.json",
        "log.txt",
        "samples",
    }
    shown = [file.path for file in client.list_artifacts(run.info.run_id, "samples")]
    assert len(shown) == TRAINING_PICTURES + 1
    assert {"samples/final.png", f"samples/{640 * (2 * TRAINING_PICTURES - 1):010d}.png"} <= set(shown)
    assert (results / "mlartifacts" / "artifacts" / run.info.run_id / "artifacts" / "record.json").is_file()


def test_a_deleted_experiment_comes_back_with_the_next_replay(results, observer, client):
    trial = trial_of(study="deleted")
    directory = make(results, trial, row_of(1))
    replay(observer, trial, directory)
    client.delete_experiment(client.get_experiment_by_name("deleted").experiment_id)
    replay(observer, trial, directory)
    assert client.get_experiment_by_name("deleted").lifecycle_stage == "active"
    assert "train/loss" in runs_of(client, "deleted")[0].data.metrics


@pytest.mark.parametrize("hook", ["start", "log", "end"])
def test_nothing_is_written_while_another_process_writes(results, observer, hook):
    trial = trial_of(study=f"alone-{hook}")
    directory = make(results, trial, row_of(1))
    record = end(trial, directory)
    replay(observer, trial, directory)
    calls = {
        "start": lambda: observer.genbench_trial_start(trial, directory),
        "log": lambda: observer.genbench_trial_log(trial, directory, [row_of(2)]),
        "end": lambda: observer.genbench_trial_end(trial, directory, record),
    }
    writer = threading.Thread(target=calls[hook], daemon=True)
    with locked(results):
        writer.start()
        writer.join(0.3)
        assert writer.is_alive()
    writer.join(60)
    assert not writer.is_alive()


@pytest.mark.slow
def test_processes_that_create_one_store_at_once_agree_on_one_run_and_say_nothing(tmp_path):
    trial = trial_of()
    directory = make(tmp_path, trial, row_of(1))
    end(trial, directory)
    script = f"""
import os
from pathlib import Path
from mlflow import MlflowClient
from genbench.observers.replay import sync
other = os.fork()
sync(Path({str(tmp_path)!r}), ["mlflow"])
if other:
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(other, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", script], env=os.environ | QUIET, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(runs_of(connect(tmp_path), "study")) == 1
