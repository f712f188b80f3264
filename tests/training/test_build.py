"""Assembly: what a trial is made of before its first update."""

import pytest
import torch

from genbench.errors import GenbenchError
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


def test_a_device_that_is_not_there_is_named():
    with pytest.raises(GenbenchError, match="device 'cuda:99' cannot be used"):
        build.pick_device("cuda:99")
    with pytest.raises(GenbenchError, match="device 'gpu' cannot be used"):
        build.pick_device("gpu")
