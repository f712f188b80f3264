"""The GAN's losses against their definitions, and a step against the same step written out."""

from copy import deepcopy
from itertools import count

import pytest
import torch
from genbench_gan import GAN, METHOD, GANConfig, critic_objective, generator_objective
from torch import nn

from genbench.testing import kit


def batches():
    for number in count():
        yield torch.randn(6, 2, generator=torch.Generator().manual_seed(number), dtype=torch.float64)


def test_the_losses_are_cross_entropies_of_a_sigmoid():
    real, fake = torch.tensor([[0.3], [-2.0]]), torch.tensor([[1.5], [40.0]])
    entropy = nn.functional.binary_cross_entropy_with_logits
    expected = entropy(real, torch.ones(2, 1)) + entropy(fake, torch.zeros(2, 1))
    torch.testing.assert_close(critic_objective(real, fake), expected)
    torch.testing.assert_close(generator_objective(fake), entropy(fake, torch.ones(2, 1)))


def test_least_squares_draw_logits_to_1_and_0():
    real, fake = torch.tensor([[1.0], [0.0]]), torch.tensor([[0.0], [2.0]])
    assert critic_objective(real, fake, "ls").item() == pytest.approx((0.5 + 2) / 2)
    assert generator_objective(fake, "ls").item() == pytest.approx((0.5 + 0.5) / 2)
    assert critic_objective(torch.ones(3), torch.zeros(3), "ls") == generator_objective(torch.ones(3), "ls") == 0


def test_the_hinge_counts_what_is_within_the_margin():
    real, fake = torch.tensor([[2.0], [0.5]]), torch.tensor([[-3.0], [0.0]])
    assert critic_objective(real, fake, "hinge").item() == pytest.approx(0.25 + 0.5)
    assert generator_objective(fake, "hinge").item() == pytest.approx(1.5)


@pytest.mark.parametrize("loss", ["ns", "ls", "hinge"])
def test_a_step_descends_the_chosen_losses(loss):
    trainer, real = GAN(GANConfig(update="simultaneous", loss=loss), kit()), next(batches())
    fake = trainer.generator(kit().noise(6))
    expected = [critic_objective(trainer.critic(real), trainer.critic(fake), loss)]
    expected.append(generator_objective(trainer.critic(fake), loss))
    scalars = trainer.step(batches())
    torch.testing.assert_close([scalars["critic_loss"], scalars["generator_loss"]], [one.detach() for one in expected])


def test_the_generator_still_learns_from_a_critic_that_is_certain():
    fake = torch.tensor([-100.0], requires_grad=True)
    generator_objective(fake).backward()
    assert fake.grad.item() == pytest.approx(-1.0)


@pytest.mark.parametrize("update", ["alternating", "simultaneous"])
@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_a_step_is_the_one_written_out(update, optimizer):
    trainer = GAN(GANConfig(update=update, optimizer=optimizer, lr=0.01), kit())
    generator, critic = deepcopy(trainer.generator), deepcopy(trainer.critic)
    kind, options = (torch.optim.Adam, {"betas": (0.5, 0.999)}) if optimizer == "adam" else (torch.optim.RMSprop, {})
    generator_optimizer, critic_optimizer = (kind(net.parameters(), lr=0.01, **options) for net in (generator, critic))
    real, fake = next(batches()), generator(kit().noise(6))

    old_critic = deepcopy(critic)
    loss = -torch.sigmoid(critic(real)).log().mean() - (1 - torch.sigmoid(critic(fake.detach()))).log().mean()
    loss.backward()
    critic_optimizer.step()
    met = critic if update == "alternating" else old_critic
    (-torch.sigmoid(met(fake)).log().mean()).backward()
    generator_optimizer.step()

    scalars = trainer.step(batches())
    torch.testing.assert_close(scalars["critic_loss"], loss.detach())
    torch.testing.assert_close(dict(trainer.generator.named_parameters()), dict(generator.named_parameters()))
    torch.testing.assert_close(dict(trainer.critic.named_parameters()), dict(critic.named_parameters()))


def test_a_step_takes_one_batch():
    stream = batches()
    GAN(GANConfig(), kit()).step(stream)
    assert torch.equal(next(stream), list(zip(range(2), batches(), strict=False))[1][1])


def test_the_paper_trains_images_with_the_optimizer_of_li_et_al():
    assert METHOD.variants["paper"]["lr"].value == 5e-5
    assert METHOD.variants["paper"]["optimizer"].value == "rmsprop"
