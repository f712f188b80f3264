"""Solvers and the loss against closed forms on Gaussians, the pairing against all of them, a step written out."""

from copy import deepcopy
from dataclasses import replace
from itertools import count, permutations

import pytest
import torch
from genbench_flow import METHOD, Flow, FlowConfig, carried, cheapest

from genbench.plugin import GenbenchError
from genbench.testing import CHECKS, kit

MEAN, SPREAD = torch.tensor([1.5, -0.5], dtype=torch.float64), 0.4


def rows(number, count=6, size=2):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(number), dtype=torch.float64)


def batches():
    for number in count():
        yield rows(number)


def of_gaussians(x, t):
    """The velocity E[x₁ - x₀ | x_t] that carries N(0, 1) to N(MEAN, SPREAD²), drawn independently."""
    t = t[:, None]
    share = (t * SPREAD**2 - (1 - t)) / (t**2 * SPREAD**2 + (1 - t) ** 2)
    return MEAN + share * (x - t * MEAN)


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("midpoint", 2), ("heun", 2)])
def test_the_field_between_gaussians_carries_one_to_the_other_in_the_order_of_the_solver(solver, order):
    x = rows(0)
    errors = [(carried(of_gaussians, x, solver, steps) - (MEAN + SPREAD * x)).abs().max() for steps in (40, 80)]
    assert errors[1] < 0.02
    assert errors[0] / errors[1] > 0.8 * 2**order


@pytest.mark.parametrize("solver", ["euler", "midpoint", "heun"])
def test_one_step_along_straight_lines_is_exact(solver):
    x, target = rows(0), rows(1)
    torch.testing.assert_close(carried(lambda x, t: target - rows(0), x, solver, 1), target)


def test_no_velocity_has_less_loss_than_that_between_the_gaussians():
    noise, data, t = rows(0, 20_000), MEAN + SPREAD * rows(1, 20_000), rows(2, 20_000, 1)[:, 0].sigmoid()
    x, target = (1 - t[:, None]) * noise + t[:, None] * data, data - noise
    best = of_gaussians(x, t)
    for other in (rows(3, 20_000), x, torch.ones_like(x), best):
        assert ((target - best) * other).mean().item() == pytest.approx(0, abs=0.03)


def test_the_cheapest_pairing_is_the_cheapest_of_all():
    data, noise = rows(0, 5), rows(1, 5)
    costs = {order: (data - noise[list(order)]).square().sum().item() for order in permutations(range(5))}
    assert tuple(cheapest(data, noise).tolist()) == min(costs, key=lambda order: costs[order])


def test_data_that_are_the_noise_cost_nothing_to_reach():
    noise = rows(0)
    shuffled = noise[[3, 1, 0, 5, 4, 2]]
    assert torch.equal(noise[cheapest(shuffled, noise)], shuffled)


def updated(trainer, lent, pairs, times):
    """The field after the update of a trainer, written out."""
    field = deepcopy(trainer.field)
    optimizer = torch.optim.Adam(field.parameters(), lr=0.01)
    noise, data = pairs(lent.normal((6, 2)), next(batches()))
    t = times(lent)
    missed = field(noise + t[:, None] * (data - noise), t) + noise - data
    (missed.square().sum() / 12).backward()
    optimizer.step()
    return dict(field.named_parameters())


@pytest.mark.parametrize("pairing", ["random", "optimal"])
@pytest.mark.parametrize("times", ["uniform", "logit-normal"])
def test_a_step_is_the_one_written_out(pairing, times):
    def paired(noise, data):
        return (noise[cheapest(data, noise)] if pairing == "optimal" else noise), data

    def drawn(lent):
        return lent.uniform(6) if times == "uniform" else torch.sigmoid(lent.normal(6))

    trainer = Flow(FlowConfig(lr=0.01, pairing=pairing, times=times), kit())
    expected = updated(trainer, kit(), paired, drawn)
    trainer.step(batches())
    torch.testing.assert_close(dict(trainer.field.named_parameters()), expected)


def test_the_second_stage_learns_from_the_samples_of_the_first():
    trainer = Flow(FlowConfig(lr=0.01, reflow=0.5, teacher_steps=3), kit())
    trainer.step(batches())
    taught = deepcopy(trainer.field)
    trainer.kit.standing.spent = 0.5
    lent = kit()
    for one in (trainer.kit, lent):
        one.draws.seek(1)
    noise = lent.normal((6, 2))
    with torch.no_grad():
        made = carried(taught, noise, "midpoint", 3)
    field, optimizer = deepcopy(trainer.field), deepcopy(trainer.optimizer.state_dict())
    follower = torch.optim.Adam(field.parameters(), lr=0.01)
    follower.load_state_dict(optimizer)
    t = lent.uniform(6)
    (field((1 - t[:, None]) * noise + t[:, None] * made, t) - (made - noise)).square().mean().backward()
    follower.step()
    assert trainer.step(batches())["stage"] == 2
    torch.testing.assert_close(dict(trainer.field.named_parameters()), dict(field.named_parameters()))
    assert all(torch.equal(a, b) for a, b in zip(trainer.teacher.parameters(), taught.parameters(), strict=True))


@pytest.mark.parametrize("name", ["resume", "layout"])
def test_the_second_stage_keeps_the_contract(name):
    CHECKS[name](replace(METHOD, trainer=AtOnce))


class AtOnce(Flow):
    def __init__(self, config, kit):
        super().__init__(replace(config, reflow=0.0, teacher_steps=2), kit)


def test_a_sample_costs_what_its_solver_asks_for():
    costs = [Flow(FlowConfig(solver=solver, steps=5), kit()).evaluations for solver in ("euler", "midpoint", "heun")]
    assert costs == [5, 10, 10]


def test_an_architecture_without_a_field_is_named():
    lent = kit()
    with pytest.raises(GenbenchError, match="architecture tiny has no field"):
        Flow(FlowConfig(), replace(lent, architecture=replace(lent.architecture, field=None)))
