"""Schedules of learning rates: every optimizer steps at a share of its rate, and has its rate again afterwards."""

import pytest
import torch

from genbench.contract.schedule import factor, scaled


def stepped(share, **options):
    """What two steps of Adam, and of SGD without gradient on one of two groups, do to weights of 1."""
    weights = [torch.ones(2, requires_grad=True) for _ in range(2)]
    rates = [{"params": [weights[0]], "lr": 0.1}, {"params": [weights[1]], "lr": 0.01}]
    optimizer = torch.optim.Adam(rates, **options)
    for weight in weights:
        weight.grad = torch.ones(2)
    for _ in range(2):
        with scaled(share):
            optimizer.step()
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.01]
    return [float(1 - weight.detach()[0]) for weight in weights]


@pytest.mark.parametrize("options", [{}, {"fused": True}, {"foreach": True}])
@pytest.mark.parametrize("share", [1, 0.25, 0])
def test_a_step_is_a_share_of_what_it_would_be_in_every_group(share, options):
    assert stepped(share, **options) == pytest.approx([0.2 * share, 0.02 * share], rel=1e-5)


def test_outside_of_a_step_no_optimizer_is_scaled():
    with scaled(0.5):
        pass
    assert stepped(1) == pytest.approx([0.2, 0.02], rel=1e-5)


def test_a_methods_own_schedule_is_multiplied_with_it():
    weight = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=1.0)
    own = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
    weight.grad = torch.ones(1)
    with scaled(0.5):
        for _ in range(2):
            optimizer.step()
            own.step()
    assert weight.item() == 1 - 0.5 - 0.25
    assert own.get_last_lr() == [0.25]


@pytest.mark.parametrize(
    ("schedule", "at"),
    [("constant", [1, 1, 1]), ("linear", [1, 0.75, 0]), ("cosine", [1, (1 + 2**-0.5) / 2, 0])],
)
def test_a_schedule_begins_at_1_and_ends_at_0(schedule, at):
    assert [factor(schedule, spent) for spent in (0, 0.25, 1)] == pytest.approx(at)
