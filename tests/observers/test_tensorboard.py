"""TensorBoard's view of trials: complete, and written again instead of twice."""

import importlib.util
import math

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from trial_files import START, append, end, make, row_of, trial_of

from genbench.errors import PluginError
from genbench.observers.replay import Observers, sync
from genbench.observers.tensorboard import TensorBoard
from genbench.trial.log import Tail


def replay(observer, trial, directory, record=None):
    observer.genbench_trial_start(trial, directory)
    observer.genbench_trial_log(trial, directory, Tail(directory).rows())
    if record:
        observer.genbench_trial_end(trial, directory, record)


def events_of(results, trial):
    events = EventAccumulator(str(results / trial.study / "tensorboard" / trial.directory))
    events.Reload()
    return events


def scalars(events, name):
    return [(point.step, point.wall_time, point.value) for point in events.Scalars(name)]


def test_curves_run_over_images_at_the_times_their_rows_were_written(tmp_path):
    trial = trial_of()
    replay(TensorBoard(tmp_path), trial, make(tmp_path, trial, row_of(1), row_of(2)))
    events = events_of(tmp_path, trial)
    assert scalars(events, "train/loss") == [(640, START + 1, 1.0), (1280, START + 2, 0.5)]
    assert scalars(events, "work/updates") == [(640, START + 1, 10.0), (1280, START + 2, 20.0)]


def test_final_metrics_and_pictures_come_with_the_end(tmp_path):
    trial = trial_of()
    directory = make(tmp_path, trial, row_of(1))
    replay(TensorBoard(tmp_path), trial, directory, end(trial, directory, modes=8.0, mmd=math.nan))
    events = events_of(tmp_path, trial)
    assert scalars(events, "eval/modes") == [(1280, START + 60, 8.0)]
    assert math.isnan(scalars(events, "eval/mmd")[0][2])
    steps = {name: [image.step for image in events.Images(name)] for name in events.Tags()["images"]}
    assert steps == {"samples/training": [640], "samples/final": [1280]}


@pytest.mark.parametrize("fresh", [False, True], ids=["one session", "two sessions"])
def test_a_second_replay_adds_nothing(tmp_path, fresh):
    trial = trial_of()
    directory = make(tmp_path, trial, row_of(1))
    observer = TensorBoard(tmp_path)
    replay(observer, trial, directory)
    append(directory, row_of(2))
    replay(TensorBoard(tmp_path) if fresh else observer, trial, directory, end(trial, directory, modes=8.0))
    events = events_of(tmp_path, trial)
    assert [step for step, _, _ in scalars(events, "train/loss")] == [640, 1280]
    assert len(scalars(events, "eval/modes")) == 1


def test_other_files_in_the_folder_are_left_alone(tmp_path):
    trial = trial_of()
    directory = make(tmp_path, trial, row_of(1))
    note = tmp_path / trial.study / "tensorboard" / directory.name / "note.txt"
    note.parent.mkdir(parents=True)
    note.write_text("mine")
    replay(TensorBoard(tmp_path), trial, directory)
    assert note.read_text() == "mine"


def test_sync_writes_every_trial(tmp_path):
    trials = [trial_of(seed=seed) for seed in (0, 1)]
    for trial in trials:
        end(trial, make(tmp_path, trial, row_of(1)), modes=8.0)
    assert sync(tmp_path, ["tensorboard"]) == 2
    assert all(scalars(events_of(tmp_path, trial), "train/loss") for trial in trials)


def test_without_the_package_the_error_says_what_to_install(tmp_path, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "tensorboard" else found(name, *rest)
    )
    with pytest.raises(PluginError, match=r"install genbench\[tensorboard\]"):
        Observers(["tensorboard"], tmp_path)
