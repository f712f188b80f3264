"""Passes through networks: whose, how often, and that nobody is watched for longer than was asked."""

import pytest
import torch
from torch import nn

from genbench.contract.passes import watched


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 2)))
        self.second, self.idle, self.relu = nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU()


def test_only_the_outermost_networks_with_parameters_are_counted():
    two = Two()
    with watched(two) as passes:
        for _ in range(3):
            x = two.relu(two.first(torch.zeros(4, 2)))
        two.second(x)
    assert passes.evaluations(4) == 4
    assert passes.networks == [two.first, two.second]
    assert sum(p.numel() for p in passes.parameters) == (2 * 3 + 3) + (3 * 2 + 2) + (2 * 2 + 2)


def test_two_evaluations_in_one_pass_are_two_and_part_of_one_is_one():
    two = Two()
    with watched(two) as passes:
        two.second(torch.zeros(8, 2))
        two.second(torch.zeros(1, 2))
    assert passes.evaluations(4) == 3


def test_nothing_is_counted_afterwards_nor_after_an_error():
    two = Two()
    with watched(two) as passes:
        with pytest.raises(RuntimeError):
            two.first(torch.zeros(4, 7))
        two.first(torch.zeros(4, 2))
    two.first(torch.zeros(4, 2))
    assert passes.rows == 4
