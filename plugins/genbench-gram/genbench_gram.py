"""Generative ratio matching (arXiv 1806.00101): the critic preserves density ratios, the generator minimises MMD
between features.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from genbench import kernels
from genbench.plugin import Kit, Method, Trainer, cited, hookimpl, setting


@dataclass(frozen=True, kw_only=True)
class GRAMConfig:
    """The settings of a GRAM network."""

    optimizer: Literal["adam", "rmsprop"] = setting(
        "adam", "optimizer of both networks", source="paper, app. A.1 and A.3"
    )
    lr: float = setting(2e-4, "learning rate of both networks", source="GRAMTorch; JuliaGRAM (CIFAR-10)", above=0)
    beta1: float = setting(
        0.5, "Adam's decay of the mean gradient", source="paper, app. A.1 and A.3", at_least=0, below=1
    )
    beta2: float = setting(
        0.999, "Adam's decay of the squared gradient", source="GRAMTorch, GRAMFlow", at_least=0, below=1
    )
    features: int | None = setting(
        None, "dimension K of the critic's features; none: the noise's dimension", source="paper, section 4", at_least=1
    )
    widths: tuple[float, ...] = setting(
        (1.0, 2.0, 4.0, 8.0, 16.0),
        "widths of the kernels exp(-d²/(2 width²))",
        source="Li et al., arXiv 1705.08584",
        above=0,
    )
    width_is_variance: bool = setting(
        False, "the kernels are exp(-d²/(2 width)) instead", source="the code of Li et al. 2017; JuliaGRAM"
    )
    ridge: float = setting(
        1e-3, "added to the diagonal of the Gram matrix that is inverted", source="JuliaGRAM, GRAMTorch", at_least=0
    )
    objective: Literal["pearson", "pearson-clip", "flow", "mmd", "none"] = setting(
        "pearson", "critic maximises PD + λ 1ᵀr; PD of max(r, 0); mean r'; the MMD; nothing", source="paper, eq. 9"
    )
    positivity: float = setting(
        1.0, "weight λ of the ratios' sum in the objective pearson", source="paper, eq. 9", at_least=0
    )
    positivity_over: Literal["sum", "mean"] = setting(
        "sum", "whether that sum is over points or their mean", source="paper, eq. 9"
    )
    ratio_over_widths: Literal["mean", "sum"] = setting(
        "mean", "how the ratios of several widths become one", source="JuliaGRAM, GRAMFlow"
    )
    sqrt: bool = setting(True, "the generator minimises MMD rather than MMD²", source="JuliaGRAM, GRAMFlow, GRAMTorch")
    update: Literal["simultaneous", "alternating"] = setting(
        "simultaneous", "both at once; or the critic first", source="paper, algorithm 1"
    )
    log_ratio_difference: bool = setting(
        False,
        "log an estimate of D*, the squared ratio difference",
        source="paper, eq. 4; figures 1b, 7b",
        numbers=False,
    )

    def __post_init__(self) -> None:
        if not self.widths:
            raise ValueError("widths must hold at least one width")


class GRAM(Trainer):
    """A generator and a critic that do not play against each other: both play against a fixed kernel."""

    def __init__(self, config: GRAMConfig, kit: Kit) -> None:
        super().__init__(config, kit)
        self.generator = kit.generator()
        self.critic = kit.critic(config.features or kit.latent, bias=False)
        self.generator_optimizer = optimizer(config, self.generator)
        self.critic_optimizer = optimizer(config, self.critic)

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """One update of each network on one batch: algorithm 1 of the paper."""
        real = next(batches)
        fake = self.generator(self.kit.noise(len(real)))
        return self._together(real, fake) if self.config.update == "simultaneous" else self._in_turn(real, fake)

    def _together(self, real: Tensor, fake: Tensor) -> Mapping[str, Tensor]:
        """Both networks at once, at the same features."""
        q, p = self._features(fake), self._features(real)
        ratio, mmd2 = compare(q, p, self.config)
        critic_loss = -critic_objective(ratio, mmd2, self.config)
        generator_loss = generator_objective(mmd2, self.config)
        self.kit.comm.descend((self.critic_optimizer, critic_loss), (self.generator_optimizer, generator_loss))
        return scalars(generator_loss, critic_loss, mmd2, ratio, p) | self._ratio_difference(fake, real, q, p)

    def _in_turn(self, real: Tensor, fake: Tensor) -> Mapping[str, Tensor]:
        """The critic first, then the generator at the features of the critic that has moved."""
        q, p = self._features(fake.detach()), self._features(real)
        ratio, mmd2 = compare(q, p, self.config)
        difference = self._ratio_difference(fake, real, q, p)
        critic_loss = -critic_objective(ratio, mmd2, self.config)
        self.kit.comm.descend((self.critic_optimizer, critic_loss))
        q, p = self._features(fake), self.kit.comm.gather(self.critic(real).detach())
        mmd2 = kernels.mmd2(q, p, widths(self.config))
        generator_loss = generator_objective(mmd2, self.config)
        self.kit.comm.descend((self.generator_optimizer, generator_loss))
        return scalars(generator_loss, critic_loss, mmd2, ratio, p) | difference

    def _features(self, images: Tensor) -> Tensor:
        """All ranks' features [world * n, K]; real and fake go through the critic apart, for its batch norm."""
        return self.kit.comm.gather(self.critic(images))

    @torch.no_grad()
    def _ratio_difference(self, fake: Tensor, real: Tensor, q: Tensor, p: Tensor) -> dict[str, Tensor]:
        """The estimate of D* at the features of this step, where it is asked for."""
        if not self.config.log_ratio_difference:
            return {}
        fake, real = (self.kit.comm.gather(images.detach().flatten(1)) for images in (fake, real))
        return {"ratio_difference_estimate": ratio_difference(fake, real, q, p, self.config)}

    def kind_of_step(self) -> str:
        """All steps are alike."""
        return "step"

    def sample(self, z: Tensor) -> Tensor:
        """The generator's images for latents [n, latent]."""
        images: Tensor = self.generator(z)
        return images

    def project(self, images: Tensor) -> Tensor:
        """The critic's features [n, K], of which the kernel takes the differences."""
        features: Tensor = self.critic(images)
        return features


