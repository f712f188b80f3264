"""The penalty against closed forms, and a step against the same step written out."""

from copy import deepcopy
from itertools import count

import pytest
import torch
from genbench_wgan import METHOD, WGAN, WGANConfig, critic_steps, slope_penalty
from torch import nn

from genbench.testing import kit


def batches():
    for number in count():
        yield torch.randn(6, 2, generator=torch.Generator().manual_seed(number), dtype=torch.float64)


def test_the_penalty_of_an_affine_critic_is_known():
    critic = nn.Linear(2, 1).double()
    with torch.no_grad():
        critic.weight.copy_(torch.tensor([[3.0, 4.0]]))
    points = next(batches())
    assert slope_penalty(critic, points, 1.0).item() == pytest.approx(16)
    assert slope_penalty(critic, points, 5.0).item() == pytest.approx(0)
    assert slope_penalty(critic, points, 0.0).item() == pytest.approx(25)


def test_norms_are_over_all_entries_of_an_image():
    images = torch.zeros(2, 3, 4, 4, dtype=torch.float64)
    assert slope_penalty(lambda x: x.flatten(1).sum(1, keepdim=True), images, 0.0).item() == pytest.approx(48)


@pytest.mark.parametrize("slope", [1.0, 0.0])
def test_the_gradient_of_the_penalty_is_right(slope):
    critic, points = kit().critic(1), next(batches())
    weights = next(iter(critic.parameters()))
    (gradient,) = torch.autograd.grad(slope_penalty(critic, points, slope), weights)

    def moved(by):
        with torch.no_grad():
            weights[0, 0] += by
        return slope_penalty(critic, points, slope).item()

    above, below = moved(1e-6), moved(-2e-6)
    assert (above - below) / 2e-6 == pytest.approx(gradient[0, 0].item(), rel=1e-5)


def test_a_step_is_the_one_written_out():
    trainer = WGAN(WGANConfig(lr=0.01, weight=0.1, critic_steps=2), kit())
    generator, critic, lent, data = deepcopy(trainer.generator), deepcopy(trainer.critic), kit(), batches()
    of_generator, of_critic = (
        torch.optim.Adam(net.parameters(), lr=0.01, betas=(0.5, 0.9)) for net in (generator, critic)
    )
    for _ in range(2):
        real, fake = next(data), generator(lent.noise(6)).detach()
        share = lent.uniform(6)[:, None]
        between = (fake + share * (real - fake)).requires_grad_()
        slopes = torch.autograd.grad(critic(between).sum(), between, create_graph=True)[0].norm(dim=1)
        loss = critic(fake).mean() - critic(real).mean() + 0.1 * ((slopes - 1) ** 2).mean()
        of_critic.zero_grad()
        loss.backward()
        of_critic.step()
    of_generator.zero_grad()
    (-critic(generator(lent.noise(6))).mean()).backward()
    of_generator.step()
    trainer.step(batches())
    torch.testing.assert_close(dict(trainer.generator.named_parameters()), dict(generator.named_parameters()))
    torch.testing.assert_close(dict(trainer.critic.named_parameters()), dict(critic.named_parameters()))


def test_two_equal_samples_are_at_distance_0():
    class Echo(nn.Module):
        def forward(self, z):
            return next(batches())

    trainer = WGAN(WGANConfig(), kit())
    trainer.generator = Echo()
    assert trainer._critic_step(next(batches()))["distance"].item() == 0


def test_weights_are_clamped_before_the_step():
    trainer = WGAN(WGANConfig(clamp=0.01, penalty="none", optimizer="rmsprop", lr=1e-9, critic_steps=1), kit())
    trainer.step(batches())
    assert max(float(weights.detach().abs().max()) for weights in trainer.critic.parameters()) <= 0.01 + 1e-6


def test_points_around_the_data_stay_within_half_a_standard_deviation(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "genbench_wgan.slope_penalty", lambda critic, points, slope: seen.append(points) or 0 * points.sum()
    )
    trainer, real = WGAN(WGANConfig(penalty="around"), kit()), next(batches())
    trainer._penalty(real, real)
    away = (seen[0] - real) / real.std(correction=0)
    assert away.min() >= 0
    assert 0.1 < away.max() < 0.5


def test_the_schedule_of_clipping_has_a_warm_up_and_bursts():
    config = WGANConfig(warmup=25, burst_every=500)
    assert [critic_steps(config, update) for update in (0, 24, 25, 499, 500, 501)] == [100, 100, 5, 5, 100, 5]
    assert critic_steps(WGANConfig(), 0) == 5


def test_clipping_keeps_batch_norm_and_a_penalty_does_not():
    assert METHOD.variants["clip"]["norm"].value == "batch"
    assert {WGANConfig().norm} == {"none"}
