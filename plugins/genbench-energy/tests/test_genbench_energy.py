"""The energy distance against closed forms, the Cramér GAN's losses against it, and steps against the same written
out.
"""

import math
from copy import deepcopy
from itertools import count, permutations

import pytest
import torch
from genbench_energy import METHOD, Energy, EnergyConfig, cramer_loss, energy_distance, length, surrogate

from genbench.testing import kit

CRAMER = {name: value.value for name, value in METHOD.variants["cramer"].items()}


def rows(count, seed, size=2):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def batches(taken=None):
    for number in count():
        if taken is not None:
            taken.append(number)
        yield rows(6, number)


def folded(mean, variance):
    """E|X| of X ~ N(mean, variance)."""
    ratio = mean**2 / (2 * variance)
    return math.sqrt(2 * variance / math.pi) * math.exp(-ratio) + mean * math.erf(math.sqrt(ratio))


def test_the_distance_of_two_gaussians_is_known():
    x, f = rows(2000, 1, 1), 1.5 * rows(2000, 2, 1) + 2
    expected = 2 * folded(2, 1 + 1.5**2) - folded(0, 2) - folded(0, 2 * 1.5**2)
    assert energy_distance(x, f).item() == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("power", [1.0, 1.5])
def test_the_distance_of_equal_laws_is_0_on_average(power):
    many = zip(rows(6 * 400, 1).split(6), rows(8 * 400, 2).split(8), strict=True)
    values = [energy_distance(x, f, power).item() for x, f in many]
    assert abs(sum(values) / 400) < 0.08
    assert min(values) < 0 < max(values)


def test_the_distance_is_the_mean_over_pairs_of_two_different_rows():
    x, f = rows(4, 1), rows(3, 2)

    def mean(pairs):
        pairs = list(pairs)
        return sum((a - b).norm() ** 1.5 for a, b in pairs) / len(pairs)

    expected = 2 * mean((a, b) for a in x for b in f) - mean(permutations(x, 2)) - mean(permutations(f, 2))
    torch.testing.assert_close(energy_distance(x, f, 1.5), expected)


@pytest.mark.parametrize("power", [1.0, 1.5])
def test_the_gradient_is_right_and_finite_where_samples_coincide(power):
    x, f = rows(5, 1), rows(4, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda f: energy_distance(x, f, power), f)
    same = x.clone().requires_grad_()
    assert torch.autograd.grad(energy_distance(x, same, power), same)[0].isfinite().all()


def test_the_generators_loss_is_the_energy_distance_and_what_does_not_depend_on_it():
    """Over all pairs of two different fakes for each real row, plus E|x - x'|."""
    x, f = rows(5, 1), rows(4, 2)
    losses = [cramer_loss(datum[None], a[None], b[None]) for datum in x for a, b in permutations(f, 2)]
    constant = torch.pdist(x).mean()
    torch.testing.assert_close(sum(losses) / len(losses), energy_distance(x, f) + constant)


def test_the_critic_of_equal_features_is_minus_their_length_and_its_slope_at_most_2():
    features = rows(6, 1)
    torch.testing.assert_close(surrogate(features, features), 1e-6 - length(features))
    points = rows(6, 2).requires_grad_()
    (slope,) = torch.autograd.grad(surrogate(points, features).sum(), points)
    assert slope.norm(dim=1).max() <= 2


def test_a_step_in_data_space_is_the_one_written_out():
    trainer, lent = Energy(EnergyConfig(lr=0.01), kit()), kit()
    generator = deepcopy(trainer.generator)
    optimizer = torch.optim.Adam(generator.parameters(), lr=0.01, betas=(0.5, 0.999))
    x, f = next(batches()), generator(lent.noise(6))
    (2 * torch.cdist(x, f).mean() - torch.pdist(x).mean() - torch.pdist(f).mean()).backward()
    optimizer.step()
    assert trainer.step(batches()).keys() == {"generator_loss"}
    torch.testing.assert_close(dict(trainer.generator.named_parameters()), dict(generator.named_parameters()))


def test_a_step_of_the_cramer_gan_is_the_one_written_out():
    trainer, lent, data, taken = Energy(EnergyConfig(**CRAMER | {"critic_steps": 2}), kit()), kit(), batches(), []
    generator, critic = deepcopy(trainer.generator), deepcopy(trainer.critic)
    of_generator, of_critic = (
        torch.optim.Adam(net.parameters(), lr=1e-4, betas=(0.5, 0.9)) for net in (generator, critic)
    )
    for _ in range(2):
        real, fake, other = next(data), generator(lent.noise(6)).detach(), generator(lent.noise(6)).detach()
        share = lent.uniform(6)[:, None]
        between = (fake + share * (real - fake)).requires_grad_()

        def judged(points, other=other):
            return (critic(points) - critic(other)).norm(dim=1) - critic(points).norm(dim=1)

        slopes = torch.autograd.grad(judged(between).sum(), between, create_graph=True)[0].norm(dim=1)
        of_critic.zero_grad()
        (judged(fake).mean() - judged(real).mean() + 10 * ((slopes - 1) ** 2).mean()).backward()
        of_critic.step()
    of_generator.zero_grad()
    h, q, q2 = critic(real), critic(generator(lent.noise(6))), critic(generator(lent.noise(6)))
    ((h - q).norm(dim=1) + (h - q2).norm(dim=1) - (q - q2).norm(dim=1)).mean().backward()
    of_generator.step()
    trainer.step(batches(taken))
    assert len(taken) == 2
    torch.testing.assert_close(dict(trainer.generator.named_parameters()), dict(generator.named_parameters()))
    torch.testing.assert_close(dict(trainer.critic.named_parameters()), dict(critic.named_parameters()))


def test_there_is_no_critic_in_data_space_and_none_of_its_features():
    trainer = Energy(EnergyConfig(), kit())
    assert trainer.critic is None
    assert trainer.project(rows(3, 0)) is None
    assert Energy(EnergyConfig(**CRAMER), kit()).project(rows(3, 0)).shape == (3, 256)
