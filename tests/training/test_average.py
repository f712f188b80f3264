"""Averaged weights and falling learning rates in a trial: recorded, resumed to the bit, and nothing without them."""

import itertools

import torch

from genbench.report.tables import summary
from genbench.training import worker
from genbench.training.build import prepare
from genbench.training.evaluate import sample
from genbench.training.generator import Generator
from genbench.trial import checkpoint, collected, record

BOTH = ("train.average=60", "train.schedule=cosine")


def test_a_trial_goes_on_to_the_bit_after_it_was_stopped(study, run_trial, monkeypatch):
    states = []
    for name, stops in (("whole", 10**9), ("stopped", 7)):
        planned, count = study(overrides=BOTH, name=name), itertools.count()
        (trial,) = planned.trials
        directory = planned.directory_of(trial)
        with monkeypatch.context() as patch:
            patch.setattr(worker, "asked_to_stop", lambda count=count, stops=stops: lambda: next(count) >= stops)
            ended = run_trial(directory)
        assert ended == (worker.STOPPED if stops == 7 else worker.DONE)
        assert run_trial(directory) == worker.DONE
        states.append((checkpoint.latest(directory / "checkpoint", trial), record.read(directory)))
    (whole, one), (stopped, other) = states
    assert whole["trainer"].keys() == stopped["trainer"].keys()
    assert any(name.startswith("averaged_weights.") for name in whole["trainer"])
    for name, value in whole["trainer"].items():
        assert not torch.is_tensor(value) or torch.equal(value, stopped["trainer"][name]), name
    assert one.metrics == other.metrics
    assert other.resumes == 1
    assert one.average == "half-life 60 images, at most 0.05 of the images taken; batch norms' running statistics alike"
    assert one.schedule == "cosine"


def test_samples_are_those_of_the_averages_wherever_they_are_made(study, run_trial):
    planned = study(overrides=("train.average=400", "train.average_warmup=0"))
    (trial,) = planned.trials
    directory = planned.directory_of(trial)
    run_trial(directory)
    samples = Generator.load(directory).sample(8)
    state = checkpoint.latest(directory / "checkpoint", trial)["trainer"]
    trainer = prepare(trial, directory).run.trainer
    averages = {
        name.removeprefix("averaged_weights.").replace("/", "."): value
        for name, value in state.items()
        if name.startswith("averaged_weights.")
    }
    trainer.load_state_dict({**state, **averages})
    trainer.kit.standing.average = None
    run = prepare(trial, directory).run
    trainer.eval()
    assert torch.equal(samples, sample(trainer, run.settings, run.splits, 8, run.device))
    trainer.load_state_dict(state)
    assert not torch.equal(samples, sample(trainer, run.settings, run.splits, 8, run.device))


def test_without_them_a_trial_is_what_it_was(study):
    (trial,) = study().trials
    (said,) = study(overrides=("train.average=0", "train.schedule=constant", "train.average_warmup=0.05")).trials
    assert said.id == trial.id
    assert not {"average", "average_warmup", "schedule"} & set(trial.settings["train"])
    others = [study(overrides=(word,)).trials[0].id for word in BOTH]
    assert len({trial.id, *others}) == 3


def test_a_table_tells_of_both():
    def one(seed, **facts):
        names = {"study": "s", "trial": "t", "id": "i", "method": "gan", "dataset": "ring", "architecture": "mlp"}
        return record.Record(**names, seed=seed, status="finished", **facts)

    told = summary.notes(collected.frame([one(0, average="half-life 9 images", schedule="linear"), one(1)]))
    assert told == [
        "samples of 1 of 2 trials are made with averaged weights: half-life 9 images",
        "learning rates of 1 of 2 trials fall to 0 over the budget: schedule linear",
    ]
    assert summary.notes(collected.frame([one(0, schedule="constant")])) == []
