"""Averaged weights: a running mean with a half-life in images, which batch norms' statistics follow too."""

import copy
import math

import pytest
import torch
from torch import nn

from genbench.contract.average import Average, in_words


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)).double()


def moved(module):
    with torch.no_grad():
        for value in (*module.parameters(), module[1].running_mean, module[1].running_var):
            value.add_(torch.rand_like(value))
        module[1].num_batches_tracked.add_(1)


def test_after_a_half_life_half_of_the_first_weights_is_left():
    module = nn.Linear(1, 1)
    average = Average(module, half_life=40)
    first = module.weight.detach().clone()
    with torch.no_grad():
        module.weight.add_(1)
    for taken in (10, 20, 30, 40):
        average.update(10, taken)
    assert torch.allclose(average.weight, first + 0.5)


def test_the_average_is_that_of_all_weights_so_far_each_with_its_age():
    module, ages = network(), []
    average = Average(module, half_life=30, warmup=0.5)
    expected = module[0].weight.detach().clone()
    for taken in range(10, 100, 10):
        moved(module)
        stays = 0.5 ** (10 / min(30, 0.5 * taken))
        expected = stays * expected + (1 - stays) * module[0].weight.detach()
        average.update(10, taken)
        ages.append(stays)
    assert ages == sorted(ages)
    assert torch.allclose(getattr(average, "0/weight"), expected, rtol=1e-12)


def test_running_statistics_are_averaged_and_other_buffers_are_not():
    module = network()
    average = Average(module, half_life=math.inf)
    first = copy.deepcopy(module.state_dict())
    moved(module)
    average.update(10, 10)
    last = copy.deepcopy(module.state_dict())
    with average.worn():
        worn = module.state_dict()
        assert all(torch.equal(worn[name], first[name]) for name in first if "tracked" not in name)
        assert worn["1.num_batches_tracked"] == 1
    assert all(torch.equal(module.state_dict()[name], value) for name, value in last.items())


def test_weights_come_back_where_sampling_fails():
    module = network()
    average, before = Average(module, half_life=math.inf), network().state_dict()
    moved(module)
    after = copy.deepcopy(module.state_dict())
    with pytest.raises(ArithmeticError), average.worn():
        raise ArithmeticError
    assert torch.equal(module[0].weight, after["0.weight"])
    assert not torch.equal(module[0].weight, before["0.weight"])


def test_what_is_averaged_is_told_in_words():
    assert in_words(0, 0.05) == ""
    assert in_words(44_000, 0.05) == (
        "half-life 44,000 images, at most 0.05 of the images taken; batch norms' running statistics alike"
    )
    assert in_words(100, 0).startswith("half-life 100 images; ")
