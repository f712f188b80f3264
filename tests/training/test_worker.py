"""The worker: one folder to its end, idempotently, with a record whatever happens."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest
import torch

from genbench.errors import TrialBusyError
from genbench.training import signals, worker
from genbench.trial import checkpoint, lock
from genbench.trial.record import read
from genbench.trial.trial import Trial


def rows(directory):
    return [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]


def only(study):
    (trial,) = study.trials
    return study.directory_of(trial)


def outcome(directory):
    """What must not depend on how often a trial was stopped: parameters, curves, metrics."""
    state = checkpoint.latest(directory / "checkpoint", Trial.read(directory))
    parameters = {key: value for key, value in state["trainer"].items() if torch.is_tensor(value)}
    curves = [(row["images"], row["updates"], row["values"]) for row in rows(directory)]
    return parameters, curves, read(directory).metrics


def assert_same(one, other):
    assert one[0].keys() == other[0].keys()
    assert all(torch.equal(one[0][key], other[0][key]) for key in one[0])
    assert one[1:] == other[1:]


def test_a_trial_leaves_all_its_files(study, run_trial):
    directory = only(study())
    assert run_trial(directory) == worker.DONE
    record = read(directory)
    assert record.status == "finished"
    assert (record.images, record.updates) == (400, 20)
    assert record.train_seconds > 0
    assert record.images_per_second == pytest.approx(record.images / record.train_seconds)
    assert set(record.metrics) == {"modes", "modes_any", "high_quality", "mode_kl", "mmd", "max_abs"}
    assert record.generator_parameters == (8 * 8 + 8) + (8 * 8 + 8) + (8 * 2 + 2)
    assert record.origin == "genbench-toys 0.1"
    assert [row["updates"] for row in rows(directory)] == [1, *range(2, 21, 2)]
    assert {path.name for path in (directory / "samples").iterdir()} == {
        "0000000000.png",
        "0000000400.png",
        "final.png",
    }
    assert "finished" in (directory / "log.txt").read_text()


def test_a_finished_trial_is_not_run_again(study, run_trial):
    directory = only(study())
    run_trial(directory)
    before = {path: path.stat().st_mtime_ns for path in directory.rglob("*.*") if path.name != "lock"}
    assert run_trial(directory) == worker.DONE
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_two_runs_of_one_trial_agree_to_the_bit(study, run_trial):
    one, other = only(study(name="one")), only(study(name="other"))
    for directory in (one, other):
        run_trial(directory)
    assert_same(outcome(one), outcome(other))


@pytest.mark.parametrize("budget", ["train.updates=7", "train.images=130"])
def test_the_first_limit_that_is_reached_ends_training(study, run_trial, budget):
    directory = only(study(budget=budget, overrides=["train.seconds=1000"]))
    run_trial(directory)
    assert read(directory).updates == 7


def test_a_budget_in_seconds_ends_training(study, run_trial):
    directory = only(study(budget="train.seconds=0.2"))
    run_trial(directory)
    assert read(directory).train_seconds == pytest.approx(0.2, abs=0.1)


def stop_after(monkeypatch, updates):
    """Make the worker believe, after so many updates, that it was asked to stop."""
    count = iter(range(10_000))
    monkeypatch.setattr(worker, "asked_to_stop", lambda: lambda: next(count) >= updates)


@pytest.mark.parametrize("updates", [0, 1, 7, 19])
def test_a_trial_that_is_stopped_and_run_again_ends_with_the_same_bits(study, run_trial, monkeypatch, updates):
    undisturbed, stopped = only(study(name="one")), only(study(name="other"))
    run_trial(undisturbed)
    stop_after(monkeypatch, updates)
    assert run_trial(stopped) == worker.STOPPED
    assert read(stopped).status == "interrupted"
    monkeypatch.undo()
    assert run_trial(stopped) == worker.DONE
    assert read(stopped).resumes == 1
    assert_same(outcome(undisturbed), outcome(stopped))


def test_a_signal_asks_to_stop():
    stop = signals.asked_to_stop()
    assert not stop()
    signal.raise_signal(signal.SIGTERM)
    assert stop()


ENDS_LATE = """
import os, signal, sys
import torch._dynamo  # which the first optimizer of each child would import
import genbench.data.ring, genbench.metrics.modes, genbench.training.worker
from genbench.cli import main

class Late:
    def __init__(self, number):
        self.number, self.pid = number, os.getpid()

    def __del__(self, kill=os.kill):
        kill(self.pid, self.number)  # the interpreter has put the signals' default handlers back by now

