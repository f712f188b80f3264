"""Kernel losses: identities, invariances, and a slow obvious form of each, differentiated by autograd."""

import pytest
import torch

from genbench import kernels
from genbench.kernels import ratio as ratios

WIDTHS = (0.5, 1.0, 4.0)
FAMILIES = [
    WIDTHS,
    (1.0, 2.0, 4.0, 8.0, 16.0),
    (0.1, 1.0, 10.0, 100.0),
    (20**0.5, 10**0.5, 5**0.5, 3.0),
    (2.0, 2.0),
    (64.0, 16.0, 4.0, 1.0, 0.5, 0.25),
]
"""Widths of which some, all and none are powers of each other, as published methods have them."""


PUBLIC = {
    "EXPONENT_FLOOR",
    "SQUARINGS",
    "density_ratio",
    "gaussian",
    "mixture",
    "mmd2",
    "pearson_divergence",
    "ratio_and_mmd2",
    "sqrt_mmd",
    "squared_distances",
}


def test_the_kernels_that_plugins_import_have_one_address():
    assert set(kernels.__all__) == PUBLIC
    assert all(hasattr(kernels, name) for name in PUBLIC)


def features(n=12, m=9, d=3, shift=0.5, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    q = torch.randn(n, d, generator=generator, dtype=torch.float64).to(dtype)
    p = (torch.randn(m, d, generator=generator, dtype=torch.float64) + shift).to(dtype)
    return q.requires_grad_(), p.requires_grad_()


def slow_gram(x, y, width):
    difference = x.unsqueeze(1) - y.unsqueeze(0)
    return torch.exp(-difference.square().sum(-1) / (2 * width**2))


def slow_mmd2(q, p, widths):
    return sum(slow_gram(q, q, s).mean() - 2 * slow_gram(q, p, s).mean() + slow_gram(p, p, s).mean() for s in widths)


def slow_ratio(q, p, widths, ridge):
    ratios = []
    for width in widths:
        system = slow_gram(q, q, width) + ridge * torch.eye(len(q), dtype=q.dtype)
        ratios.append(len(q) / len(p) * torch.linalg.solve(system, slow_gram(q, p, width).sum(1)))
    return torch.stack(ratios).mean(0)


def test_squared_distances_equal_the_definition():
    q, p = features()
    torch.testing.assert_close(kernels.squared_distances(q, p), torch.cdist(q, p).square())


def test_squared_distances_can_be_differentiated():
    assert torch.autograd.gradcheck(kernels.squared_distances, features())


def test_squared_distances_of_far_points_are_never_negative():
    x = torch.full((4, 3), 1e8, dtype=torch.float64) + torch.rand(4, 3, dtype=torch.float64)
    assert (kernels.squared_distances(x, x) >= 0).all()


def test_a_mixture_is_the_sum_of_its_kernels_and_their_number_at_distance_zero():
    d2 = torch.tensor([[0.0, 4.0]], dtype=torch.float64)
    total = kernels.mixture(d2, WIDTHS)
    assert total[0, 0] == len(WIDTHS)
    torch.testing.assert_close(total, sum(kernels.gaussian(d2, s) for s in WIDTHS))


def test_kernel_sums_at_distance_64_are_those_of_the_published_widths():
    d2 = torch.tensor([64.0], dtype=torch.float64)
    widths = (1.0, 2.0, 4.0, 8.0, 16.0)
    assert kernels.mixture(d2, widths).item() == pytest.approx(1.62, abs=0.01)
    assert kernels.mixture(d2, [s**0.5 for s in widths]).item() == pytest.approx(0.154, abs=0.001)


def test_kernels_of_huge_distances_are_tiny_normal_numbers():
    value = kernels.gaussian(torch.tensor([1e12], dtype=torch.float64), 0.1)
    assert 0 < value.item() < 1e-30


def test_mmd_of_a_sample_with_itself_is_zero():
    q, _ = features()
    assert kernels.mmd2(q, q, WIDTHS).abs() < 1e-14


def test_mmd_is_symmetric_and_never_negative():
    q, p = features()
    torch.testing.assert_close(kernels.mmd2(q, p, WIDTHS), kernels.mmd2(p, q, WIDTHS))
    assert kernels.mmd2(q, p, WIDTHS) > 0


@pytest.mark.parametrize("widths", FAMILIES)
@pytest.mark.parametrize("shift", [0.0, 0.5, 3.0])
def test_mmd2_and_its_gradient_equal_autograd_through_the_definition(shift, widths):
    q, p = features(shift=shift)
    fast, slow = kernels.mmd2(q, p, widths), slow_mmd2(q, p, widths)
    torch.testing.assert_close(fast, slow, rtol=1e-12, atol=1e-14)
    for ours, reference in zip(torch.autograd.grad(fast, (q, p)), torch.autograd.grad(slow, (q, p)), strict=True):
        torch.testing.assert_close(ours, reference, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("widths", FAMILIES)
@pytest.mark.parametrize(("n", "m"), [(12, 9), (8, 8), (5, 20)])
def test_the_ratio_and_its_gradient_equal_autograd_through_the_definition(n, m, widths):
    q, p = features(n, m)
    fast, slow = kernels.density_ratio(q, p, widths, 1e-3), slow_ratio(q, p, widths, 1e-3)
    torch.testing.assert_close(fast, slow, rtol=1e-9, atol=1e-10)
    weights = torch.linspace(-1, 1, n, dtype=torch.float64)
    ours = torch.autograd.grad((fast * weights).sum() + kernels.pearson_divergence(fast), (q, p))
    reference = torch.autograd.grad((slow * weights).sum() + kernels.pearson_divergence(slow), (q, p))
    for a, b in zip(ours, reference, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-9)


def slope_and_its_own(loss, q, p):
    """The gradients of a loss by q and p, and those of the sum of their squares."""
    slopes = torch.autograd.grad(loss, (q, p), create_graph=True)
    return *slopes, *torch.autograd.grad(sum(slope.square().sum() for slope in slopes), (q, p))


@pytest.mark.parametrize("widths", FAMILIES)
def test_second_derivatives_of_mmd2_equal_autograd_through_the_definition(widths):
    q, p = features()
    fast, slow = (slope_and_its_own(mmd2(q, p, widths), q, p) for mmd2 in (kernels.mmd2, slow_mmd2))
    for ours, reference in zip(fast, slow, strict=True):
        torch.testing.assert_close(ours, reference, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("ridge", [1e-3, 0.1])
@pytest.mark.parametrize(("n", "m"), [(12, 9), (5, 20)])
def test_second_derivatives_of_the_ratio_equal_autograd_through_the_definition(n, m, ridge):
    q, p = features(n, m)
    fast, slow = (
        slope_and_its_own(kernels.pearson_divergence(ratio(q, p, WIDTHS, ridge)), q, p)
        for ratio in (kernels.density_ratio, slow_ratio)
    )
    for ours, reference in zip(fast, slow, strict=True):
        torch.testing.assert_close(ours, reference, rtol=1e-7, atol=1e-7 * reference.abs().max().item())


@pytest.mark.parametrize("one_is_twice", ["real", "generated"])
def test_second_derivatives_at_coincident_points_are_those_of_the_definition(one_is_twice):
    q, p = features()
    with torch.no_grad():
        p[0] = q[0]
        q[1] = q[2] if one_is_twice == "generated" else q[1]
    fast, slow = (slope_and_its_own(mmd2(q, p, WIDTHS), q, p) for mmd2 in (kernels.mmd2, slow_mmd2))
    for ours, reference in zip(fast, slow, strict=True):
        torch.testing.assert_close(ours, reference, rtol=1e-10, atol=1e-14)


def test_slopes_of_a_sample_against_itself_are_those_of_the_definition():
    q, _ = features()
    fast, slow = (
        torch.autograd.grad(ratio(q, q, WIDTHS, 0.1).square().mean(), q, create_graph=True)[0]
        for ratio in (kernels.density_ratio, slow_ratio)
    )
    torch.testing.assert_close(fast, slow, rtol=1e-9, atol=1e-12)
    curvatures = (torch.autograd.grad(slope.square().sum(), q)[0] for slope in (fast, slow))
    torch.testing.assert_close(*curvatures, rtol=1e-9, atol=1e-12)


def test_curvature_of_the_distance_of_a_point_to_itself_is_two():
    """In coordinates of which the squares have a rounding error."""
    x, y = (torch.tensor([[0.1, 0.7, 1.3]], dtype=torch.float64).repeat(9, 1).cumsum(0) for _ in range(2))
    (slope,) = torch.autograd.grad(
        kernels.squared_distances(x.requires_grad_(), y).diagonal().sum(), x, create_graph=True
    )
    assert torch.equal(torch.autograd.grad(slope.sum(), x)[0], torch.full_like(x, 2.0))


@pytest.mark.parametrize("real_moves", [True, False])
def test_kernels_can_be_differentiated_any_number_of_times(real_moves):
    q, p = features(n=4, m=3, d=2)
    p.requires_grad_(real_moves)
    weights = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)

    def both(q, p, weights):
        ratio, mmd2 = kernels.ratio_and_mmd2(q, p, (0.5, 2.0), 0.1)
        return ratio * weights, mmd2 * weights, kernels.mmd2(q, p, (0.5, 2.0)) * weights

    assert torch.autograd.gradcheck(both, (q, p, weights))
    assert torch.autograd.gradgradcheck(both, (q, p, weights))


def test_a_slope_that_is_differentiated_again_is_the_closed_form():
    q, p = features()
    for loss in (
        lambda: kernels.mmd2(q, p, WIDTHS),
        lambda: kernels.density_ratio(q, p, WIDTHS, 1e-3).square().mean(),
    ):
        plain = torch.autograd.grad(loss(), (q, p))
        again = torch.autograd.grad(loss(), (q, p), create_graph=True)
        for a, b in zip(again, plain, strict=True):
            assert a.requires_grad
            torch.testing.assert_close(a.detach(), b, rtol=1e-8, atol=1e-10)


def test_a_slope_has_the_precision_of_the_features_when_it_is_differentiated_again_too():
    q, p = features(dtype=torch.float32)
    (slope,) = torch.autograd.grad(kernels.mmd2(q, p, WIDTHS), q, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.square().sum(), p)
    assert slope.dtype == curvature.dtype == torch.float32


@pytest.mark.parametrize("scale", [30.0, 1e6])
def test_kernels_of_far_points_are_what_they_are_near_and_never_subnormal(scale):
    """At a scale of 30 the squares of a wide kernel run through all magnitudes that a double has."""
    q, p = features()
    q, p = scale * q.detach(), scale * p.detach()
    widths = (1.0, 2.0, 4.0, 8.0, 16.0)
    torch.testing.assert_close(kernels.mmd2(q, p, widths), slow_mmd2(q, p, widths), rtol=1e-12, atol=1e-14)
    ratio = kernels.density_ratio(q, p, widths, 1e-3)
    assert (ratio.abs() > 1e-300).all()
    torch.testing.assert_close(ratio, slow_ratio(q, p, widths, 1e-3), rtol=1e-9, atol=1e-10)


def test_ratio_and_mmd_from_one_gram_matrix_equal_those_computed_alone():
    q, p = features()
    ratio, mmd2 = kernels.ratio_and_mmd2(q, p, WIDTHS, 1e-3)
    torch.testing.assert_close(mmd2, kernels.mmd2(q, p, WIDTHS))
    together = torch.autograd.grad(kernels.sqrt_mmd(mmd2), (q, p), retain_graph=True)
    alone = torch.autograd.grad(kernels.sqrt_mmd(kernels.mmd2(q, p, WIDTHS)), (q, p))
    for a, b in zip(together, alone, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-14)
    both = torch.autograd.grad(mmd2 + kernels.pearson_divergence(ratio), q, retain_graph=True)[0]
    parts = (
        torch.autograd.grad(mmd2, q, retain_graph=True)[0]
        + torch.autograd.grad(kernels.pearson_divergence(ratio), q)[0]
    )
    torch.testing.assert_close(both, parts)


@pytest.mark.parametrize("leaves", [True, False])
def test_a_gradient_into_one_sample_alone_is_the_one_beside_the_other(leaves):
    q, p = (x if leaves else x * 1 for x in features())
    ratio, mmd2 = kernels.ratio_and_mmd2(q, p, (1.0, 2.0), 0.01)
    for loss in (mmd2, ratio.sum(), mmd2 + ratio.sum()):
        both = torch.autograd.grad(loss, (q, p), retain_graph=True)
        for x, beside in zip((q, p), both, strict=True):
            (alone,) = torch.autograd.grad(loss, x, retain_graph=True)
            assert torch.equal(alone, beside)


def test_a_gradient_that_nobody_waits_for_is_not_computed(monkeypatch):
    into = []
    monkeypatch.setattr(ratios, "like", lambda gradient, features: into.append(len(features)) or gradient)
    q, p = features()
    ratio, mmd2 = kernels.ratio_and_mmd2(q * 1, p * 1, WIDTHS, 0.01)
    torch.autograd.grad(mmd2, q, retain_graph=True)
    torch.autograd.grad(ratio.sum(), p, retain_graph=True)
    torch.autograd.grad(mmd2, (q, p))
    assert into == [len(q), len(p), len(p), len(q)]
    assert len(q) != len(p)


def test_the_ratio_of_equal_samples_is_near_one_and_its_divergence_near_zero():
    q, _ = features()
    ratio = kernels.density_ratio(q, q, (1.0,), 1e-6)
    torch.testing.assert_close(ratio, torch.ones_like(ratio), atol=1e-2, rtol=0)
    assert kernels.pearson_divergence(ratio) < 1e-4


def test_the_ratio_does_not_depend_on_how_many_real_points_repeat():
    q, p = features()
    torch.testing.assert_close(
        kernels.density_ratio(q, p.repeat(3, 1), WIDTHS, 1e-3), kernels.density_ratio(q, p, WIDTHS, 1e-3)
    )


def test_losses_do_not_change_under_a_common_shift():
    q, p = features()
    for loss in (lambda a, b: kernels.mmd2(a, b, WIDTHS), lambda a, b: kernels.density_ratio(a, b, WIDTHS, 1e-3)):
        torch.testing.assert_close(loss(q + 7, p + 7), loss(q, p), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_losses_are_fp64_and_gradients_have_the_precision_of_the_features(dtype):
    q, p = features(dtype=dtype)
    ratio, mmd2 = kernels.ratio_and_mmd2(q, p, WIDTHS, 1e-3)
    assert ratio.dtype == mmd2.dtype == torch.float64
    gradient = torch.autograd.grad(ratio.sum() + mmd2, q)[0]
    assert gradient.dtype == dtype
    exact = kernels.density_ratio(q.detach().double(), p.detach().double(), WIDTHS, 1e-3)
    torch.testing.assert_close(ratio, exact)


def test_autocast_does_not_reach_the_kernels():
    q, p = features(dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = kernels.ratio_and_mmd2(q, p, WIDTHS, 1e-3)
    for a, b in zip(inside, kernels.ratio_and_mmd2(q, p, WIDTHS, 1e-3), strict=True):
        assert torch.equal(a, b)


def test_the_square_root_has_a_finite_gradient_at_zero():
    zero = torch.zeros((), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.grad(kernels.sqrt_mmd(zero), zero)[0].isfinite()


def test_without_a_ridge_the_system_is_solved_all_the_same():
    q, p = features(n=4, m=4)
    fast, slow = kernels.density_ratio(q, p, (1.0,), 0.0), slow_ratio(q, p, (1.0,), 0.0)
    torch.testing.assert_close(fast, slow, rtol=1e-6, atol=1e-8)


def test_features_that_are_not_finite_give_a_loss_that_is_not_finite():
    q, p = features()
    with torch.no_grad():
        q[0, 0] = float("nan")
    ratio, mmd2 = kernels.ratio_and_mmd2(q, p, WIDTHS, 1e-3)
    assert not ratio.isfinite().all()
    assert not mmd2.isfinite()
