"""The MMD-GAN of Li et al. 2017 (arXiv 1705.08584): a critic that learns the kernel of an MMD network, as its authors
coded it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Literal

import torch
from torch import Tensor, nn

from genbench import kernels
from genbench.plugin import Kit, Method, Trainer, cite, cited, hookimpl, setting

LI = "the code of Li et al. 2017, arXiv 1705.08584"
JULIA = "JuliaGRAM (ring)"
WANG = "Wang et al. 2019, arXiv 1812.09916, and their code (CIFAR-10)"
BOUNDS = (0.25, 4.0)
"""Of d²: fakes are pulled together until they are so near, real ones pushed apart until so far (Wang et al. 2019)."""


@dataclass(frozen=True, kw_only=True)
class MMDGANConfig:
    """The settings of an MMD-GAN."""

    optimizer: Literal["rmsprop", "adam"] = setting("rmsprop", "optimizer of all networks", source=LI)
    lr: float = setting(5e-5, "learning rate of all networks", source=LI, above=0)
    beta1: float = setting(0.5, "Adam's decay of the mean gradient", source=JULIA, at_least=0, below=1)
    beta2: float = setting(
        0.999, "Adam's decay of the squared gradient", source="Adam, arXiv 1412.6980", at_least=0, below=1
    )
    features: int | None = setting(
        None, "dimension K of the critic's features; none: the noise's dimension", source=LI, at_least=1
    )
    widths: tuple[float, ...] = setting(
        (1.0, 2.0, 4.0, 8.0, 16.0), "widths of the summed kernels exp(-d² / (2 width²))", source=LI, above=0
    )
    ae: float = setting(
        8.0, "weight of the autoencoder penalty, for real and for fake; 0: no decoder", source=LI, at_least=0
    )
    fsr: float = setting(16.0, "weight of the feasible set reduction", source=LI, at_least=0)
    clamp: float | None = setting(
        0.01,
        "the critic's weights are clamped to [-clamp, clamp] before each of its steps; none: they are not",
        source=LI,
        above=0,
    )
    critic_steps: int = setting(5, "critic steps for one generator step", source=LI, at_least=1)
    warmup: int = setting(25, "first generator steps that get warmup_critic_steps instead", source=LI, at_least=0)
    warmup_critic_steps: int = setting(100, "critic steps in the warm-up and in a burst", source=LI, at_least=1)
    burst_every: int = setting(
        500, "generator steps from one burst of critic steps to the next; 0: no bursts", source=LI, at_least=0
    )
    fresh_batches: bool = setting(
        True, "a batch for every step of either network; else one batch for all steps of an update", source=LI
    )
    critic_loss: Literal["mmd", "repulsive", "bounded"] = setting(
        "mmd",
        "the critic raises the MMD; or it pulls fakes together and pushes real ones apart, within bounds or not",
        source=f"{LI}; {WANG}",
        later=True,
    )
    critic_lr: float | None = setting(
        None, "learning rate of the critic; none: as the generator's", source=WANG, above=0, later=True
    )
    norm: Literal["batch", "none", "spectral", "layer"] | None = setting(
        None, "norm of the critic; none as a word: without one, null: the study's", source=WANG, later=True
    )

    def __post_init__(self) -> None:
        if not self.widths:
            raise ValueError("widths must hold at least one width")


class MMDGAN(Trainer):
    """A generator, a critic that maximises the MMD of its features, and a decoder that keeps the critic injective."""

    updates: Tensor

    def __init__(self, config: MMDGANConfig, kit: Kit) -> None:
        super().__init__(config, kit)
        features = config.features or kit.latent
        self.generator = kit.generator()
        self.critic = kit.critic(features, bias=False, norm=config.norm)
        self.decoder = kit.decoder(features) if config.ae > 0 else None
        self.generator_optimizer = optimizer(config, self.generator)
        self.critic_optimizer = optimizer(config, self.critic, self.decoder, lr=config.critic_lr)
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """The critic's steps and one of the generator; or, where the critic repels, one of both at once."""
        if self.config.critic_loss != "mmd":
            return self._simultaneous_step(next(batches))
        if not self.config.fresh_batches:
            batches = repeat(next(batches))
        for _ in range(critic_steps(self.config, int(self.updates))):
            scalars = self._critic_step(next(batches))
        scalars |= self._generator_step(next(batches))
        self.updates += 1
        return scalars

    def kind_of_step(self) -> int:
        """Steps differ in how many critic steps they have."""
        return critic_steps(self.config, int(self.updates))

    def sample(self, z: Tensor) -> Tensor:
        """The generator's images for latents [n, latent]."""
        images: Tensor = self.generator(z)
        return images

    def project(self, images: Tensor) -> Tensor:
        """The critic's features [n, K], of which the kernel takes the differences."""
        features: Tensor = self.critic(images)
        return features

    def _critic_step(self, real: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            if self.config.clamp is not None:
                for weights in self.critic.parameters():
                    weights.clamp_(-self.config.clamp, self.config.clamp)
            fake = self.generator(self.kit.noise(len(real)))
        p, q = self.critic(real), self.critic(fake)
        mmd, hinge = self._compare(q, p)
        error = torch.zeros_like(mmd)
        if self.decoder is not None:
            error = (self.decoder(p) - real).square().mean() + (self.decoder(q) - fake).square().mean()
        loss = -(mmd + self.config.fsr * hinge - self.config.ae * error)
        self.kit.comm.descend((self.critic_optimizer, loss))
        return {"critic_loss": loss.detach(), "critic_mmd": mmd.detach(), "autoencoder_error": error.detach()}

    def _generator_step(self, real: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            p = self.critic(real)
        q = self.critic(self.generator(self.kit.noise(len(real))))
        mmd, hinge = self._compare(q, p)
        loss = mmd + self.config.fsr * hinge
        self.kit.comm.descend((self.generator_optimizer, loss))
        return {
            "generator_loss": loss.detach(),
            "mmd": mmd.detach(),
            "hinge": hinge.detach(),
            "feature_std": p.std(0).mean(),
        }

    def _simultaneous_step(self, real: Tensor) -> dict[str, Tensor]:
        q, p = (
            self.kit.comm.gather(self.critic(images)) for images in (self.generator(self.kit.noise(len(real))), real)
        )
        bounds = BOUNDS if self.config.critic_loss == "bounded" else (0.0, torch.inf)
        critic_loss = repulsion(q, p, self.config.widths, bounds)
        mmd2 = unbiased_mmd2(q, p, self.config.widths)
        self.kit.comm.descend((self.critic_optimizer, critic_loss), (self.generator_optimizer, mmd2))
        return {"critic_loss": critic_loss.detach(), "mmd2": mmd2.detach(), "feature_std": p.detach().std(0).mean()}

    def _compare(self, q: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        """The MMD and the hinge of fake features q and real ones p, each [n, features], over all ranks' rows."""
        q, p = self.kit.comm.gather(q), self.kit.comm.gather(p)
        return kernels.sqrt_mmd(kernels.mmd2(q, p, self.config.widths)), mean_hinge(q, p)


def mean_hinge(q: Tensor, p: Tensor) -> Tensor:
    """-mean_k max(0, mean_j q[j, k] - mean_i p[i, k]): feasible set reduction of fake q and real p (Li et al. 2017,
    section 4).
    """
    return -(q.mean(0) - p.mean(0)).relu().mean()


def likeness(x: Tensor, widths: Sequence[float], nearest: float = 0.0, farthest: float = torch.inf) -> Tensor:
    """The mean kernel of two different rows of x [n, features], with squared distances cut off at nearest and
    farthest.
    """
    distances = off_diagonal(kernels.squared_distances(x, x).clamp(nearest, farthest))
    return kernels.mixture(distances, widths).mean()


def off_diagonal(square: Tensor) -> Tensor:
    """The entries of a matrix [n, n] beside its diagonal, row by row, [n (n - 1)]. A mask would say the same, and a GPU
    would be waited for to count its entries.
    """
    n = len(square)
    return square.flatten()[1:].view(n - 1, n + 1)[:, :-1].reshape(-1)


def unbiased_mmd2(q: Tensor, p: Tensor, widths: Sequence[float]) -> Tensor:
    """e_qq + e_pp - 2 e_qp, with no row compared to itself: it may be negative (Gretton et al. 2012, eq. 3)."""
    across = kernels.mixture(kernels.squared_distances(q, p), widths).mean()
    return likeness(q, widths) + likeness(p, widths) - 2 * across


def repulsion(q: Tensor, p: Tensor, widths: Sequence[float], bounds: tuple[float, float]) -> Tensor:
    """e_pp - e_qq of real p and fake q, to be minimised by the critic (Wang et al. 2019, eq. 4 and 9): there is no
    force between fakes that are nearer, or real ones that are farther, than the bounds of d².
    """
    nearest, farthest = bounds
    return likeness(p, widths, farthest=farthest) - likeness(q, widths, nearest=nearest)


def critic_steps(config: MMDGANConfig, update: int) -> int:
    """How many critic steps the update gets, counted from 0."""
    burst = config.burst_every > 0 and update % config.burst_every == 0
    return config.warmup_critic_steps if burst or update < config.warmup else config.critic_steps


def optimizer(config: MMDGANConfig, *networks: nn.Module | None, lr: float | None = None) -> torch.optim.Optimizer:
    """One optimizer for all the networks that there are; lr: none is that of the settings."""
    rate = config.lr if lr is None else lr
    parameters = [weights for network in networks if network is not None for weights in network.parameters()]
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(parameters, lr=rate)
    return torch.optim.Adam(parameters, lr=rate, betas=(config.beta1, config.beta2), fused=True)


AUTHORS = cited(JULIA, optimizer="adam", features=10, widths=(1.0,), clamp=0.1, warmup=0, burst_every=0)
RING = AUTHORS | cited("measured: sharper after 1,000 updates than JuliaGRAM's 5e-5 and 16 (README)", lr=5e-4, fsr=0.0)
MNIST = cited(
    "measured: under 0.01 Table 3's critic keeps its features within 0.002, and its kernels compare only means",
    clamp=0.1,
) | cited("measured on Fashion-MNIST: the published 5e-5 needs far longer", lr=2e-4)
DIGITS = cited(
    "the published warm-up takes 2,525 batches of a budget of 3,000; this one 105", warmup=5, warmup_critic_steps=20
)

REPULSIVE = cited(WANG, optimizer="adam", lr=5e-4, critic_lr=2e-4, features=16, widths=(1.0,), ae=0.0, fsr=0.0) | {
    "clamp": cite(None, WANG),
    "norm": cite("spectral", WANG),
}

METHOD = Method(
    name="mmdgan",
    trainer=MMDGAN,
    config=MMDGANConfig,
    paper=(
        "Li, Chang, Cheng, Yang & Póczos 2017, MMD GAN: towards deeper understanding of moment matching network,"
        " NeurIPS, arXiv 1705.08584"
    ),
    presets={
        "ring": RING,
        "ring-sharp": RING,
        "digits": DIGITS,
        "mnist": MNIST,
        "fashion-mnist": MNIST,
        "cifar10": {},
        "celeba": {},
    },
    # Each names both weights, so that a variant is the same on every data set: the ring's preset has no FSR.
    variants={
        "fsr": cited("paper, Table 4", ae=0.0, fsr=16.0),
        "ae": cited("paper, Table 4", ae=8.0, fsr=0.0),
        "plain": cited("paper, Table 4", ae=0.0, fsr=0.0),
        "repulsive": REPULSIVE | cited(WANG, critic_loss="repulsive"),
        "bounded": REPULSIVE | cited(WANG, critic_loss="bounded"),
        "julia": (
            AUTHORS
            | cited(JULIA, lr=5e-5, fsr=16.0, fresh_batches=False)
            | cited("JuliaGRAM: 999f-4, a slip for 0.999", beta2=0.0999)
        ),
    },
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    """The one method of this plugin."""
    return [METHOD]
