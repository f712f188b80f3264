"""The training loop's parts; whole trials are in test_worker.py."""

import itertools
import json
import resource

import pytest
import torch
import toys
from trial_files import trial_of

from genbench.config.settings import TrainSettings
from genbench.errors import DataError, DivergedError
from genbench.training import worker
from genbench.training.loop import check_finite, crossed, share, spent
from genbench.trial import checkpoint, record
from genbench.trial.json_file import SEAL, seal
from genbench.trial.log import Log, Progress, Tail
from genbench.trial.trial import Trial


@pytest.mark.parametrize(
    ("budget", "done"),
    [
        ({"images": 100}, True),
        ({"images": 101}, False),
        ({"updates": 10}, True),
        ({"updates": 11}, False),
        ({"seconds": 1.0}, True),
        ({"seconds": 1.1}, False),
    ],
)
def test_a_budget_is_spent_when_its_clock_reaches_it(budget, done):
    assert spent(TrainSettings(**budget), Progress(images=100, updates=10, train_seconds=1.0)) is done


def test_the_first_of_several_limits_counts():
    assert spent(TrainSettings(images=10**9, updates=10), Progress(images=100, updates=10))


def test_the_share_that_is_spent_is_that_of_the_nearest_limit():
    progress = Progress(images=100, updates=10, train_seconds=1.0)
    assert share(TrainSettings(images=200, updates=40, seconds=1.6), progress) == 0.625
    assert share(TrainSettings(images=50), progress) == 1


def test_a_trainer_is_told_the_share_of_its_budget_after_a_restart_too(study, run_trial, monkeypatch):
    seen, step = [], toys.Toy.step
    monkeypatch.setattr(toys.Toy, "step", lambda self, batches: seen.append(self.kit.progress) or step(self, batches))
    planned = study(budget="train.updates=8")
    directory = planned.directory_of(planned.trials[0])
    count = itertools.count()
    with monkeypatch.context() as patch:
        patch.setattr(worker, "asked_to_stop", lambda: lambda: next(count) >= 3)
        assert run_trial(directory) == worker.STOPPED
    assert run_trial(directory) == worker.DONE
    assert seen == [update / 8 for update in range(8)]


@pytest.mark.parametrize(
    ("before", "after", "due"), [(0, 9, False), (9, 10, True), (10, 19, False), (5, 35, True), (10, 10, False)]
)
def test_something_is_due_when_a_multiple_lies_between(before, after, due):
    assert crossed(before, after, 10) is due


def pictured(study, run_trial, *overrides):
    """The names of the pictures of training that a trial of the toy leaves, 20 updates of 20 points."""
    planned = study(overrides=overrides, name="".join(filter(str.isalnum, "s".join(overrides))) or "s")
    (trial,) = planned.trials
    run_trial(planned.directory_of(trial))
    return {path.stem for path in (planned.directory_of(trial) / "samples").iterdir()} - {"final"}


def test_pictures_are_also_drawn_at_the_wanted_updates(study, run_trial):
    assert pictured(study, run_trial) == {"0000000000", "0000000400"}
    assert pictured(study, run_trial, "train.sample_at=[1,7]") == {
        "0000000000",
        "0000000020",
        "0000000140",
        "0000000400",
    }


def test_a_space_of_the_methods_own_is_drawn_at_the_wanted_updates_and_at_the_end(study, run_trial, monkeypatch):
    monkeypatch.setattr(toys.Toy, "project", lambda self, images: images @ images.new_ones(2, 5))
    found = pictured(study, run_trial, "train.sample_at=[7]", "train.sample_every=100")
    assert {name for name in found if "projected" in name} == {"0000000140-projected", "0000000400-projected"}
    assert len(found) == 6 + 2


def test_projected_are_held_out_and_generated_points_as_the_trainer_sees_them_in_eval_mode(
    study, run_trial, monkeypatch
):
    seen = []
    monkeypatch.setattr(toys.Toy, "project", lambda self, images: seen.append((images, self.training)))
    pictured(study, run_trial, "train.precision=fp64")
    ((images, training),) = seen
    assert (images.shape, images.dtype, training) == ((100, 2), torch.float64, False)
    assert images.norm(dim=1).mean() == pytest.approx(2, abs=0.1)


def rows(path):
    return [json.loads(line)["updates"] for line in path.read_text().splitlines()]


@pytest.fixture
def begun(tmp_path):
    """The folder of a trial that has no rows yet."""
    trial_of(numerics={"genbench": 1}).write(tmp_path)
    return tmp_path


