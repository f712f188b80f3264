"""The Sinkhorn divergence against its two limits and closed forms, and steps against the same steps written out."""

from copy import deepcopy
from itertools import count, permutations

import pytest
import torch
from genbench_sinkhorn import METHOD, Sinkhorn, SinkhornConfig, sinkhorn_divergence, transport

from genbench.testing import kit

FEATURES = {name: value.value for name, value in METHOD.variants["features"].items()}


def rows(count, seed, size=2):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def batches(taken=None):
    for number in count():
        if taken is not None:
            taken.append(number)
        yield rows(6, number)


def epsilon(value):
    return torch.tensor(value, dtype=torch.float64)


def costs(a, b):
    return (a[:, None] - b).square().sum(-1)


def slow_transport(cost, blur, rounds):
    """Sinkhorn's algorithm as it is taught, on the kernel itself."""
    kernel, (n, m) = torch.exp(-cost / blur), cost.shape
    b = torch.ones(m, dtype=cost.dtype)
    for _ in range(rounds):
        a = 1 / n / (kernel @ b)
        b = 1 / m / (kernel.T @ a)
    return (a[:, None] * kernel * b * cost).sum()


@pytest.mark.parametrize("rounds", [1, 20])
def test_a_sample_is_at_divergence_0_from_itself(rounds):
    x = rows(6, 1)
    assert sinkhorn_divergence(x, x.clone(), epsilon(0.3), rounds).item() == 0


@pytest.mark.parametrize("blur", [0.2, 3.0])
def test_samples_that_were_all_moved_are_at_twice_the_squared_length_of_the_move(blur):
    x, shift = rows(6, 1), torch.tensor([0.7, -0.4], dtype=torch.float64)
    divergence = sinkhorn_divergence(x + shift, x, epsilon(blur), 3000)
    torch.testing.assert_close(divergence, 2 * shift.square().sum(), rtol=1e-6, atol=0)


def test_with_much_blur_only_the_means_count():
    f, x = rows(5, 1), rows(7, 2)
    divergence = sinkhorn_divergence(f, x, epsilon(1e7), 5)
    torch.testing.assert_close(divergence, 2 * (f.mean(0) - x.mean(0)).square().sum(), rtol=1e-5, atol=1e-5)


def test_with_little_blur_it_is_the_cheapest_pairing():
    f, x = rows(5, 1), rows(5, 2)
    cheapest = min((f - x[list(order)]).square().sum(1).mean().item() for order in permutations(range(5)))
    assert transport(costs(f, x), epsilon(0.01), 3000).item() == pytest.approx(cheapest, rel=1e-3)


@pytest.mark.parametrize("rounds", [1, 7])
def test_the_log_domain_is_the_algorithm_as_it_is_taught(rounds):
    cost = costs(rows(5, 1), rows(7, 2))
    torch.testing.assert_close(transport(cost, epsilon(0.8), rounds), slow_transport(cost, 0.8, rounds))


def test_small_entropies_do_not_underflow():
    assert transport(costs(rows(5, 1), rows(7, 2)), epsilon(1e-5), 20).isfinite()


def test_the_envelope_is_the_gradient_of_what_the_plan_minimises():
    """<P, C> + ε KL(P | 1/nm), by finite differences."""
    f, x, blur = rows(4, 1), rows(5, 2), 0.5

    def minimum(f):
        cost, (n, m) = costs(f, x), (len(f), len(x))
        kernel, b = torch.exp(-cost / blur), torch.ones(m, dtype=f.dtype)
        for _ in range(2000):
            a = 1 / n / (kernel @ b)
            b = 1 / m / (kernel.T @ a)
        plan = a[:, None] * kernel * b
        return (plan * cost).sum() + blur * (plan * (plan * n * m).log()).sum()

    points = f.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(transport(costs(points, x), epsilon(blur), 2000), points)
    step = torch.zeros_like(f)
    step[1, 0] = 1e-5
    assert (minimum(f + step) - minimum(f - step)).item() / 2e-5 == pytest.approx(gradient[1, 0].item(), rel=1e-5)


def test_unrolled_the_gradient_is_that_of_the_value():
    x, f = rows(4, 1), rows(3, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda f: sinkhorn_divergence(f, x, epsilon(0.5), 4, unrolled=True), f)


def divergence(f, x):
    """With ε a twentieth of the median cost."""
    blur = 0.05 * costs(f, x).detach().median()
    plans = []
    for a, b in ((f, x), (f, f), (x, x)):
        cost = costs(a, b)
        with torch.no_grad():
            kernel, weights = torch.exp(-cost / blur), torch.ones(len(b), dtype=cost.dtype)
            for _ in range(20):
                left = 1 / len(a) / (kernel @ weights)
                weights = 1 / len(b) / (kernel.T @ left)
            plan = left[:, None] * kernel * weights
        plans.append((plan * cost).sum())
    return 2 * plans[0] - plans[1] - plans[2]


def test_a_step_in_data_space_is_the_one_written_out():
    trainer, lent = Sinkhorn(SinkhornConfig(), kit()), kit()
    generator = deepcopy(trainer.generator)
    optimizer = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    loss = divergence(generator(lent.noise(6)), next(batches()))
    loss.backward()
    optimizer.step()
    torch.testing.assert_close(trainer.step(batches())["divergence"], loss.detach())
    torch.testing.assert_close(dict(trainer.generator.named_parameters()), dict(generator.named_parameters()))


def test_a_step_with_a_critic_is_the_one_written_out():
    trainer, lent, data, taken = Sinkhorn(SinkhornConfig(**FEATURES, critic_steps=2), kit()), kit(), batches(), []
    generator, critic = deepcopy(trainer.generator), deepcopy(trainer.critic)
    of_generator, of_critic = (
        torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999)) for net in (generator, critic)
    )
    for _ in range(2):
        for weights in critic.parameters():
            weights.data.clamp_(-0.01, 0.01)
        of_critic.zero_grad()
        real, fake = next(data), generator(lent.noise(6)).detach()
        (-divergence(critic(fake), critic(real))).backward()
        of_critic.step()
    divergence(critic(generator(lent.noise(6))), critic(next(data)).detach()).backward()
    of_generator.step()
    trainer.step(batches(taken))
    assert len(taken) == 3
    torch.testing.assert_close(dict(trainer.generator.named_parameters()), dict(generator.named_parameters()))
    torch.testing.assert_close(dict(trainer.critic.named_parameters()), dict(critic.named_parameters()))


def test_there_is_no_critic_in_data_space_and_none_of_its_features():
    assert Sinkhorn(SinkhornConfig(), kit()).project(rows(3, 0)) is None
    assert Sinkhorn(SinkhornConfig(**FEATURES, features=5), kit()).project(rows(3, 0)).shape == (3, 5)
