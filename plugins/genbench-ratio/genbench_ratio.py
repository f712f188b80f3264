"""Density ratios estimated by a network: f-GAN (Nowozin et al. 2016, arXiv 1606.00709), b-GAN (Uehara et al. 2016,
arXiv 1610.02920), logistic regression, and particles that climb it (VGrow: Gao et al. 2019, arXiv 1901.08469).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from genbench_ratio_losses import critic_objective, generator_objective, read_ratio, speed
from torch import Tensor, nn

from genbench.plugin import Kit, Method, Trainer, cited, hookimpl, setting

FGAN = "Nowozin et al. 2016, arXiv 1606.00709"
BGAN = "Uehara et al. 2016, arXiv 1610.02920"
VGROW = "Gao et al. 2019, arXiv 1901.08469, and their code"


@dataclass(frozen=True, kw_only=True)
class RatioConfig:
    """The settings of methods that estimate the ratio of densities, of data over samples, by a network."""

    estimator: Literal["variational", "least-squares", "logistic"] = setting(
        "variational", "f-GAN's bound, least squares on a positive ratio, or logistic regression", source=FGAN
    )
    divergence: Literal["pearson", "kl", "reverse", "hellinger"] = setting(
        "pearson", "the divergence of the data from the samples that the generator lowers", source=FGAN
    )
    trick: bool = setting(
        True, "whether f-GAN's generator raises g(V), or lowers the bound", source=f"{FGAN}, section 3.2"
    )
    optimizer: Literal["adam", "rmsprop"] = setting("adam", "optimizer of both networks", source=FGAN)
    lr: float = setting(2e-4, "learning rate of both networks", source=FGAN, above=0)
    beta1: float = setting(0.5, "Adam's decay of the mean gradient", source=FGAN, at_least=0, below=1)
    beta2: float = setting(0.999, "Adam's decay of the squared gradient", source=FGAN, at_least=0, below=1)
    particles: int = setting(
        0, "batches of particles that climb the ratio, to which the generator is fitted; 0: none", at_least=0
    )
    moves: int = setting(20, "moves of the particles, each after a critic step", source=VGROW, at_least=1)
    stride: float = setting(0.5, "length η of a move", source=VGROW, above=0)
    fits: int = setting(5, "passes over the particles in which the generator is fitted", source=VGROW, at_least=1)


class Ratio(Trainer):
    """A generator that lowers a divergence, for which a critic estimates the ratio of densities."""

    def __init__(self, config: RatioConfig, kit: Kit) -> None:
        super().__init__(config, kit)
        self.generator, self.critic = kit.generator(), kit.critic(1)
        self.generator_optimizer = optimizer(config, self.generator)
        self.critic_optimizer = optimizer(config, self.critic)

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """One update of the critic, then one of the generator; or all moves of a pool of particles, and the fit."""
        return self._grow(batches) if self.config.particles else self._descend(next(batches))

    def sample(self, z: Tensor) -> Tensor:
        """The generator's images for latents [n, latent]."""
        images: Tensor = self.generator(z)
        return images

    def _descend(self, real: Tensor) -> Mapping[str, Tensor]:
        config, fake = self.config, self.generator(self.kit.noise(len(real)))
        scalars = self._critic_step(real, fake.detach())
        loss = generator_objective(self.critic(fake), config.estimator, config.divergence, trick=config.trick)
        self.kit.comm.descend((self.generator_optimizer, loss))
        return scalars | {"generator_loss": loss.detach()}

    def _grow(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """Samples climb the log ratio, which is estimated anew for every move; the generator learns where they went."""
        config, real = self.config, next(batches)
        latents = [self.kit.noise(len(real)) for _ in range(config.particles)]
        with torch.no_grad():
            begun = pool = torch.cat([self.generator(z) for z in latents])
        for move in range(config.moves):
            real = next(batches) if move else real
            scalars = self._critic_step(real, pool.chunk(len(latents))[move % len(latents)])
            pool = self._moved(pool)
        for _ in range(config.fits):
            for z, goal in zip(latents, pool.chunk(len(latents)), strict=True):
                loss = (self.generator(z) - goal).square().mean()
                self.kit.comm.descend((self.generator_optimizer, loss))
        return scalars | {"generator_loss": loss.detach(), "moved": (pool - begun).square().mean()}

    def _moved(self, pool: Tensor) -> Tensor:
        """x + η r² f''(r) ∇ log r at particles x [n, ...]; images stay in [-1, 1]."""
        points = pool.detach().requires_grad_()
        ratio = read_ratio(self.critic(points), self.config.estimator, self.config.divergence)
        (slope,) = torch.autograd.grad(ratio.clamp_min(1e-30).log().sum(), points)
        size = speed(ratio.detach(), self.config.divergence).view(-1, *[1] * (points.dim() - 1))
        moved: Tensor = points.detach() + self.config.stride * size * slope
        return moved if moved.dim() == 2 else moved.clamp(-1, 1)

    def _critic_step(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        estimator, divergence = self.config.estimator, self.config.divergence
        of_real, of_fake = self.critic(real), self.critic(fake)
        loss = critic_objective(of_real, of_fake, estimator, divergence)
        self.kit.comm.descend((self.critic_optimizer, loss))
        ratio = read_ratio(of_fake.detach(), estimator, divergence)
        return {"critic_loss": loss.detach(), "ratio_mean": ratio.mean(), "ratio_max": ratio.max()}


def optimizer(config: RatioConfig, network: nn.Module) -> torch.optim.Optimizer:
    """The optimizer of one network."""
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(network.parameters(), lr=config.lr)
    return torch.optim.Adam(network.parameters(), lr=config.lr, betas=(config.beta1, config.beta2), fused=True)


METHOD = Method(
    name="ratio",
    trainer=Ratio,
    config=RatioConfig,
    paper="Nowozin et al. 2016, f-GAN, NeurIPS, arXiv 1606.00709",
    variants={
        "kl": cited(FGAN, divergence="kl"),
        "reverse": cited(FGAN, divergence="reverse"),
        "hellinger": cited(FGAN, divergence="hellinger"),
        "bgan": cited(BGAN, estimator="least-squares"),
        "logistic": cited("logistic regression: its minimum is V = log r", estimator="logistic", divergence="reverse"),
        "vgrow": cited(VGROW, estimator="logistic", divergence="reverse", optimizer="rmsprop", lr=1e-4, particles=20),
    },
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    """The one method of this plugin."""
    return [METHOD]
