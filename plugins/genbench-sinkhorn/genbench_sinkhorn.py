"""The Sinkhorn divergence (Genevay et al. 2018, arXiv 1706.00292): entropic optimal transport without its bias, between
samples and data, or between the features of a critic that raises it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from genbench import kernels
from genbench.plugin import Kit, Method, Trainer, cited, hookimpl, setting

PAPER = "Genevay et al. 2018, arXiv 1706.00292"
WGAN = "as the clipped critic of Arjovsky et al. 2017, arXiv 1701.07875"


@dataclass(frozen=True, kw_only=True)
class SinkhornConfig:
    """The settings of the Sinkhorn divergence; the critic's are those of `space=features`."""

    space: Literal["data", "features"] = setting(
        "data", "where costs are taken: between samples as they are, or between a critic's features", source=PAPER
    )
    blur: float = setting(
        0.05, "entropy's weight ε, as a share of the median cost of a sample and a datum", source=PAPER, above=0
    )
    rounds: int = setting(20, "rounds of Sinkhorn's algorithm", source=PAPER, at_least=1)
    gradient: Literal["envelope", "unrolled"] = setting(
        "envelope", "through the costs alone, at the plan that was found; or through the rounds too", source=PAPER
    )
    lr: float = setting(2e-4, "Adam's learning rate, of both networks", source="DCGAN, arXiv 1511.06434", above=0)
    beta1: float = setting(
        0.5, "Adam's decay of the mean gradient", source="DCGAN, arXiv 1511.06434", at_least=0, below=1
    )
    beta2: float = setting(
        0.999, "Adam's decay of the squared gradient", source="Adam, arXiv 1412.6980", at_least=0, below=1
    )
    features: int | None = setting(
        None, "dimension K of the critic's features; none: the noise's dimension", source=PAPER, at_least=1
    )
    clamp: float = setting(
        0.01, "the critic's weights are clamped to [-clamp, clamp] before each of its steps", source=WGAN, above=0
    )
    critic_steps: int = setting(5, "critic steps for one generator step", source=WGAN, at_least=1)


class Sinkhorn(Trainer):
    """A generator that lowers the Sinkhorn divergence from the data."""

    def __init__(self, config: SinkhornConfig, kit: Kit) -> None:
        super().__init__(config, kit)
        self.generator = kit.generator()
        self.generator_optimizer = optimizer(config, self.generator)
        self.critic: nn.Module | None = None
        if config.space == "features":
            self.critic = kit.critic(config.features or kit.latent, bias=False)
            self.critic_optimizer = optimizer(config, self.critic)

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """The critic's steps, where there is one, and one of the generator, each on a batch of its own."""
        scalars: dict[str, Tensor] = {}
        if self.critic is not None:
            for _ in range(self.config.critic_steps):
                scalars = self._critic_step(self.critic, next(batches))
        real = next(batches)
        with torch.no_grad():
            x = self._features(real)
        divergence, blur = self._divergence(x, self._features(self.generator(self.kit.noise(len(real)))))
        self.kit.comm.descend((self.generator_optimizer, divergence))
        return scalars | {"divergence": divergence.detach(), "epsilon": blur}

    def sample(self, z: Tensor) -> Tensor:
        """The generator's images for latents [n, latent]."""
        images: Tensor = self.generator(z)
        return images

    def project(self, images: Tensor) -> Tensor | None:
        """The critic's features [n, K], where there is one."""
        return None if self.critic is None else self.critic(images)

    def _features(self, images: Tensor) -> Tensor:
        features: Tensor = images.flatten(1) if self.critic is None else self.critic(images)
        return features

    def _critic_step(self, critic: nn.Module, real: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            for weights in critic.parameters():
                weights.clamp_(-self.config.clamp, self.config.clamp)
            fake = self.generator(self.kit.noise(len(real)))
        divergence, _ = self._divergence(critic(real), critic(fake))
        self.kit.comm.descend((self.critic_optimizer, -divergence))
        return {"critic_divergence": divergence.detach()}

    def _divergence(self, x: Tensor, f: Tensor) -> tuple[Tensor, Tensor]:
        """The divergence of all ranks' rows, and ε: the plan is that of the whole batch."""
        x, f = self.kit.comm.gather(x), self.kit.comm.gather(f)
        epsilon = self.config.blur * kernels.squared_distances(f.detach(), x.detach()).median().clamp_min(1e-12)
        unrolled = self.config.gradient == "unrolled"
        return sinkhorn_divergence(f, x, epsilon, self.config.rounds, unrolled=unrolled), epsilon


def sinkhorn_divergence(f: Tensor, x: Tensor, epsilon: Tensor, rounds: int, *, unrolled: bool = False) -> Tensor:
    """2 W(f, x) - W(f, f) - W(x, x) of rows f [n, d] and x [m, d], a scalar in fp64 (Genevay et al. 2018, eq. 5)."""
    costs = (kernels.squared_distances(a, b) for a, b in ((f, x), (f, f), (x, x)))
    across, of_f, of_x = (transport(cost, epsilon, rounds, unrolled=unrolled) for cost in costs)
    return 2 * across - of_f - of_x


def transport(cost: Tensor, epsilon: Tensor, rounds: int, *, unrolled: bool = False) -> Tensor:
    """W = <P, C> of costs [n, m] between equal weights, with P the plan after rounds of Sinkhorn's algorithm in the log
    domain (Genevay et al. 2018, algorithm 1); P is a constant to the gradient, unless it is unrolled.
    """
    with torch.set_grad_enabled(unrolled and torch.is_grad_enabled()):
        n, m = cost.shape
        scaled = -(cost if unrolled else cost.detach()) / epsilon
        u, v = scaled.new_zeros(n, 1), scaled.new_zeros(1, m)
        for _ in range(rounds):
            u = math.log(m) - (scaled + v).logsumexp(1, keepdim=True)
            v = math.log(n) - (scaled + u).logsumexp(0, keepdim=True)
        plan = (scaled + u + v).exp() / (n * m)
    return (plan * cost).sum()


def optimizer(config: SinkhornConfig, network: nn.Module) -> torch.optim.Optimizer:
    """The optimizer of one network."""
    return torch.optim.Adam(network.parameters(), lr=config.lr, betas=(config.beta1, config.beta2), fused=True)


RING = cited("measured on the ring (README)", lr=1e-3, features=10, clamp=0.1)

METHOD = Method(
    name="sinkhorn",
    trainer=Sinkhorn,
    config=SinkhornConfig,
    paper="Genevay et al. 2018, Learning generative models with Sinkhorn divergences, AISTATS, arXiv 1706.00292",
    presets={"ring": RING, "ring-sharp": RING},
    variants={"features": cited(PAPER, space="features")},
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    """The one method of this plugin."""
    return [METHOD]
