"""A short training on a ring tells a method that learns from one that does not."""

from dataclasses import replace

import faulty
import pytest
import torch
from torch.nn.functional import softplus

from genbench.testing.learn import Learning, learn, ring

pytestmark = pytest.mark.slow

UPDATES = 150


class Adversarial(faulty.Good):
    """A good GAN."""

    def __init__(self, config, kit):
        super().__init__(config, kit)
        self.critic = kit.critic(1)
        self.critic_optimizer = torch.optim.Adam(self.held(), lr=config.lr, betas=(0.5, 0.999))
        self.optimizer = torch.optim.Adam(self.generator.parameters(), lr=config.lr, betas=(0.5, 0.999))

    def held(self):
        return list(self.critic.parameters())

    def objective(self, logits):
        return softplus(-logits).mean()

    def step(self, batches):
        real = next(batches)
        fake = self.generator(self.kit.noise(len(real)))
        critic_loss = softplus(-self.critic(real)).mean() + softplus(self.critic(fake)).mean()
        self.kit.comm.descend((self.critic_optimizer, critic_loss))
        loss = self.objective(self.critic(self.generator(self.kit.noise(len(real)))))
        self.kit.comm.descend((self.optimizer, loss))
        return {"loss": loss.detach()}


class WrongSign(Adversarial):
    def objective(self, logits):
        return softplus(logits).mean()


class GradientsLeak(Adversarial):
    """The critic's optimizer holds the generator, too, and fake samples are not detached."""

    def held(self):
        return [*self.critic.parameters(), *self.generator.parameters()]

    def objective(self, logits):
        return softplus(-logits).mean() * 0


class WrongSignOfADistance(faulty.Good):
    def loss(self, fake, real):
        return -super().loss(fake, real)


@pytest.mark.parametrize("trainer", [faulty.Good, Adversarial])
def test_a_good_method_comes_nearer(trainer):
    learning = learn(replace(faulty.GOOD, trainer=trainer, presets={}), updates=UPDATES)
    assert learning.learnt, learning
    assert learning.updates == UPDATES


@pytest.mark.parametrize("trainer", [WrongSign, GradientsLeak, WrongSignOfADistance])
def test_a_broken_method_does_not(trainer):
    assert not learn(replace(faulty.GOOD, trainer=trainer, presets={}), updates=UPDATES).learnt


def test_it_ends_when_its_time_is_up():
    learning = learn(faulty.GOOD, seconds=0.0)
    assert learning.updates == 0
    assert not learning.learnt


def test_it_is_told_in_one_line():
    assert str(Learning(before=2.0, after=1.0, updates=1500, seconds=9.6)) == (
        "the samples' MMD² to a ring of 8 Gaussians went from 2 to 1 in 1,500 updates, 10 s"
    )


def test_the_ring_has_the_radius_and_the_deviation_that_it_says():
    points = ring(8000, 1)
    assert float(points.norm(dim=1).mean()) == pytest.approx(2.0, abs=0.02)
    assert float(points.mean(0).abs().max()) < 0.1
