"""The GAN with a spectrally normalised critic (Miyato et al. 2018, arXiv 1802.05957): every layer has Lipschitz
constant 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from genbench.plugin import Kit, Method, Trainer, cited, hookimpl, setting

SN = "Miyato et al. 2018, arXiv 1802.05957"
CODE = "the authors' code (sngan_projection)"


@dataclass(frozen=True, kw_only=True)
class SNGANConfig:
    """The settings of an SN-GAN."""

    loss: Literal["hinge", "ns"] = setting(
        "hinge", "hinge, or the non-saturating losses of a GAN", source=f"{SN}, eq. 16 and 17; {CODE}"
    )
    lr: float = setting(2e-4, "Adam's learning rate, of both networks", source=f"{SN}, table 1", above=0)
    beta1: float = setting(
        0.5, "Adam's decay of the mean gradient", source=f"{SN}, table 1, setting B", at_least=0, below=1
    )
    beta2: float = setting(
        0.999, "Adam's decay of the squared gradient", source=f"{SN}, table 1, setting B", at_least=0, below=1
    )
    critic_steps: int = setting(
        1, "critic steps for one generator step", source=f"{SN}, table 1, setting B", at_least=1
    )
    first: Literal["critic", "generator"] = setting("critic", "which steps first", source="Goodfellow et al. 2014")
    fakes: int = setting(1, "batches of fake images in a generator step", source=SN, at_least=1)
    last_lr: float | None = setting(
        None, "learning rate at the end of the budget, reached in a straight line; none: constant", at_least=0
    )
    norm: Literal["batch", "none", "spectral", "layer"] | None = setting(
        "spectral", "norm of the critic; none as a word: without one, null: the study's", source=SN
    )
    bias: bool = setting(False, "whether the critic's last layer has a bias", source=CODE)


class SNGAN(Trainer):
    """A generator against a critic of bounded slope."""

    def __init__(self, config: SNGANConfig, kit: Kit) -> None:
        super().__init__(config, kit)
        self.generator = kit.generator()
        self.critic = kit.critic(1, bias=config.bias, norm=config.norm)
        self.generator_optimizer, self.critic_optimizer = (
            optimizer(config, network) for network in (self.generator, self.critic)
        )

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """The critic's steps, each on a batch of its own, and one of the generator."""
        config, real = self.config, next(batches)
        if config.last_lr is not None:
            lr = config.lr + (config.last_lr - config.lr) * self.kit.progress
            for group in (*self.generator_optimizer.param_groups, *self.critic_optimizer.param_groups):
                group["lr"] = lr
        scalars = self._generator_step(len(real)) if config.first == "generator" else {}
        scalars |= self._critic_step(real)
        for _ in range(config.critic_steps - 1):
            scalars |= self._critic_step(next(batches))
        return scalars if config.first == "generator" else scalars | self._generator_step(len(real))

    def kind_of_step(self) -> str | None:
        """All steps are alike while the learning rate is."""
        return "step" if self.config.last_lr is None else None

    def sample(self, z: Tensor) -> Tensor:
        """The generator's images for latents [n, latent]."""
        images: Tensor = self.generator(z)
        return images

    def _critic_step(self, real: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            fake = self.generator(self.kit.noise(len(real)))
        of_real, of_fake = self.critic(real), self.critic(fake)
        loss = critic_objective(of_real, of_fake, self.config.loss)
        self.kit.comm.descend((self.critic_optimizer, loss))
        return {"critic_loss": loss.detach(), "distance": (of_real.mean() - of_fake.mean()).detach()}

    def _generator_step(self, rows: int) -> dict[str, Tensor]:
        loss = generator_objective(
            self.critic(self.generator(self.kit.noise(rows * self.config.fakes))), self.config.loss
        )
        self.kit.comm.descend((self.generator_optimizer, loss))
        return {"generator_loss": loss.detach()}


def critic_objective(of_real: Tensor, of_fake: Tensor, loss: str) -> Tensor:
    """mean relu(1 - D(x)) + mean relu(1 + D(f)) (Miyato et al. 2018, eq. 16), or mean softplus(-D(x)) + mean
    softplus(D(f)); to be minimised.
    """
    if loss == "hinge":
        return (1 - of_real).relu().mean() + (1 + of_fake).relu().mean()
    return softplus(-of_real).mean() + softplus(of_fake).mean()


def generator_objective(of_fake: Tensor, loss: str) -> Tensor:
    """-mean D(f) (Miyato et al. 2018, eq. 17), or mean softplus(-D(f)); to be minimised."""
    return -of_fake.mean() if loss == "hinge" else softplus(-of_fake).mean()


def optimizer(config: SNGANConfig, network: nn.Module) -> torch.optim.Optimizer:
    """The optimizer of one network."""
    return torch.optim.Adam(network.parameters(), lr=config.lr, betas=(config.beta1, config.beta2), fused=True)


RING = cited("measured: after one critic step a hinge finds one mode of the ring (README)", critic_steps=5) | cited(
    "measured: at 2e-4 a perceptron of Lipschitz constant 1 learns too slowly (README)", lr=1e-3, beta1=0.0, beta2=0.9
)

METHOD = Method(
    name="sngan",
    trainer=SNGAN,
    config=SNGANConfig,
    paper="Miyato et al. 2018, Spectral normalization for generative adversarial networks, ICLR, arXiv 1802.05957",
    presets={"ring": RING, "ring-sharp": RING},
    variants={
        "ns": cited(f"{SN}, section 2.1", loss="ns"),
        "five": cited(CODE, beta1=0.0, beta2=0.9, critic_steps=5, first="generator", fakes=2, last_lr=0.0),
    },
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    """The one method of this plugin."""
    return [METHOD]
