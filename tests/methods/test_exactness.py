"""Pulling the plug: every installed method, killed again and again, ends with the bits of an undisturbed run."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
import torch
from installed import METHODS

from genbench.trial import checkpoint
from genbench.trial.log import Tail
from genbench.trial.record import read
from genbench.trial.trial import Trial

KILLS = 3


def work(directory):
    return subprocess.Popen(
        [sys.executable, "-m", "genbench.cli", "trial", str(directory)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_a_trial_killed_at_random_moments_ends_with_the_same_bits(study, method):
    overrides = ["evaluate.samples=500", "train.save_every=1000"]
    quiet, loud = (
        study(method, name=name, budget="train.images=10000", overrides=overrides) for name in ("quiet", "loud")
    )
    quiet, loud = (planned.directory_of(planned.trials[0]) for planned in (quiet, loud))
    assert work(quiet).wait() == 0
    moments = random.Random(method)
    killed = 0
    for number in range(KILLS):
        process = work(loud)
        rows = len(Tail(loud).rows())
        while process.poll() is None and len(Tail(loud).rows()) < rows + 20 * (number + 1):
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.05))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
    assert killed, "the trial was over before it could be killed"
    assert work(loud).wait() == 0
    one, other = (checkpoint.latest(directory / "checkpoint", Trial.read(directory)) for directory in (quiet, loud))
    assert all(
        torch.equal(one["trainer"][key], value) for key, value in other["trainer"].items() if torch.is_tensor(value)
    )
    assert read(quiet).metrics == read(loud).metrics
    assert read(loud).resumes >= 1
    curves = [
        [(row["images"], row["updates"], row["values"]) for row in Tail(directory).rows()]
        for directory in (quiet, loud)
    ]
    assert curves[0] == curves[1]


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["ring", "digits"])
@pytest.mark.parametrize("method", METHODS)
def test_pictures_on_the_way_change_no_bit_of_training(study, run_trial, method, dataset):
    short = ["mmdgan.warmup=1", "mmdgan.warmup_critic_steps=2"] if method == "mmdgan" else []
    common = ["train.images=400", "evaluate.samples=20", "evaluate.metrics=[]", *short]
    plain, drawn = (
        study(method, name=name, datasets=[dataset], overrides=[*common, *more])
        for name, more in (("plain", []), ("drawn", ["train.sample_at=[1,2,5,9]"]))
    )
    folders = [planned.directory_of(planned.trials[0]) for planned in (plain, drawn)]
    for folder in folders:
        run_trial(folder)
    assert len(list((folders[1] / "samples").iterdir())) > len(list((folders[0] / "samples").iterdir()))
    one, other = (checkpoint.latest(folder / "checkpoint", Trial.read(folder)) for folder in folders)
    assert one["progress"]["updates"] == other["progress"]["updates"]
    assert all(
        torch.equal(one["trainer"][key], value) for key, value in other["trainer"].items() if torch.is_tensor(value)
    )
    curves = [[(row["images"], row["updates"], row["values"]) for row in Tail(folder).rows()] for folder in folders]
    assert curves[0] == curves[1]


@pytest.mark.slow
def test_every_method_of_one_seed_starts_from_the_same_weights_and_sees_the_same_data(study, run_trial):
    planned = study(*METHODS, budget="train.images=200", overrides=["evaluate.metrics=[modes]"])
    records = []
    for trial in planned.trials:
        run_trial(planned.directory_of(trial))
        records.append(planned.record_of(trial))
    assert len(records) == len(METHODS)
    assert {record.status for record in records} == {"finished"}
    for column in ("data_hash", "batches_hash", "generator_hash"):
        assert len({getattr(record, column) for record in records}) == 1
        assert all(getattr(record, column) for record in records)
