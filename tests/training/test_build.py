"""Assembly: what a trial is made of before its first update."""

from dataclasses import replace

import torch

from genbench.contract.trainer import Trainer
from genbench.testing import miniature
from genbench.training import build


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
