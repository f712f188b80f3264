"""The losses of density ratios where the ratio is known, and steps against the same steps written out."""

import math
from copy import deepcopy
from itertools import count, product

import pytest
import torch
from genbench_ratio import METHOD, Ratio, RatioConfig
from genbench_ratio_losses import (
    STEEPEST,
    bound,
    critic_objective,
    generator_objective,
    integrand,
    read_ratio,
    speed,
    steep,
)
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from genbench.testing import kit

DIVERGENCES = ["pearson", "kl", "reverse", "hellinger"]
WAYS = [*product(["variational"], DIVERGENCES), ("least-squares", "pearson"), ("logistic", "reverse")]
REAL, FAKE = torch.tensor([0, 0, 0, 1, 2]), torch.tensor([0, 1, 1, 2, 2])
"""Of three points: how often each is among the data, and among the samples."""
RATIO = torch.tensor([3.0, 0.5, 0.5], dtype=torch.float64)


def batches(taken=None):
    for number in count():
        if taken is not None:
            taken.append(number)
        yield torch.randn(6, 2, generator=torch.Generator().manual_seed(number), dtype=torch.float64)


def best(estimator, divergence):
    """The critic's output at the three points when it is right."""
    if estimator == "least-squares":
        return RATIO.expm1().log()
    if estimator == "logistic":
        return RATIO.log()
    return {"pearson": 2 * (RATIO - 1), "kl": 1 + RATIO.log(), "reverse": RATIO.log(), "hellinger": RATIO.log() / 2}[
        divergence
    ]


@pytest.mark.parametrize(("estimator", "divergence"), WAYS)
def test_a_critic_at_its_optimum_gives_the_ratio_of_the_densities(estimator, divergence):
    v = best(estimator, divergence).requires_grad_()
    torch.testing.assert_close(read_ratio(v.detach(), estimator, divergence), RATIO)
    (gradient,) = torch.autograd.grad(critic_objective(v[REAL], v[FAKE], estimator, divergence), v)
    torch.testing.assert_close(gradient, torch.zeros_like(v), atol=1e-12, rtol=0)


@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_at_the_optimum_the_bound_is_the_divergence_and_elsewhere_it_is_less(divergence):
    v = best("variational", divergence)
    expected = integrand(RATIO[FAKE], divergence).mean()

    def value(v):
        return bound(v[REAL], divergence)[0].mean() - bound(v[FAKE], divergence)[1].mean()

    torch.testing.assert_close(value(v), expected)
    for seed in range(5):
        away = torch.randn(3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        assert value(v + away) < expected


@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_equal_densities_are_at_divergence_0(divergence):
    assert integrand(torch.ones(3), divergence).abs().max() == 0


@pytest.mark.parametrize(("divergence", "turns"), [("pearson", 1.0), ("kl", 1 / math.e), ("hellinger", 1.0)])
def test_a_generator_that_holds_the_ratio_leaves_data_that_are_not_covered(divergence, turns):
    """b-GAN's generator descends f(r) at a fixed r: above where f' is 0 it lowers r. The divergence itself falls where
    f(r) - r f'(r) does, which is wherever r rises: that is f-GAN's bound, -f*(f'(r))."""
    for by, leaves in ((0.9, False), (1.1, True)):
        ratio = torch.tensor(turns * by, dtype=torch.float64, requires_grad=True)
        loss = integrand(ratio, divergence)
        (slope,) = torch.autograd.grad(loss, ratio, create_graph=True)
        assert bool(slope > 0) is leaves
        assert torch.autograd.grad(loss - ratio * slope, ratio)[0] < 0


@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_particles_climb_by_the_curvature_of_the_divergence(divergence):
    ratio = RATIO.clone().requires_grad_()
    (slope,) = torch.autograd.grad(integrand(ratio, divergence).sum(), ratio, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), ratio)
    torch.testing.assert_close(speed(RATIO, divergence), RATIO**2 * curvature)


