"""R3GAN (Huang et al. 2024, arXiv 2501.05441): a relativistic GAN with slopes held at 0 on real and on fake data; and
the R1 penalty by itself (Mescheder et al. 2018, arXiv 1801.04406).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from genbench.plugin import Kit, Method, Trainer, cited, hookimpl, setting

R3 = "Huang et al. 2024, arXiv 2501.05441, and their code (CIFAR-10)"
R1 = "Mescheder et al. 2018, arXiv 1801.04406"


@dataclass(frozen=True, kw_only=True)
class R3GANConfig:
    """The settings of an R3GAN; those that end elsewhere go there along half a cosine over the budget."""

    loss: Literal["relativistic", "gan"] = setting(
        "relativistic", "logits of real and fake compared in pairs, or each by itself", source=R3
    )
    r1: bool = setting(True, "whether the critic's slope is held at 0 on real data", source=R3)
    r2: bool = setting(True, "the same on fake data", source=R3)
    gamma: float = setting(0.05, "weight γ of the penalties, γ/2 each", source=R3, at_least=0)
    last_gamma: float | None = setting(0.005, "γ at the end of the budget; none: constant", source=R3, at_least=0)
    optimizer: Literal["adam", "rmsprop"] = setting("adam", "optimizer of both networks", source=R3)
    lr: float = setting(2e-4, "learning rate of both networks", source=R3, above=0)
    last_lr: float | None = setting(5e-5, "learning rate at the end of the budget; none: constant", source=R3, above=0)
    beta1: float = setting(0.0, "Adam's decay of the mean gradient", source=R3, at_least=0, below=1)
    beta2: float = setting(0.9, "Adam's decay of the squared gradient", source=R3, at_least=0, below=1)
    last_beta2: float | None = setting(0.99, "beta2 at the end; none: constant", source=R3, at_least=0, below=1)
    norm: Literal["batch", "none", "spectral", "layer"] | None = setting(
        "none", "norm of the critic; none as a word: without one, null: the study's", source=R3
    )
    fresh_batches: bool = setting(True, "a batch for the step of either network; else one for both", source=R3)


class R3GAN(Trainer):
    """A generator against a critic that is flat where the data are."""

    def __init__(self, config: R3GANConfig, kit: Kit) -> None:
        super().__init__(config, kit)
        self.generator = kit.generator()
        self.critic = kit.critic(1, norm=config.norm)
        self.generator_optimizer = optimizer(config, self.generator)
        self.critic_optimizer = optimizer(config, self.critic)

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """One update of the critic, then one of the generator."""
        config, progress, real = self.config, self.kit.progress, next(batches)
        gamma = at(progress, config.gamma, config.last_gamma)
        for group in (*self.generator_optimizer.param_groups, *self.critic_optimizer.param_groups):
            group["lr"] = at(progress, config.lr, config.last_lr)
            if config.optimizer == "adam":
                group["betas"] = (config.beta1, at(progress, config.beta2, config.last_beta2))
        with torch.no_grad():
            fake = self.generator(self.kit.noise(len(real)))
        of_real, on_real = self._judged(real, penalised=config.r1)
        of_fake, on_fake = self._judged(fake, penalised=config.r2)
        critic_loss, penalty = critic_objective(of_real, of_fake, config.loss), (on_real + on_fake) / 2
        self.kit.comm.descend((self.critic_optimizer, critic_loss + gamma * penalty))

        of_fake = self.critic(self.generator(self.kit.noise(len(real))))
        if config.loss == "relativistic":
            real = next(batches) if config.fresh_batches else real
            with torch.no_grad():
                of_real = self.critic(real)
        generator_loss = generator_objective(of_real.detach(), of_fake, config.loss)
        self.kit.comm.descend((self.generator_optimizer, generator_loss))
        losses = {"generator_loss": generator_loss, "critic_loss": critic_loss, "penalty": penalty}
        return {name: loss.detach() for name, loss in losses.items()}

    def kind_of_step(self) -> str | None:
        """All steps are alike while nothing changes on the way."""
        config = self.config
        return "step" if config.last_gamma is config.last_lr is config.last_beta2 is None else None

    def sample(self, z: Tensor) -> Tensor:
        """The generator's images for latents [n, latent]."""
        images: Tensor = self.generator(z)
        return images

    def _judged(self, images: Tensor, *, penalised: bool) -> tuple[Tensor, Tensor]:
        """The logits [n, 1] of images, and their mean squared slope, 0 where it is not penalised."""
        images = images.detach().requires_grad_(penalised)
        logits = self.critic(images)
        return logits, squared_slope(logits, images) if penalised else torch.zeros_like(logits.mean())


def critic_objective(of_real: Tensor, of_fake: Tensor, loss: str) -> Tensor:
    """mean softplus(-(D(x) - D(f))) over pairs (Huang et al. 2024, eq. 2), or a GAN's mean softplus(-D(x)) + mean
    softplus(D(f)); to be minimised.
    """
    if loss == "relativistic":
        return softplus(of_fake - of_real).mean()
    return softplus(-of_real).mean() + softplus(of_fake).mean()


def generator_objective(of_real: Tensor, of_fake: Tensor, loss: str) -> Tensor:
    """mean softplus(-(D(f) - D(x))) over pairs, or mean softplus(-D(f)); to be minimised."""
    return softplus(of_real - of_fake).mean() if loss == "relativistic" else softplus(-of_fake).mean()


def squared_slope(logits: Tensor, images: Tensor) -> Tensor:
    """mean ‖∇D(x)‖² of logits of images [n, ...] (Mescheder et al. 2018, eq. 9, without γ/2)."""
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.flatten(1).square().sum(1).mean()


def at(progress: float, first: float, last: float | None) -> float:
    """Where a setting stands that goes from first to last along half a cosine."""
    return first if last is None else last + (first - last) * (1 + math.cos(math.pi * progress)) / 2


def optimizer(config: R3GANConfig, network: nn.Module) -> torch.optim.Optimizer:
    """The optimizer of one network."""
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(network.parameters(), lr=config.lr)
    return torch.optim.Adam(network.parameters(), lr=config.lr, betas=(config.beta1, config.beta2), fused=True)


RING = cited("measured on the ring (README)", gamma=1.0, last_gamma=0.1, lr=1e-3, last_lr=2.5e-4)
MESCHEDER = cited(R1, loss="gan", r2=False, gamma=10.0, last_gamma=None, optimizer="rmsprop", lr=1e-4, last_lr=None)

METHOD = Method(
    name="r3gan",
    trainer=R3GAN,
    config=R3GANConfig,
    paper="Huang et al. 2024, The GAN is dead; long live the GAN! A modern GAN baseline, NeurIPS, arXiv 2501.05441",
    presets={"ring": RING, "ring-sharp": RING},
    variants={
        "rpgan": cited("Jolicoeur-Martineau 2018, arXiv 1807.00734: no penalty", r1=False, r2=False),
        "r1": MESCHEDER,
        "r1r2": cited("Huang et al. 2024: their ablation without the relativistic loss", loss="gan"),
    },
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    """The one method of this plugin."""
    return [METHOD]
