"""The energy distance between samples and data (Székely and Rizzo 2013), which needs no critic; and the Cramér GAN
(Bellemare et al. 2017, arXiv 1705.10743), which takes it between the features of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from genbench.plugin import Kit, Method, Trainer, cited, hookimpl, setting

ENERGY = "Székely and Rizzo 2013, Energy statistics"
CRAMER = "Bellemare et al. 2017, arXiv 1705.10743"


@dataclass(frozen=True, kw_only=True)
class EnergyConfig:
    """The settings of the energy distance; the critic's are those of `space=features`."""

    space: Literal["data", "features"] = setting(
        "data", "where distances are taken: between samples as they are, or between a critic's features", source=CRAMER
    )
    power: float = setting(1.0, "exponent of the distances, in data space", source=ENERGY, at_least=1, below=2)
    lr: float = setting(1e-4, "Adam's learning rate, of both networks", source=CRAMER, above=0)
    beta1: float = setting(0.5, "Adam's decay of the mean gradient", source=CRAMER, at_least=0, below=1)
    beta2: float = setting(
        0.999, "Adam's decay of the squared gradient", source="Adam, arXiv 1412.6980", at_least=0, below=1
    )
    features: int = setting(256, "dimension K of the critic's features", source=CRAMER, at_least=1)
    weight: float = setting(10.0, "weight λ of the penalty on the critic's slope", source=CRAMER, at_least=0)
    critic_steps: int = setting(5, "critic steps for one generator step", source=CRAMER, at_least=1)
    norm: Literal["batch", "none", "spectral", "layer"] | None = setting(
        "none", "norm of the critic; none as a word: without one, null: the study's", source=CRAMER
    )


class Energy(Trainer):
    """A generator that lowers the energy distance to the data."""

    def __init__(self, config: EnergyConfig, kit: Kit) -> None:
        super().__init__(config, kit)
        self.generator = kit.generator()
        self.generator_optimizer = optimizer(config, self.generator)
        self.critic: nn.Module | None = None
        if config.space == "features":
            self.critic = kit.critic(config.features, norm=config.norm)
            self.critic_optimizer = optimizer(config, self.critic)

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """One update of the generator; where there is a critic, after the critic's, each on a batch of its own."""
        scalars: dict[str, Tensor] = {}
        if self.critic is None:
            real = next(batches)
            x, f = (self.kit.comm.gather(rows.flatten(1)) for rows in (real, self._fake_like(real)))
            loss = energy_distance(x, f, self.config.power)
        else:
            for _ in range(self.config.critic_steps):
                real = next(batches)
                scalars = self._critic_step(self.critic, real)
            with torch.no_grad():
                h = self.critic(real)
            loss = cramer_loss(h, self.critic(self._fake_like(real)), self.critic(self._fake_like(real)))
        self.kit.comm.descend((self.generator_optimizer, loss))
        return scalars | {"generator_loss": loss.detach()}

    def sample(self, z: Tensor) -> Tensor:
        """The generator's images for latents [n, latent]."""
        images: Tensor = self.generator(z)
        return images

    def project(self, images: Tensor) -> Tensor | None:
        """The critic's features [n, K], where there is one."""
        return None if self.critic is None else self.critic(images)

    def _fake_like(self, real: Tensor) -> Tensor:
        fake: Tensor = self.generator(self.kit.noise(len(real)))
        return fake

    def _critic_step(self, critic: nn.Module, real: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            fake, other = self._fake_like(real), self._fake_like(real)
        share = self.kit.uniform((len(real), *[1] * (real.dim() - 1)))
        between = (share * real + (1 - share) * fake).requires_grad_()
        of_other = critic(other)
        of_real, of_fake, of_between = (surrogate(critic(points), of_other) for points in (real, fake, between))
        (slope,) = torch.autograd.grad(of_between.sum(), between, create_graph=True)
        penalty = (length(slope.flatten(1)) - 1).square().mean()
        loss = (of_fake - of_real).mean()
        self.kit.comm.descend((self.critic_optimizer, loss + self.config.weight * penalty))
        return {"critic_loss": loss.detach(), "penalty": penalty.detach()}


def energy_distance(x: Tensor, f: Tensor, power: float = 1.0) -> Tensor:
    """2 E|x - f|^a - E|x - x'|^a - E|f - f'|^a of rows x [n, d] and f [m, d], a scalar in fp64, pairs of two different
    rows (Székely and Rizzo 2013): unbiased, so it may be negative.
    """
    # Apple's GPUs have no fp64.
    x, f = (rows if rows.device.type == "mps" else rows.double() for rows in (x, f))

    def mean_distance(a: Tensor, b: Tensor, pairs: int) -> Tensor:
        return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist").pow(power).sum() / pairs

    n, m = len(x), len(f)
    return 2 * mean_distance(x, f, n * m) - mean_distance(x, x, n * (n - 1)) - mean_distance(f, f, m * (m - 1))


def cramer_loss(of_real: Tensor, of_fake: Tensor, of_other: Tensor) -> Tensor:
    """mean |h(x) - h(f)| + |h(x) - h(f')| - |h(f) - h(f')| of features [n, K] of real and of two fake batches, row by
    row, to be minimised by the generator (Bellemare et al. 2017, algorithm 1).
    """
    return (length(of_real - of_fake) + length(of_real - of_other) - length(of_fake - of_other)).mean()


def surrogate(features: Tensor, of_other: Tensor) -> Tensor:
    """The critic |h(x) - h(f')| - |h(x)| [n] at features [n, K], beside those of as many other fakes."""
    return length(features - of_other) - length(features)


def length(rows: Tensor) -> Tensor:
    """The Euclidean norm [n] of rows [n, d], with a finite gradient at 0."""
    return rows.square().sum(1).clamp_min(1e-12).sqrt()


def optimizer(config: EnergyConfig, network: nn.Module) -> torch.optim.Optimizer:
    """The optimizer of one network."""
    return torch.optim.Adam(network.parameters(), lr=config.lr, betas=(config.beta1, config.beta2), fused=True)


RING = cited("measured on the ring (README)", lr=1e-3, weight=0.1)

METHOD = Method(
    name="energy",
    trainer=Energy,
    config=EnergyConfig,
    paper="Bellemare et al. 2017, The Cramer distance as a solution to biased Wasserstein gradients, arXiv 1705.10743",
    presets={"ring": RING, "ring-sharp": RING},
    variants={"cramer": cited(CRAMER, space="features", beta2=0.9)},
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    """The one method of this plugin."""
    return [METHOD]