@pytest.mark.parametrize("trick", [True, False])
@pytest.mark.parametrize(("estimator", "divergence"), [*WAYS, *product(["least-squares", "logistic"], DIVERGENCES)])
def test_the_generators_gradient_is_right(estimator, divergence, trick):
    v = torch.tensor([[-0.7], [0.4], [1.3]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: generator_objective(v, estimator, divergence, trick=trick), v)


@pytest.mark.parametrize("value", [-1e3, 1e3])
@pytest.mark.parametrize(("estimator", "divergence"), WAYS)
def test_far_outputs_have_finite_losses_and_gradients(estimator, divergence, value):
    v = torch.full((2, 1), value, requires_grad=True)
    losses = [critic_objective(v, v, estimator, divergence)]
    losses += [generator_objective(v, estimator, divergence, trick=trick) for trick in (True, False)]
    for loss in losses:
        assert loss.isfinite()
        assert torch.autograd.grad(loss, v)[0].isfinite().all()


def test_an_exponential_goes_on_in_a_straight_line():
    v = torch.tensor([-3.0, 0.0, STEEPEST, STEEPEST + 2], dtype=torch.float64)
    torch.testing.assert_close(steep(v)[:3], v[:3].exp())
    torch.testing.assert_close(steep(v)[3], 3 * v[2].exp())


def test_logistic_regression_is_a_gans_cross_entropy():
    of_real, of_fake = torch.tensor([[0.3], [-2.0]]), torch.tensor([[1.5], [4.0]])
    expected = cross_entropy(of_real, torch.ones(2, 1)) + cross_entropy(of_fake, torch.zeros(2, 1))
    torch.testing.assert_close(critic_objective(of_real, of_fake, "logistic", "reverse"), expected)


def of(variant):
    return {name: value.value for name, value in METHOD.variants[variant].items()}


LOSSES = {
    "pearson": (lambda p, q: (q**2 / 4 + q).mean() - p.mean(), lambda q: -q.mean()),
    "kl": (lambda p, q: (q - 1).exp().mean() - p.mean(), lambda q: -q.mean()),
    "reverse": (lambda p, q: (q - 1).mean() + (-p).exp().mean(), lambda q: (-q).exp().mean()),
    "hellinger": (lambda p, q: q.expm1().mean() - (1 - (-p).exp()).mean(), lambda q: (-q).exp().mean() - 1),
    "bgan": (
        lambda p, q: ((1 + q.exp()).log() ** 2).mean() / 2 - (1 + p.exp()).log().mean(),
        lambda q: (((1 + q.exp()).log() - 1) ** 2).mean(),
    ),
    "logistic": (lambda p, q: (1 + (-p).exp()).log().mean() + (1 + q.exp()).log().mean(), lambda q: -q.mean()),
}


@pytest.mark.parametrize("variant", LOSSES)
def test_a_step_is_the_one_written_out(variant):
    trainer = Ratio(RatioConfig(**{} if variant == "pearson" else of(variant)), kit())
    lent, real = kit(), next(batches())
    generator, critic = deepcopy(trainer.generator), deepcopy(trainer.critic)
    of_generator, of_critic = (
        torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999)) for net in (generator, critic)
    )
    critic_loss, generator_loss = LOSSES[variant]
    fake = generator(lent.noise(6))
    critic_loss(critic(real), critic(fake.detach())).backward()
    of_critic.step()
    generator_loss(critic(fake)).backward()
    of_generator.step()
    trainer.step(batches())
    torch.testing.assert_close(dict(trainer.generator.named_parameters()), dict(generator.named_parameters()))
    torch.testing.assert_close(dict(trainer.critic.named_parameters()), dict(critic.named_parameters()))


def test_an_update_of_particles_is_the_one_written_out():
    config = RatioConfig(**of("vgrow") | {"particles": 2, "moves": 3, "fits": 2})
    trainer, lent, data, taken = Ratio(config, kit()), kit(), batches(), []
    generator, critic = deepcopy(trainer.generator), deepcopy(trainer.critic)
    of_generator, of_critic = (torch.optim.RMSprop(net.parameters(), lr=1e-4) for net in (generator, critic))
    z = torch.cat([lent.noise(6), lent.noise(6)])
    pool = generator(z).detach()
    for move in range(3):
        half = slice(0, 6) if move % 2 == 0 else slice(6, 12)
        of_critic.zero_grad()
        LOSSES["logistic"][0](critic(next(data)), critic(pool[half])).backward()
        of_critic.step()
        pool.requires_grad_()
        pool = (pool + 0.5 * torch.autograd.grad(critic(pool).sum(), pool)[0]).detach()
    for half in (slice(0, 6), slice(6, 12)) * 2:
        of_generator.zero_grad()
        ((generator(z[half]) - pool[half]) ** 2).mean().backward()
        of_generator.step()
    scalars = trainer.step(batches(taken))
    assert len(taken) == 3
    assert not any(value.requires_grad for value in scalars.values())
    torch.testing.assert_close(dict(trainer.generator.named_parameters()), dict(generator.named_parameters()))
    torch.testing.assert_close(dict(trainer.critic.named_parameters()), dict(critic.named_parameters()))


def test_particles_of_images_stay_in_their_range():
    trainer = Ratio(RatioConfig(**of("vgrow") | {"stride": 1e4}), kit((1, 16, 16)))
    moved = trainer._moved(torch.zeros(4, 1, 16, 16, dtype=torch.float64))
    assert moved.abs().max() == 1
