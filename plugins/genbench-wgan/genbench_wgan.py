"""Wasserstein GANs: with clipped weights (Arjovsky et al. 2017, arXiv 1701.07875), with a gradient penalty (Gulrajani
et al. 2017, arXiv 1704.00028), and two of its relatives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from genbench.plugin import Kit, Method, Trainer, cited, hookimpl, setting

CLIP = "Arjovsky et al. 2017, arXiv 1701.07875, and their code"
GP = "Gulrajani et al. 2017, arXiv 1704.00028, and their code"
DRAGAN = "Kodali et al. 2017, arXiv 1705.07215, and their code"


@dataclass(frozen=True, kw_only=True)
class WGANConfig:
    """The settings of a Wasserstein GAN."""

    loss: Literal["wasserstein", "gan"] = setting(
        "wasserstein", "the critic's difference, or a GAN's losses", source=GP
    )
    optimizer: Literal["adam", "rmsprop"] = setting("adam", "optimizer of both networks", source=GP)
    lr: float = setting(1e-4, "learning rate of both networks", source=GP, above=0)
    beta1: float = setting(0.5, "Adam's decay of the mean gradient", source=GP, at_least=0, below=1)
    beta2: float = setting(0.9, "Adam's decay of the squared gradient", source=GP, at_least=0, below=1)
    penalty: Literal["between", "around", "none"] = setting(
        "between", "where the critic's slope is held: between real and fake rows, or around real ones", source=GP
    )
    slope: float = setting(1.0, "length that the slope is held at", source=GP, at_least=0)
    weight: float = setting(10.0, "weight λ of the penalty", source=GP, at_least=0)
    clamp: float | None = setting(
        None, "the critic's weights are clamped to [-clamp, clamp] before each of its steps; none: not", above=0
    )
    norm: Literal["batch", "none", "spectral", "layer"] | None = setting(
        "none", "norm of the critic; none as a word: without one, null: the study's", source=GP
    )
    critic_steps: int = setting(5, "critic steps for one generator step", source=GP, at_least=1)
    warmup: int = setting(0, "first generator steps that get burst_steps instead", source=GP, at_least=0)
    burst_every: int = setting(0, "generator steps from one burst to the next; 0: no bursts", source=GP, at_least=0)
    burst_steps: int = setting(100, "critic steps in the warm-up and in a burst", source=CLIP, at_least=1)


class WGAN(Trainer):
    """A generator against a critic whose slope is bounded."""

    updates: Tensor

    def __init__(self, config: WGANConfig, kit: Kit) -> None:
        super().__init__(config, kit)
        self.generator = kit.generator()
        self.critic = kit.critic(1, norm=config.norm)
        self.generator_optimizer = optimizer(config, self.generator)
        self.critic_optimizer = optimizer(config, self.critic)
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """The critic's steps, each on a batch of its own, and one of the generator."""
        for _ in range(critic_steps(self.config, int(self.updates))):
            real = next(batches)
            scalars = self._critic_step(real)
        score = self.critic(self.generator(self.kit.noise(len(real))))
        loss = -score.mean() if self.config.loss == "wasserstein" else softplus(-score).mean()
        self.kit.comm.descend((self.generator_optimizer, loss))
        self.updates += 1
        return scalars | {"generator_loss": loss.detach()}

    def kind_of_step(self) -> int:
        """Steps differ in how many critic steps they have."""
        return critic_steps(self.config, int(self.updates))

    def sample(self, z: Tensor) -> Tensor:
        """The generator's images for latents [n, latent]."""
        images: Tensor = self.generator(z)
        return images

    def _critic_step(self, real: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            if self.config.clamp is not None:
                for weights in self.critic.parameters():
                    weights.clamp_(-self.config.clamp, self.config.clamp)
            fake = self.generator(self.kit.noise(len(real)))
        of_real, of_fake = self.critic(real), self.critic(fake)
        distance = of_real.mean() - of_fake.mean()
        plain = -distance if self.config.loss == "wasserstein" else (softplus(-of_real) + softplus(of_fake)).mean()
        penalty = self._penalty(real, fake) if self.config.penalty != "none" else torch.zeros_like(plain)
        self.kit.comm.descend((self.critic_optimizer, plain + self.config.weight * penalty))
        return {"critic_loss": plain.detach(), "distance": distance.detach(), "penalty": penalty.detach()}

    def _penalty(self, real: Tensor, fake: Tensor) -> Tensor:
        share = self.kit.uniform((len(real), *[1] * (real.dim() - 1)))
        if self.config.penalty == "between":
            return slope_penalty(self.critic, share * real + (1 - share) * fake, self.config.slope)
        spread = self.kit.comm.gather(real).std(correction=0)
        near = real + share * 0.5 * spread * self.kit.uniform(tuple(real.shape))
        return slope_penalty(self.critic, near, self.config.slope)


def slope_penalty(critic: nn.Module, points: Tensor, slope: float) -> Tensor:
    """mean (‖∇D(h)‖ - slope)² over points h [n, ...], norms over all of a sample's entries (Gulrajani et al. 2017, eq.
    3); with slope 0 a root is never taken.
    """
    points = points.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    squared = gradient.flatten(1).square().sum(1)
    return squared.mean() if slope == 0 else (squared.clamp_min(1e-12).sqrt() - slope).square().mean()


def critic_steps(config: WGANConfig, update: int) -> int:
    """How many critic steps the update gets, counted from 0."""
    burst = config.burst_every > 0 and update % config.burst_every == 0
    return config.burst_steps if burst or update < config.warmup else config.critic_steps


def optimizer(config: WGANConfig, network: nn.Module) -> torch.optim.Optimizer:
    """The optimizer of one network."""
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(network.parameters(), lr=config.lr)
    return torch.optim.Adam(network.parameters(), lr=config.lr, betas=(config.beta1, config.beta2), fused=True)


RING = cited(f"{GP} (gan_toy.py)", weight=0.1) | cited(
    "measured: 1,000 updates at the published 1e-4 are too few (README)", lr=1e-3
)

METHOD = Method(
    name="wgan",
    trainer=WGAN,
    config=WGANConfig,
    paper="Gulrajani et al. 2017, Improved training of Wasserstein GANs, NeurIPS, arXiv 1704.00028",
    presets={"ring": RING, "ring-sharp": RING},
    variants={
        "clip": cited(CLIP, optimizer="rmsprop", lr=5e-5, penalty="none", clamp=0.01, norm="batch")
        | cited(CLIP, warmup=25, burst_every=500),
        "gp0": cited("Mescheder et al. 2018, arXiv 1801.04406: a slope held at 0", slope=0.0),
        "dragan": cited(DRAGAN, loss="gan", penalty="around", critic_steps=1),
    },
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    """The one method of this plugin."""
    return [METHOD]
