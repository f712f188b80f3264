"""Assembly: what a trial is made of before its first update."""

from dataclasses import replace

import torch
import toys

from genbench.contract.trainer import Trainer
from genbench.testing import miniature
from genbench.training import build
from genbench.training.evaluate import sample


def test_a_trial_is_assembled_the_same_twice_whatever_the_global_generator_says(study):
    planned = study()
    (trial,) = planned.trials
    states = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        states.append(build.prepare(trial, planned.directory_of(trial)))
    one, other = (prepared.run.trainer.state_dict() for prepared in states)
    assert all(torch.equal(one[key], other[key]) for key in one if torch.is_tensor(one[key]))
    assert states[0].facts == states[1].facts


def test_assembling_leaves_the_global_generator_alone(study):
    planned = study()
    (trial,) = planned.trials
    before = torch.get_rng_state()
    build.prepare(trial, planned.directory_of(trial))
    assert torch.equal(torch.get_rng_state(), before)


def prepared(study):
    planned = study()
    (trial,) = planned.trials
    return build.prepare(trial, planned.directory_of(trial))


def test_the_record_says_that_samples_come_from_the_studys_generator_in_one_pass(study):
    found = prepared(study)
    said = {name: found.facts[name] for name in ("start", "latent", "evaluations")}
    assert said == {"start": "generator", "latent": "prior", "evaluations": 1}
    assert found.run.warnings == []


def test_first_samples_of_something_else_are_a_warning_where_they_are_not_declared(study, monkeypatch):
    monkeypatch.setattr(toys.Toy, "sample", lambda self, z: self.generator(z) / 2)
    found = prepared(study)
    (warning,) = found.run.warnings
    assert "the first samples of toy are not those of the study's generator" in warning
    assert found.facts["start"] == "own"
    monkeypatch.setattr(toys.Toy, "start", "own")
    declared = prepared(study)
    assert (declared.run.warnings, declared.facts) == ([], found.facts)


def test_passes_that_are_not_declared_are_counted_and_a_warning(study, monkeypatch):
    monkeypatch.setattr(toys.Toy, "sample", lambda self, z: (self.generator(z) + self.generator(z)) / 2)
    found = prepared(study)
    (warning,) = found.run.warnings
    assert "passes 2 times through a network, where its trainer declares 1" in warning
    assert found.facts["evaluations"] == 2
    monkeypatch.setattr(toys.Toy, "evaluations", 3)
    assert prepared(study).facts["evaluations"] == 3


def test_latents_are_made_as_the_trainer_declares_them(study, monkeypatch):
    monkeypatch.setattr(toys.Toy, "sample", lambda self, z: z)
    monkeypatch.setattr(toys.Toy, "latent", "data")
    monkeypatch.setattr(toys.Toy, "start", "own")
    found = prepared(study)
    samples = sample(found.run.trainer, found.run.settings, found.run.splits, 30, found.run.device)
    assert samples.shape == (30, 2)
    assert samples.abs().max() > 1
    assert found.facts["latent"] == "data"


def test_the_counters_of_a_trainer_stay_on_the_cpu():
    kit = replace(miniature.kit(), device=torch.device("meta"))
    trainer = build.build(Counting, None, kit)
    assert trainer.generator[0].weight.device.type == "meta"
    assert list(trainer.counters()) == ["updates"]
    assert trainer.updates.device.type == "cpu"


class Counting(Trainer):
    def __init__(self, config, kit):
        super().__init__(config, kit)
        self.generator = kit.generator()
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))
        self.register_buffer("mean", torch.zeros(()))

    def step(self, batches):
        return {}

    def sample(self, z):
        return self.generator(z)
