"""How trials stand, read only from their files; and stopping a study from outside."""

import os
import subprocess
import time

import pytest
from disturbed import Linger, command, small

from genbench.cli.display import duration
from genbench.errors import GenbenchError
from genbench.study import status
from genbench.training.attempt import describe
from genbench.trial.lock import locked
from genbench.trial.log import Log, Progress
from genbench.trial.record import Record, write


def put(study, trial, outcome, error=""):
    directory = study.directory_of(trial)
    write(Record(**describe(trial, directory), status=outcome, error=error, ended=time.time() - 90), directory)


def test_every_state_is_told_from_the_files(study):
    planned = study(seeds=tuple(range(6)))
    directories = [planned.directory_of(trial) for trial in planned.trials]
    for trial, outcome in zip(planned.trials, ("finished", "diverged", "failed"), strict=False):
        put(planned, trial, outcome, "why" if outcome != "finished" else "")
    (directories[5] / "record.json").write_text("{")
    Log(directories[3]).append(Progress(images=200, updates=10, train_seconds=1.0), {})
    with locked(directories[3]):
        found = {one.trial.seed: one for one in status.states(planned.directory)[0]}
    assert [found[seed].state for seed in range(6)] == [
        "finished",
        "diverged",
        "failed",
        "running",
        "waiting",
        "damaged",
    ]
    assert [found[seed].detail for seed in (0, 1)] == ["", "why"]
    assert 90 <= found[0].age < 150
    assert found[3].clocks["updates"] == 10
    assert found[4].clocks == {}


def test_only_the_failed_trials_are_chosen(study):
    planned = study(seeds=(0, 1, 2))
    put(planned, planned.trials[1], "failed", "why")
    assert [trial.seed for trial in planned.only("failed").trials] == [1]
    with pytest.raises(GenbenchError, match="nothing to run"):
        planned.only("diverged")


def test_a_folder_without_trials_is_no_study(tmp_path):
    with pytest.raises(GenbenchError, match="holds no trial"):
        status.states(tmp_path)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (61, "1 min 1 s"), (3600, "1 h"), (90_061, "1 d 1 h"), (-5, "0 s")]
)
def test_a_duration_is_said_in_its_two_largest_units(seconds, said):
    assert duration(seconds) == said


def test_word_of_a_supervisor_that_was_killed_is_removed_and_one_elsewhere_is_named(study):
    planned = study()
    dead = planned.directory / f".supervisor-{os.uname().nodename}-{2**22 + 1}"
    dead.touch()
    (planned.directory / ".supervisor-another-7").touch()
    (planned.directory / ".supervisor-of-nobody").touch()
    assert status.cancel(planned.directory) == ([], ["process 7 on another runs it too; cancel it there"])
    assert not dead.exists()


@pytest.mark.slow
def test_a_study_that_is_cancelled_has_saved_and_goes_on(study, tmp_path):
    linger = Linger(tmp_path)
    planned = study(budget="train.images=4000", overrides=linger.words)
    size = small(log_every=40, save_every=100)
    asked = command(planned.results, "--study", "s", *size, "train.images=4000", *linger.words)
    process = subprocess.Popen(asked, stderr=subprocess.PIPE, text=True)
    (directory,) = [planned.directory_of(trial) for trial in planned.trials]
    deadline = time.monotonic() + 120
    while not (directory / "metrics.jsonl").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    pids, _ = status.cancel(planned.directory)
    assert len(pids) == 1
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "goes on where this one stopped" in said
    assert status.states(planned.directory)[0][0].state == "interrupted"
    linger.over()
    assert subprocess.run(asked, stdout=subprocess.DEVNULL).returncode == 0
    assert status.states(planned.directory)[0][0].state == "finished"


def test_a_record_that_does_not_say_whose_it_is_is_named(study, genbench):
    planned = study(seeds=(0, 1))
    folder = planned.directory_of(planned.trials[0])
    (folder / "trial.json").rename(folder / "record.json")
    code, out, err = genbench("status", "s", "--results", planned.results)
    assert (code, err) == (1, f"left out: {folder} holds a record and no trial.json: whose it is is not known\n")
    assert "1 waiting" in out


def test_a_trial_that_cannot_be_read_is_named_and_the_others_are_shown(study, genbench):
    planned = study(seeds=(0, 1))
    victim, whole = (planned.directory_of(trial) / "trial.json" for trial in planned.trials)
    victim.write_text("{")
    code, out, err = genbench("status", "s", "--results", planned.results)
    assert (code, err.count("\n")) == (1, 1)
    assert err.startswith(f"left out: {victim} is damaged")
    assert "1 waiting" in out
    whole.write_text("{")
    code, _, err = genbench("status", "s", "--results", planned.results)
    assert (code, err.count("\n")) == (2, 1)
    assert "trial.json is damaged" in err
