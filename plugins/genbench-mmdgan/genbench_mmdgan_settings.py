"""The settings of an MMD-GAN, those that differ by data set and by variant, and what is made of them alone: the
schedule of critic steps and the optimizers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from genbench.plugin import cite, cited, setting

LI = "the code of Li et al. 2017, arXiv 1705.08584"
JULIA = "JuliaGRAM (ring)"
WANG = "Wang et al. 2019, arXiv 1812.09916, and their code (CIFAR-10)"
ARBEL = "Arbel et al. 2018, arXiv 1805.11565, and their code (CIFAR-10)"
BINKOWSKI = "Bińkowski et al. 2018, arXiv 1801.01401"


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
    critic_loss: Literal["mmd", "repulsive", "bounded", "scaled", "penalised"] = setting(
        "mmd",
        "the critic raises the MMD; or pulls fakes together and pushes real ones apart, within bounds or not; or raises"
        " MMD², divided by the size of its slopes or with a penalty on the witness's",
        source=f"{LI}; {WANG}; {ARBEL}; {BINKOWSKI}",
        later=True,
    )
    kernel: Literal["gaussian", "rational-quadratic"] = setting(
        "gaussian", "or (1 + d²/2α)^-α with the widths as α: under scaled and penalised", source=BINKOWSKI, later=True
    )
    smoothness: float = setting(
        10.0, "weight λ of the slopes, under scaled and penalised", source=ARBEL, at_least=0, later=True
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

SMOOTH = cited(f"{BINKOWSKI}; {ARBEL}", optimizer="adam", lr=1e-4, beta1=0.5, beta2=0.9, ae=0.0, fsr=0.0) | cited(
    f"{BINKOWSKI}; {ARBEL}", clamp=None, norm="none", critic_steps=5
)

PRESETS = {
    "ring": RING,
    "ring-sharp": RING,
    "digits": DIGITS,
    "mnist": MNIST,
    "fashion-mnist": MNIST,
    "cifar10": {},
    "celeba": {},
}
# Each names both weights, so that a variant is the same on every data set: the ring's preset has no FSR.
VARIANTS = {
    "fsr": cited("paper, Table 4", ae=0.0, fsr=16.0),
    "ae": cited("paper, Table 4", ae=8.0, fsr=0.0),
    "plain": cited("paper, Table 4", ae=0.0, fsr=0.0),
    "repulsive": REPULSIVE | cited(WANG, critic_loss="repulsive"),
    "bounded": REPULSIVE | cited(WANG, critic_loss="bounded"),
    "scaled": SMOOTH
    | cited(ARBEL, critic_loss="scaled", features=1, widths=(1.0,), smoothness=10.0)
    | cited(ARBEL, warmup=20, warmup_critic_steps=10, burst_every=500),
    "rq-gp": SMOOTH
    | cited(BINKOWSKI, critic_loss="penalised", kernel="rational-quadratic", widths=(0.2, 0.5, 1.0, 2.0, 5.0))
    | cited(BINKOWSKI, features=16, smoothness=1.0, warmup=0, burst_every=0),
    "julia": (
        AUTHORS
        | cited(JULIA, lr=5e-5, fsr=16.0, fresh_batches=False)
        | cited("JuliaGRAM: 999f-4, a slip for 0.999", beta2=0.0999)
    ),
}
