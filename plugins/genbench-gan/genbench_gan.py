"""The generative adversarial network with the non-saturating loss (Goodfellow et al. 2014, arXiv 1406.2661)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from genbench.plugin import Kit, Method, Trainer, cite, hookimpl, setting


@dataclass(frozen=True, kw_only=True)
class GANConfig:
    """The settings of a GAN; critic and generator share them."""

    optimizer: Literal["adam", "rmsprop"] = setting(
        "adam", "optimizer of both networks", source="DCGAN, arXiv 1511.06434"
    )
    lr: float = setting(2e-4, "learning rate of both networks", source="DCGAN, arXiv 1511.06434", above=0)
    beta1: float = setting(
        0.5, "Adam's decay of the mean gradient", source="DCGAN, arXiv 1511.06434; paper, app. A.1", at_least=0, below=1
    )
    beta2: float = setting(
        0.999, "Adam's decay of the squared gradient", source="Adam, arXiv 1412.6980", at_least=0, below=1
    )
    update: Literal["alternating", "simultaneous"] = setting(
        "alternating",
        "critic first, then the generator against the new critic; or both at once",
        source="Goodfellow et al. 2014, algorithm 1 with k = 1",
    )
    loss: Literal["ns", "ls", "hinge"] = setting(
        "ns",
        "non-saturating, least squares, or hinge",
        source="Goodfellow et al. 2014; Mao et al. 2017, arXiv 1611.04076; Lim and Ye 2017, arXiv 1705.02894",
        later=True,
    )


class GAN(Trainer):
    """A generator against a critic with one logit."""

    def __init__(self, config: GANConfig, kit: Kit) -> None:
        super().__init__(config, kit)
        self.generator = kit.generator()
        self.critic = kit.critic(1)
        self.generator_optimizer = optimizer(config, self.generator)
        self.critic_optimizer = optimizer(config, self.critic)

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """One update of each network, on one batch and the same fake images."""
        real = next(batches)
        fake = self.generator(self.kit.noise(len(real)))
        descend, loss = self.kit.comm.descend, self.config.loss
        # Real and fake go through the critic apart: batch norm over both would tell them apart by their shared
        # statistics.
        if self.config.update == "simultaneous":
            real_logits, fake_logits = self.critic(real), self.critic(fake)
            critic_loss, generator_loss = (
                critic_objective(real_logits, fake_logits, loss),
                generator_objective(fake_logits, loss),
            )
            descend((self.critic_optimizer, critic_loss), (self.generator_optimizer, generator_loss))
        else:
            real_logits, fake_logits = self.critic(real), self.critic(fake.detach())
            critic_loss = critic_objective(real_logits, fake_logits, loss)
            descend((self.critic_optimizer, critic_loss))
            generator_loss = generator_objective(self.critic(fake), loss)
            descend((self.generator_optimizer, generator_loss))
        return {
            "generator_loss": generator_loss.detach(),
            "critic_loss": critic_loss.detach(),
            "real_logit": real_logits.detach().mean(),
            "fake_logit": fake_logits.detach().mean(),
        }

    def kind_of_step(self) -> str:
        """All steps are alike."""
        return "step"

    def sample(self, z: Tensor) -> Tensor:
        """The generator's images for latents [n, latent]."""
        images: Tensor = self.generator(z)
        return images


def critic_objective(real_logits: Tensor, fake_logits: Tensor, loss: str = "ns") -> Tensor:
    """What the critic minimises.

    ns: -mean log D(x) - mean log(1 - D(G(z))) with D = sigmoid(logit) (Goodfellow et al. 2014, eq. 1). ls: mean (s(x) -
    1)² / 2 + mean s(G(z))² / 2 (Mao et al. 2017, eq. 9). hinge: mean relu(1 - s(x)) + mean relu(1 + s(G(z))) (Lim and
    Ye 2017).
    """
    if loss == "ls":
        return ((real_logits - 1).square().mean() + fake_logits.square().mean()) / 2
    if loss == "hinge":
        return (1 - real_logits).relu().mean() + (1 + fake_logits).relu().mean()
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def generator_objective(fake_logits: Tensor, loss: str = "ns") -> Tensor:
    """What the generator minimises: -mean log D(G(z)) (Goodfellow et al. 2014, section 3), mean (s(G(z)) - 1)² / 2, or
    -mean s(G(z)).
    """
    if loss == "ls":
        return (fake_logits - 1).square().mean() / 2
    return -fake_logits.mean() if loss == "hinge" else softplus(-fake_logits).mean()


def optimizer(config: GANConfig, network: nn.Module) -> torch.optim.Optimizer:
    """The optimizer of one network."""
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(network.parameters(), lr=config.lr)
    return torch.optim.Adam(network.parameters(), lr=config.lr, betas=(config.beta1, config.beta2), fused=True)


RING = {"lr": cite(1e-4, "paper, app. A.1")}
IMAGES = {"lr": cite(2e-4, "DCGAN, arXiv 1511.06434")}

METHOD = Method(
    name="gan",
    trainer=GAN,
    config=GANConfig,
    paper="Goodfellow et al. 2014, Generative adversarial nets, NeurIPS, arXiv 1406.2661",
    presets=dict.fromkeys(("ring", "ring-sharp"), RING)
    | dict.fromkeys(("digits", "mnist", "fashion-mnist", "cifar10", "celeba"), IMAGES),
    variants={
        "paper": {
            "optimizer": cite(
                "rmsprop", "paper, section 4: the hyperparameters shared with Li et al. 2017, arXiv 1705.08584"
            ),
            "lr": cite(5e-5, "paper, section 4"),
        },
        "simultaneous": {"update": cite("simultaneous", "Mescheder et al. 2017, arXiv 1705.10461")},
        "lsgan": {"loss": cite("ls", "Mao et al. 2017, arXiv 1611.04076: a = 0, b = c = 1")},
        "hinge": {"loss": cite("hinge", "Lim and Ye 2017, arXiv 1705.02894")},
    },
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    """The one method of this plugin."""
    return [METHOD]
