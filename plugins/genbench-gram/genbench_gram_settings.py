"""The settings of a GRAM network, and those that differ by data set and by variant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from genbench.plugin import cited, setting


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


RING = cited("paper, app. A.1", lr=1e-3, features=10, widths=(1.0,))
DIGITS = cited("measured at 16x16: 1e-3 gets worse after 2,000 updates", lr=2e-4)
MNIST = cited("paper, app. A.3", lr=1e-3, widths=(0.1, 1.0, 10.0, 100.0))
IMAGES = cited("measured on photographs: 2e-4, GRAMTorch and JuliaGRAM, is far behind (README)", lr=1e-3) | cited(
    "measured on photographs at 32x32: at 1e-3 the critic lives on ratios of ±50 (README)", ridge=0.1
)

PRESETS = (
    {"ring": RING, "ring-sharp": RING, "digits": DIGITS}
    | dict.fromkeys(("mnist", "fashion-mnist"), MNIST)
    | dict.fromkeys(("cifar10", "celeba", "folder"), IMAGES)
)
VARIANTS = {
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
}
