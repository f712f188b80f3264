"""R3GAN's losses against their definitions, its schedules, and a step against the same step written out."""

import math
from copy import deepcopy
from itertools import count

import pytest
import torch
from genbench_r3gan import METHOD, R3GAN, R3GANConfig, at, critic_objective, generator_objective, squared_slope
from torch import nn

from genbench.testing import kit


def batches():
    for number in count():
        yield torch.randn(6, 2, generator=torch.Generator().manual_seed(number), dtype=torch.float64)


def test_equal_logits_are_worth_log_2_and_pull_real_and_fake_apart_alike():
    logits = torch.tensor([[0.3], [-2.0]], dtype=torch.float64)
    of_real, of_fake = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    loss = critic_objective(of_real, of_fake, "relativistic")
    assert loss.item() == pytest.approx(math.log(2))
    by_real, by_fake = torch.autograd.grad(loss, (of_real, of_fake))
    torch.testing.assert_close(by_real, torch.full_like(logits, -0.25))
    torch.testing.assert_close(by_fake, -by_real)
    assert generator_objective(logits, logits, "relativistic").item() == pytest.approx(math.log(2))


def test_the_relativistic_loss_is_the_cross_entropy_of_the_pairs_and_the_generators_is_its_mirror():
    of_real, of_fake = (torch.randn(7, 1, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
    pairs = torch.sigmoid(of_real - of_fake)
    torch.testing.assert_close(critic_objective(of_real, of_fake, "relativistic"), -pairs.log().mean())
    torch.testing.assert_close(generator_objective(of_real, of_fake, "relativistic"), -(1 - pairs).log().mean())


def test_without_pairs_the_losses_are_a_gans():
    of_real, of_fake = torch.tensor([[0.3], [-2.0]]), torch.tensor([[1.5], [4.0]])
    entropy = nn.functional.binary_cross_entropy_with_logits
    expected = entropy(of_real, torch.ones(2, 1)) + entropy(of_fake, torch.zeros(2, 1))
    torch.testing.assert_close(critic_objective(of_real, of_fake, "gan"), expected)
    torch.testing.assert_close(generator_objective(of_real, of_fake, "gan"), entropy(of_fake, torch.ones(2, 1)))


def test_the_squared_slope_of_a_quadratic_is_known():
    images = next(batches()).requires_grad_()
    logits = (images**2).sum(1, keepdim=True)
    torch.testing.assert_close(squared_slope(logits, images), 4 * (images**2).sum(1).mean())


def test_a_setting_goes_from_its_first_value_to_its_last_along_half_a_cosine():
    assert [at(progress, 4.0, 2.0) for progress in (0, 0.5, 1)] == pytest.approx([4, 3, 2])
    assert at(0.7, 4.0, None) == 4.0


@pytest.mark.parametrize("loss", ["relativistic", "gan"])
def test_a_step_is_the_one_written_out(loss):
    lent, data = kit(), batches()
    trainer = R3GAN(R3GANConfig(loss=loss, lr=0.04, last_lr=0.0, gamma=0.4, last_gamma=0.0), kit())
    trainer.kit.standing.spent = 0.5
    generator, critic = deepcopy(trainer.generator), deepcopy(trainer.critic)
    of_generator, of_critic = (
        torch.optim.Adam(net.parameters(), lr=0.02, betas=(0.0, 0.945)) for net in (generator, critic)
    )
    real, fake = next(data).requires_grad_(), generator(lent.noise(6)).detach().requires_grad_()
    of_real, of_fake = critic(real), critic(fake)
    slopes = [torch.autograd.grad(out.sum(), x, create_graph=True)[0] for out, x in ((of_real, real), (of_fake, fake))]
    penalty = sum((slope**2).sum(1).mean() for slope in slopes)
    (critic_objective(of_real, of_fake, loss) + 0.2 / 2 * penalty).backward()
    of_critic.step()
    of_fake = critic(generator(lent.noise(6)))
    generator_objective(critic(next(data)).detach(), of_fake, loss).backward()
    of_generator.step()
    trainer.step(batches())
    torch.testing.assert_close(dict(trainer.generator.named_parameters()), dict(generator.named_parameters()))
    torch.testing.assert_close(dict(trainer.critic.named_parameters()), dict(critic.named_parameters()))


def test_a_gan_with_r1_takes_one_batch_and_pairs_take_two():
    for config, taken in ((R3GANConfig(), 2), (R3GANConfig(loss="gan"), 1), (R3GANConfig(fresh_batches=False), 1)):
        stream = enumerate(batches())
        R3GAN(config, kit()).step(batch for _, batch in stream)
        assert next(stream)[0] == taken


def test_r1_is_on_real_data_alone():
    values = {name: value.value for name, value in METHOD.variants["r1"].items()}
    assert (values["loss"], values["r2"], values["gamma"]) == ("gan", False, 10.0)
    trainer = R3GAN(R3GANConfig(**values), kit())
    assert trainer.step(batches())["penalty"] > 0
    assert R3GAN(R3GANConfig(r1=False, r2=False), kit()).step(batches())["penalty"] == 0