def compare(q: Tensor, p: Tensor, config: GRAMConfig) -> tuple[Tensor, Tensor]:
    """The ratio and the MMD² of fake features q [n, K] and real ones p [m, K].

    The ratio is p/q at the rows of q, or for the objective flow its inverse q/p at the rows of p.
    """
    at, over = (p, q) if config.objective == "flow" else (q, p)
    ratio, mmd2 = kernels.ratio_and_mmd2(at, over, widths(config), config.ridge)
    return ratio * len(config.widths) if config.ratio_over_widths == "sum" else ratio, mmd2


def critic_objective(ratio: Tensor, mmd2: Tensor, config: GRAMConfig) -> Tensor:
    """What the critic maximises: eq. 9 of the paper, eq. 7 of ratios clipped at 0, or GRAMFlow's mean ratio; or, as a
    control, what the generator minimises, or nothing.
    """
    if config.objective in ("mmd", "none"):
        return generator_objective(mmd2, config) if config.objective == "mmd" else 0 * mmd2
    if config.objective == "flow":
        return ratio.mean()
    if config.objective == "pearson-clip":
        return kernels.pearson_divergence(ratio.clamp_min(0))
    total = ratio.sum() if config.positivity_over == "sum" else ratio.mean()
    return kernels.pearson_divergence(ratio) + config.positivity * total


def ratio_difference(fake: Tensor, real: Tensor, q: Tensor, p: Tensor, config: GRAMConfig) -> Tensor:
    """An estimate of the squared ratio difference D* (eq. 4 of the paper), a scalar: how much the critic changes the
    ratio of the densities at fake points.

    mean (r_x - r_θ)² over fake points [n, d] with features q [n, K], real ones [m, d] with p [m, K]: both ratios are
    eq. 8's, of the same kernels and ridge. 0 when the critic keeps all distances, the Pearson divergence in data space
    when it sees nothing (eq. 5).
    """
    in_data, in_features = (
        kernels.density_ratio(at, over, widths(config), config.ridge) for at, over in ((fake, real), (q, p))
    )
    return (in_data - in_features).square().mean()