for number, directory in {ends}:
    if not os.fork():
        late = Late(number)
        sys.argv = ["genbench", "trial", directory]
        main()
    print(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@pytest.mark.slow
def test_a_signal_on_the_way_out_does_not_hide_how_the_trial_ended(study):
    directories = [only(study(name=name)) for name in ("one", "other")]
    ends = list(zip(map(int, (signal.SIGTERM, signal.SIGUSR2)), map(str, directories), strict=True))
    ended = subprocess.run(
        [sys.executable, "-c", ENDS_LATE.replace("{ends}", repr(ends))], capture_output=True, text=True
    )
    assert [line for line in ended.stdout.split() if line.isdecimal()] == 2 * [str(worker.DONE)], ended
    assert [read(directory).status for directory in directories] == 2 * ["finished"]


def test_a_damaged_newest_checkpoint_costs_time_and_changes_nothing(study, run_trial, monkeypatch):
    undisturbed, damaged = only(study(name="one")), only(study(name="other"))
    run_trial(undisturbed)
    stop_after(monkeypatch, 13)
    run_trial(damaged)
    monkeypatch.undo()
    newest = max((damaged / "checkpoint").glob("*.pt"))
    newest.write_bytes(newest.read_bytes()[:-1])
    run_trial(damaged)
    assert newest.name in (damaged / "log.txt").read_text()
    assert_same(outcome(undisturbed), outcome(damaged))


def test_a_torn_last_line_of_the_log_is_cut_off(study, run_trial, monkeypatch):
    undisturbed, torn = only(study(name="one")), only(study(name="other"))
    run_trial(undisturbed)
    stop_after(monkeypatch, 11)
    run_trial(torn)
    monkeypatch.undo()
    with (torn / "metrics.jsonl").open("a") as file:
        file.write('{"images": 24')
    run_trial(torn)
    assert_same(outcome(undisturbed), outcome(torn))


def test_divergence_is_a_result(study, run_trial):
    directory = only(study("toy-fails", overrides=["toy-fails.how=nan", "toy-fails.at=6"]))
    assert run_trial(directory) == worker.DIVERGED
    record = read(directory)
    assert (record.status, record.error, record.updates, record.metrics) == (
        "diverged",
        "loss is nan at update 6",
        6,
        {},
    )
    assert run_trial(directory) == worker.DIVERGED


def test_an_exception_is_a_recorded_row_with_a_traceback_in_the_log(study, run_trial):
    directory = only(study("toy-fails", overrides=["toy-fails.how=raise"]))
    assert run_trial(directory) == worker.FAILED
    assert (read(directory).status, read(directory).error) == ("failed", "ValueError: the toy is broken")
    assert "Traceback" in (directory / "log.txt").read_text()


def test_a_failed_trial_is_run_again(study, run_trial, tmp_path):
    marker = tmp_path / "marker"
    marker.mkdir()
    (marker / "once").touch()
    directory = only(study("toy-fails", overrides=["toy-fails.how=raise", f"toy-fails.marker={marker}"]))
    assert run_trial(directory) == worker.FAILED
    assert run_trial(directory) == worker.DONE


def test_a_trial_that_another_process_runs_is_left_alone(study, run_trial):
    directory = only(study())
    with lock.locked(directory, 0), pytest.raises(TrialBusyError, match="already"):
        run_trial(directory)


@pytest.mark.slow
def test_the_hashes_are_equal_for_every_method_of_one_seed_and_differ_between_seeds(study, run_trial):
    planned = study("toy", "toy/fast", "toy-fails", seeds=(0, 1), overrides=["toy-fails.at=0"])
    records = []
    for trial in planned.trials:
        run_trial(planned.directory_of(trial))
        records.append(planned.record_of(trial))
    for column in ("batches_hash", "generator_hash"):
        by_seed = [{getattr(record, column) for record in records if record.seed == seed} for seed in (0, 1)]
        assert [len(hashes) for hashes in by_seed] == [1, 1]
        assert by_seed[0] != by_seed[1]


@pytest.mark.parametrize(
    ("varied", "batches", "generator"), [("data", False, True), ("init", True, False), ("noise", True, True)]
)
def test_one_source_of_randomness_varies_while_the_others_stand_still(study, run_trial, varied, batches, generator):
    one, other = only(study(name="one")), only(study(name="other", overrides=[f"seeds.{varied}=7"]))
    for directory in (one, other):
        run_trial(directory)
    assert (read(one).batches_hash == read(other).batches_hash) is batches
    assert (read(one).generator_hash == read(other).generator_hash) is generator
    assert not all(torch.equal(a, b) for a, b in zip(outcome(one)[0].values(), outcome(other)[0].values(), strict=True))


@pytest.mark.parametrize("precision", ["bf16", "fp64"])
def test_every_precision_trains(study, run_trial, precision):
    directory = only(study(overrides=[f"train.precision={precision}"]))
    assert run_trial(directory) == worker.DONE


def test_a_record_that_cannot_be_written_is_exit_code_1_and_the_same_command_writes_it(study, genbench):
    directory = only(study())
    in_the_way = directory / f".record.json.{os.getpid()}-{threading.get_ident()}"
    in_the_way.mkdir()
    code, _, err = genbench("trial", directory)
    assert code == 1
    assert err.startswith(f"genbench: {directory / 'record.json'} cannot be written: Is a directory")
    assert "run the same command again" in err
    in_the_way.rmdir()
    code, out, _ = genbench("trial", directory)
    assert code == 0
    assert "finished" in out
    assert read(directory).resumes == 1


def test_a_folder_that_refuses_the_log_is_exit_code_1_without_a_traceback(study, genbench):
    directory = only(study())
    (directory / "log.txt").mkdir()
    code, _, err = genbench("trial", directory)
    assert code == 1
    assert err.count("\n") == 1
    assert "log.txt cannot be written: it is a folder" in err


def test_rows_of_the_log_that_were_lost_are_counted_in_the_record(study, run_trial, monkeypatch):
    directory = only(study())
    count = iter(range(100))
    with monkeypatch.context() as patch:
        patch.setattr(worker, "asked_to_stop", lambda: lambda: next(count) >= 12)
        assert run_trial(directory) == worker.STOPPED
    (directory / "metrics.jsonl").unlink()
    assert run_trial(directory) == worker.DONE
    assert read(directory).warnings == ("7 rows of metrics.jsonl from before update 12 were lost",)
