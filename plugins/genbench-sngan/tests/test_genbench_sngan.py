"""SN-GAN's losses against closed forms, its critic's slope, and a step against the same step written out."""

from copy import deepcopy
from itertools import count

import pytest
import torch
from genbench_sngan import SNGAN, SNGANConfig, critic_objective, generator_objective
from torch import nn

from genbench.testing import kit


def batches():
    for number in count():
        yield torch.randn(6, 2, generator=torch.Generator().manual_seed(number), dtype=torch.float64)


def test_the_hinge_counts_what_is_within_the_margin():
    of_real, of_fake = torch.tensor([[2.0], [0.5]]), torch.tensor([[-3.0], [0.0]])
    assert critic_objective(of_real, of_fake, "hinge").item() == pytest.approx(0.25 + 0.5)
    assert generator_objective(of_fake, "hinge").item() == pytest.approx(1.5)


def test_equal_logits_within_the_margin_are_worth_2_and_the_hinges_slopes_are_opposite():
    logits = torch.tensor([[0.3], [-0.9]], dtype=torch.float64)
    of_real, of_fake = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    loss = critic_objective(of_real, of_fake, "hinge")
    assert loss.item() == pytest.approx(2)
    by_real, by_fake = torch.autograd.grad(loss, (of_real, of_fake))
    torch.testing.assert_close(by_real, torch.full_like(logits, -0.5))
    torch.testing.assert_close(by_fake, -by_real)


def test_the_other_losses_are_a_gans():
    of_real, of_fake = torch.tensor([[0.3], [-2.0]]), torch.tensor([[1.5], [4.0]])
    entropy = nn.functional.binary_cross_entropy_with_logits
    expected = entropy(of_real, torch.ones(2, 1)) + entropy(of_fake, torch.zeros(2, 1))
    torch.testing.assert_close(critic_objective(of_real, of_fake, "ns"), expected)
    torch.testing.assert_close(generator_objective(of_fake, "ns"), entropy(of_fake, torch.ones(2, 1)))


def test_the_critics_slope_is_at_most_1():
    trainer = SNGAN(SNGANConfig(lr=0.05), kit())
    data = batches()
    for _ in range(30):
        trainer.step(data)
    x, y = next(data), next(data)
    with torch.no_grad():
        rise = (trainer.critic.eval()(x) - trainer.critic(y)).abs().squeeze(1)
    assert (rise / (x - y).norm(dim=1)).max() <= 1.01


@pytest.mark.parametrize("first", ["critic", "generator"])
@pytest.mark.parametrize("loss", ["hinge", "ns"])
def test_a_step_is_the_one_written_out(first, loss):
    config = SNGANConfig(loss=loss, lr=0.02, last_lr=0.0, beta1=0.0, beta2=0.9, critic_steps=2, first=first, fakes=2)
    trainer, lent, data = SNGAN(config, kit()), kit(), batches()
    trainer.kit.standing.spent = 0.5
    generator, critic = deepcopy(trainer.generator), deepcopy(trainer.critic)
    of_generator, of_critic = (
        torch.optim.Adam(net.parameters(), lr=0.01, betas=(0.0, 0.9)) for net in (generator, critic)
    )

    def generator_step():
        of_generator.zero_grad()
        generator_objective(critic(generator(lent.noise(12))), loss).backward()
        of_generator.step()

    if first == "generator":
        generator_step()
    for _ in range(2):
        of_critic.zero_grad()
        real, fake = next(data), generator(lent.noise(6)).detach()
        critic_objective(critic(real), critic(fake), loss).backward()
        of_critic.step()
    if first == "critic":
        generator_step()
    trainer.step(batches())
    torch.testing.assert_close(dict(trainer.generator.named_parameters()), dict(generator.named_parameters()))
    torch.testing.assert_close(dict(trainer.critic.named_parameters()), dict(critic.named_parameters()))


def test_the_last_layer_has_no_bias():
    assert SNGAN(SNGANConfig(), kit()).critic[-1].bias is None