def test_the_log_does_not_repeat_the_rows_of_an_earlier_attempt(begun):
    path = begun / "metrics.jsonl"
    for updates in ([1, 2, 3], [2, 3, 4]):
        log = Log(begun)
        for update in updates:
            log.append(Progress(updates=update), {"loss": torch.tensor(1.0)})
    assert rows(path) == [1, 2, 3, 4]


def test_the_log_cuts_off_a_torn_line_and_writes_it_anew(begun):
    path = begun / "metrics.jsonl"
    Log(begun).append(Progress(updates=1), {"loss": torch.tensor(1.0)})
    with path.open("a") as file:
        file.write('{"updates": 2, "valu')
    Log(begun).append(Progress(updates=2), {"loss": torch.tensor(1.0)})
    assert rows(path) == [1, 2]


@pytest.mark.parametrize("kinds", [(), ("values", "metrics")])
def test_a_row_is_either_values_or_scores_whoever_sealed_it(begun, kinds):
    row = {"time": 0.0, "images": 40, "updates": 2, "train_seconds": 0.0, "trial": Trial.read(begun).id}
    row |= {kind: {"loss": 1.0} for kind in kinds}
    (begun / "metrics.jsonl").write_text(json.dumps({**row, SEAL: seal(row)}) + "\n")
    for read in (Log, lambda folder: Tail(folder).rows()):
        with pytest.raises(DataError, match="is no row of a log"):
            read(begun)


def test_a_log_whose_last_line_is_no_row_is_named(begun):
    path = begun / "metrics.jsonl"
    path.write_text("no row\n")
    with pytest.raises(DataError, match=r"metrics\.jsonl is damaged"):
        Log(begun)


def test_a_value_or_a_parameter_that_is_not_finite_is_named():
    module = torch.nn.Linear(2, 1)
    check_finite(module, {"loss": torch.tensor(1e30)}, 3)
    with pytest.raises(DivergedError, match="loss is inf at update 3"):
        check_finite(module, {"loss": torch.tensor(float("inf"))}, 3)
    with torch.no_grad():
        module.weight[0, 1] = float("nan")
    with pytest.raises(DivergedError, match="parameter weight is not finite at update 3"):
        check_finite(module, {}, 3)


def test_a_row_that_the_disk_takes_only_a_part_of_is_taken_back(begun):
    path = begun / "metrics.jsonl"
    log = Log(begun)
    log.append(Progress(images=20, updates=1), {"loss": torch.tensor(1.0)})
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, limits[1]))
    try:
        with pytest.raises(OSError, match="No space left"):
            log.append(Progress(images=40, updates=2), {"loss": torch.tensor(1.0)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    log.append(Progress(images=40, updates=2), {"loss": torch.tensor(1.0)})
    assert path.read_bytes().count(b"\n") == 2


def foreign(directory, change):
    """Put a state into a trial's newest checkpoint that is not of its trainer."""
    state = checkpoint.latest(directory / "checkpoint", Trial.read(directory))
    change(state["trainer"])
    checkpoint.save(state, directory / "checkpoint", state["progress"]["updates"])


def drop_an_optimizer(state):
    state["_extra_state"] = {}


def widen(state):
    state["generator.0.weight"] = torch.zeros(3, 3)


def regroup(state):
    for optimizer in state["_extra_state"].values():
        optimizer["param_groups"] = optimizer["param_groups"] * 2


@pytest.mark.parametrize("change", [drop_an_optimizer, widen, regroup])
def test_a_checkpoint_of_another_method_is_an_error_for_a_person_whoever_loads_it(study, run_trial, change, genbench):
    planned = study()
    directory = planned.directory_of(planned.trials[0])
    assert run_trial(directory) == worker.DONE
    foreign(directory, change)
    for words in (("sample", directory), ("evaluate", directory)):
        code, _, err = genbench(*words)
        assert code == 2
        assert "is not of this trial, or of another version of its method" in err
        assert "Traceback" not in err
    (directory / "record.json").unlink()
    assert run_trial(directory) == worker.FAILED
    found = record.read(directory)
    assert found.status == "failed"
    assert found.error.startswith("the checkpoint in ")
    assert "Traceback" not in (directory / "log.txt").read_text()


def test_of_several_trials_one_that_cannot_be_scored_costs_no_other(study, run_trial, genbench):
    planned = study(seeds=(0, 1))
    directories = [planned.directory_of(trial) for trial in planned.trials]
    assert [run_trial(directory) for directory in directories] == [worker.DONE] * 2
    foreign(directories[0], widen)
    code, out, err = genbench("evaluate", planned.directory)
    assert code == 1
    assert "toy" in out
    assert "failed: toy on ring, seed 0: the checkpoint in " in err
    assert "seed 1: scored [2 of 2]" in err