def generator_objective(mmd2: Tensor, config: GRAMConfig) -> Tensor:
    """What the generator minimises: the MMD, or its square (eq. 10)."""
    return kernels.sqrt_mmd(mmd2) if config.sqrt else mmd2


def scalars(generator_loss: Tensor, critic_loss: Tensor, mmd2: Tensor, ratio: Tensor, p: Tensor) -> dict[str, Tensor]:
    """What a step returns: losses, MMD, how the ratio is spread, how wide the features of real images are."""
    ratio = ratio.detach()
    return {
        "generator_loss": generator_loss.detach(),
        "critic_loss": critic_loss.detach(),
        "mmd": kernels.sqrt_mmd(mmd2.detach()),
        "pearson": kernels.pearson_divergence(ratio),
        "ratio_mean": ratio.mean(),
        "ratio_min": ratio.min(),
        "ratio_max": ratio.max(),
        "ratio_negative": (ratio < 0).double().mean(),
        "feature_std": p.detach().std(0).mean(),
    }


def widths(config: GRAMConfig) -> tuple[float, ...]:
    """The widths in the sense of `kernels`: standard deviations."""
    return tuple(width**0.5 for width in config.widths) if config.width_is_variance else config.widths


def optimizer(config: GRAMConfig, network: nn.Module) -> torch.optim.Optimizer:
    """The optimizer of one network."""
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(network.parameters(), lr=config.lr)
    return torch.optim.Adam(network.parameters(), lr=config.lr, betas=(config.beta1, config.beta2), fused=True)


RING = cited("paper, app. A.1", lr=1e-3, features=10, widths=(1.0,))
DIGITS = cited("measured at 16x16: 1e-3 gets worse after 2,000 updates", lr=2e-4)
MNIST = cited("paper, app. A.3", lr=1e-3, widths=(0.1, 1.0, 10.0, 100.0))
IMAGES = cited("measured on photographs: 2e-4, that of GRAMTorch and JuliaGRAM, is far behind (README)", lr=1e-3) | cited(
    "measured on photographs at 32x32: at 1e-3 the critic lives on ratios of ±50 (README)", ridge=0.1
)

METHOD = Method(
    name="gram",
    trainer=GRAM,
    config=GRAMConfig,
    paper="Srivastava, Xu, Gutmann & Sutton 2020, Generative ratio matching networks, ICLR, arXiv 1806.00101",
    presets={"ring": RING, "ring-sharp": RING, "digits": DIGITS}
    | dict.fromkeys(("mnist", "fashion-mnist"), MNIST)
    | dict.fromkeys(("cifar10", "celeba", "folder"), IMAGES),
    variants={
        "paper": cited("paper, section 4: as Li et al. 2017", optimizer="rmsprop", lr=5e-5)
        | cited("paper, eq. 8 and 10", ridge=0.0, sqrt=False),
        "flow": cited("GRAMFlow", optimizer="adam", lr=1e-4, objective="flow", ridge=0.0)
        | cited("GRAMFlow", width_is_variance=True, update="alternating"),
        "julia": cited("JuliaGRAM", positivity_over="mean", ridge=1e-3)
        | cited("JuliaGRAM: 999f-4, a slip for 0.999", beta2=0.0999),
        "torch": cited(
            "GRAMTorch", lr=2e-4, ridge=1e-3, positivity_over="mean", ratio_over_widths="sum", width_is_variance=True
        ),
        "clip": cited("JuliaGRAM, GRAMTorch: an option of both", objective="pearson-clip"),
        "frozen": cited("a control: the features of the critic's initial weights", objective="none"),
        "adversarial": cited("a control: the critic of Li et al. 2017, arXiv 1705.08584", objective="mmd"),
    },
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    """The one method of this plugin."""
    return [METHOD]
