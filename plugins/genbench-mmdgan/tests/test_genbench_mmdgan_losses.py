"""MMD-GAN's losses and penalties against their definitions."""

import pytest
import torch
from genbench_mmdgan_losses import (
    mean_hinge,
    off_diagonal,
    rational_quadratic,
    repulsion,
    squared_jacobian,
    unbiased_mmd2,
    witness_penalty,
)
from torch import nn

ALPHAS = (0.2, 0.5, 1.0, 2.0, 5.0)


def test_the_hinge_counts_only_features_that_are_larger_on_fake_images():
    q, p = torch.tensor([[2.0, 0.0], [0.0, 0.0]]), torch.tensor([[0.0, 3.0], [0.0, 1.0]])
    assert mean_hinge(q, p).item() == pytest.approx(-0.5)
    assert mean_hinge(q, q).item() == 0


def points(seed, count=5):
    return torch.randn(count, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def slow_likeness(x, nearest=0.0, farthest=float("inf")):
    pairs = [(a, b) for a in range(len(x)) for b in range(len(x)) if a != b]
    distances = [min(max(float((x[a] - x[b]).square().sum()), nearest), farthest) for a, b in pairs]
    return sum(torch.exp(torch.tensor(-d / 2, dtype=torch.float64)) for d in distances) / len(pairs)


def test_the_unbiased_mmd_is_its_definition_and_its_mean_over_equal_samples_is_0():
    q, p = points(1), points(2, 7)
    across = torch.exp(-(q[:, None] - p).square().sum(-1) / 2).mean()
    torch.testing.assert_close(unbiased_mmd2(q, p, (1.0,)), slow_likeness(q) + slow_likeness(p) - 2 * across)
    values = [unbiased_mmd2(points(2 * seed), points(2 * seed + 1), (1.0,)).item() for seed in range(400)]
    assert abs(sum(values) / 400) < 0.02
    assert min(values) < 0 < max(values)


@pytest.mark.parametrize("bounds", [(0.0, float("inf")), (3.0, 5.0)])
def test_a_critic_that_repels_is_its_definition_and_does_not_move_equal_samples_apart(bounds):
    q, p = points(3), points(4)
    expected = slow_likeness(p, farthest=bounds[1]) - slow_likeness(q, nearest=bounds[0])
    torch.testing.assert_close(repulsion(q, p, (1.0,), bounds), expected)
    if bounds[0] == 0:
        assert repulsion(q, q, (1.0,), bounds).item() == 0


def test_between_the_bounds_there_is_a_force_and_beyond_them_none():
    near, far = torch.tensor([[0.0], [0.4]]), torch.tensor([[0.0], [2.5]])
    between = torch.tensor([[0.0], [1.0]])

    def forces(q, p):
        q, p = q.double().requires_grad_(), p.double().requires_grad_()
        return [
            bool(force.abs().max() > 0) for force in torch.autograd.grad(repulsion(q, p, (1.0,), (0.25, 4.0)), (q, p))
        ]

    assert forces(near, far) == [False, False]
    assert forces(far, near) == [True, True]
    assert forces(between, between) == [True, True]


def test_entries_beside_the_diagonal_are_those_of_a_mask_in_its_order_to_the_bit():
    square = torch.randn(7, 7, dtype=torch.float64, requires_grad=True)
    mask = ~torch.eye(7, dtype=torch.bool)
    assert torch.equal(off_diagonal(square), square[mask])
    one, other = (torch.autograd.grad(found.exp().mean(), square)[0] for found in (off_diagonal(square), square[mask]))
    assert torch.equal(one, other)
    assert off_diagonal(torch.zeros(1, 1)).numel() == 0


def test_the_rational_quadratic_kernel_is_1_at_0_for_each_alpha_and_its_gradient_is_right():
    distances = torch.tensor([0.0, 0.5, 3.0], dtype=torch.float64, requires_grad=True)
    kernel = rational_quadratic(distances, ALPHAS)
    assert kernel[0].item() == len(ALPHAS)
    torch.testing.assert_close(kernel[2], sum((1 + 3 / (2 * torch.tensor(a).double())) ** -a for a in ALPHAS).detach())
    assert torch.autograd.gradcheck(lambda d: rational_quadratic(d, ALPHAS), distances)


def test_with_a_large_alpha_the_rational_quadratic_kernel_is_a_gaussian():
    distances = torch.tensor([0.0, 0.5, 3.0], dtype=torch.float64)
    torch.testing.assert_close(rational_quadratic(distances, (1e7,)), torch.exp(-distances / 2), rtol=1e-5, atol=0)


@pytest.mark.parametrize("differentiable", [True, False])
def test_the_squared_jacobian_of_a_linear_critic_is_its_squared_norm(differentiable):
    critic = nn.Linear(3, 4).double()
    value = squared_jacobian(critic, points(1), differentiable=differentiable)
    torch.testing.assert_close(value, critic.weight.square().sum(), check_stride=False)
    assert value.requires_grad is differentiable


def test_the_gradient_of_the_squared_jacobian_is_right():
    critic, images = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double(), points(1)
    weights = critic[0].weight
    (gradient,) = torch.autograd.grad(squared_jacobian(critic, images, differentiable=True), weights)
    values = []
    for by in (1e-6, -2e-6):
        with torch.no_grad():
            weights[0, 0] += by
        values.append(squared_jacobian(critic, images, differentiable=False).item())
    assert (values[0] - values[1]) / 2e-6 == pytest.approx(gradient[0, 0].item(), rel=1e-5)


def slow_witness_penalty(critic, between, q, p):
    slopes = []
    for point in between:
        point = point.clone().requires_grad_()
        near = [sum((1 + (critic(point) - row).square().sum() / (2 * a)) ** -a for a in ALPHAS) for row in (*p, *q)]
        witness = sum(near[: len(p)]) / len(p) - sum(near[len(p) :]) / len(q)
        slopes.append(torch.autograd.grad(witness, point, create_graph=True)[0].norm())
    return sum((slope - 1) ** 2 for slope in slopes) / len(slopes)


def test_the_penalty_on_the_witness_is_its_definition_and_1_where_the_witness_is_0():
    critic = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    q, p, between = critic(points(1)), critic(points(2, 7)), points(3)
    penalty = witness_penalty(critic, between, q, p, ALPHAS, rational_quadratic)
    torch.testing.assert_close(penalty, slow_witness_penalty(critic, between, q, p))
    assert witness_penalty(critic, between, q, q, ALPHAS, rational_quadratic).item() == pytest.approx(1, abs=1e-5)
