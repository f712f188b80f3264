"""Trials on several ranks, through the worker's real launcher: they stop, fail and go on as one."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from genbench.errors import GenbenchError
from genbench.training import worker
from genbench.training.distributed import Nodes
from genbench.trial import checkpoint, record
from genbench.trial.trial import Trial

pytestmark = [pytest.mark.slow, pytest.mark.proc]
FP64 = ["train.precision=fp64", "world=2"]


def directory_of(planned):
    (trial,) = planned.trials
    return planned.directory_of(trial)


def start(directory):
    """A worker of its own, as an engine starts it."""
    return subprocess.Popen([sys.executable, "-m", "genbench.cli", "trial", str(directory)], start_new_session=True)


def ranks_of(directory):
    """The ranks among the child processes of the worker that holds a trial's folder."""
    pid, found = int((directory / "lock").read_text().split()[0]), []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and "spawn_main" in (path / "cmdline").read_text():
                found.append(int(path.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return sorted(found)


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def parameters(directory):
    return {
        name: value
        for name, value in checkpoint.latest(directory / "checkpoint", Trial.read(directory))["trainer"].items()
        if torch.is_tensor(value)
    }


@pytest.fixture
def alone(study, run_trial):
    """The same trial on one rank."""
    directory = directory_of(study(name="alone", overrides=FP64[:1]))
    run_trial(directory)
    return directory


def assert_equal_trials(one, other):
    """Equal up to the order in which sums over the batch are taken."""
    a, b = record.read(one), record.read(other)
    assert (a.status, a.images, a.updates, a.batches_hash, a.generator_hash) == (
        b.status,
        b.images,
        b.updates,
        b.batches_hash,
        b.generator_hash,
    )
    torch.testing.assert_close(parameters(one), parameters(other), rtol=0, atol=1e-9)
    assert (a.world, b.world) == (1, 2)


def test_two_ranks_leave_the_record_of_one(study, run_trial, alone):
    directory = directory_of(study(overrides=FP64))
    assert run_trial(directory) == worker.DONE
    assert_equal_trials(alone, directory)
    assert record.read(directory).metrics == pytest.approx(record.read(alone).metrics, abs=1e-6)
    assert not list(directory.glob(".ranks-*"))


@pytest.mark.long
def test_a_trial_goes_on_with_another_number_of_ranks(study, run_trial, alone, monkeypatch):
    one = directory_of(study(name="one", overrides=FP64[:1]))
    count = iter(range(100))
    with monkeypatch.context() as patch:
        patch.setattr(worker, "asked_to_stop", lambda: lambda: next(count) >= 7)
        assert run_trial(one) == worker.STOPPED
    begun = Trial.read(one)
    replace(begun, running={**begun.running, "world": 2}).write(one)
    assert run_trial(one) == worker.DONE
    assert_equal_trials(alone, one)
    assert record.read(one).resumes == 1


@pytest.mark.long
def test_a_signal_to_the_worker_stops_all_ranks_at_one_update(study):
    directory = directory_of(study(budget="train.updates=100000", overrides=["world=2"]))
    process = start(directory)
    wait_for((directory / "metrics.jsonl").exists)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == worker.STOPPED
    found = record.read(directory)
    assert found.status == "interrupted"
    assert (
        checkpoint.latest(directory / "checkpoint", Trial.read(directory))["progress"]["updates"] == found.updates > 0
    )


@pytest.mark.long
def test_a_killed_rank_ends_the_attempt_and_leaves_no_record(study):
    directory = directory_of(study(budget="train.updates=100000", overrides=["world=2"]))
    process = start(directory)
    wait_for((directory / "metrics.jsonl").exists)
    os.kill(ranks_of(directory)[1], signal.SIGKILL)
    assert process.wait(60) == worker.KILLED
    assert record.read(directory) is None


@pytest.mark.long
def test_ranks_do_not_outlive_a_killed_worker_and_nobody_begins_before_their_end(study, run_trial, monkeypatch):
    directory = directory_of(study(budget="train.updates=100000", overrides=["world=2"]))
    process = start(directory)
    wait_for((directory / "metrics.jsonl").exists)
    ranks = ranks_of(directory)
    process.kill()
    process.wait()
    begun = Trial.read(directory)
    replace(begun, running={**begun.running, "world": 1}).write(directory)
    monkeypatch.setattr(worker, "asked_to_stop", lambda: lambda: True)
    assert run_trial(directory, wait=60.0) == worker.STOPPED
    wait_for(lambda: not [pid for pid in ranks if Path(f"/proc/{pid}").exists()])


@pytest.mark.parametrize("rank", [pytest.param(-1, marks=pytest.mark.long), 0, pytest.param(1, marks=pytest.mark.long)])
def test_an_exception_of_a_rank_is_recorded_and_not_the_silence_that_the_others_notice(study, run_trial, rank):
    directory = directory_of(study("toy-fails", overrides=["world=2", "toy-fails.how=raise", f"toy-fails.rank={rank}"]))
    assert run_trial(directory) == worker.FAILED
    found = record.read(directory)
    assert (found.status, found.error) == ("failed", "ValueError: the toy is broken")


@pytest.mark.long
def test_ranks_diverge_together_when_one_of_them_does(study, run_trial):
    directory = directory_of(
        study("toy-fails", overrides=["world=2", "toy-fails.how=nan", "toy-fails.rank=1", "train.log_every=20"])
    )
    assert run_trial(directory) == worker.DIVERGED
    assert record.read(directory).error == "loss is nan at update 5"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["world=3"], "train.batch=20 cannot be shared equally by world=3"),
        (["world=2", "resources.nodes=3"], "cannot be spread equally"),
        (["world=0"], "world must be at least 1"),
    ],
)
def test_ranks_that_cannot_be_are_refused_before_anything_starts(study, words, said):
    with pytest.raises(GenbenchError, match=said):
        study(overrides=words)


def test_machines_of_one_job_meet_at_one_place_and_those_of_another_elsewhere(study, monkeypatch):
    (trial,) = study(overrides=["world=2", "resources.nodes=2"]).trials
    assert Nodes.of(trial) == Nodes()
    for name, value in {"SLURM_NODEID": "1", "SLURM_JOB_ID": "17", "SLURM_LAUNCH_NODE_IPADDR": "10.0.0.7"}.items():
        monkeypatch.setenv(name, value)
    nodes = Nodes.of(trial)
    assert (nodes.count, nodes.number, nodes.endpoint) == (2, 1, "10.0.0.7:20017")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    assert Nodes.of(trial).job != nodes.job
