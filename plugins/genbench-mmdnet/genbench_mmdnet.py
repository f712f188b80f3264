"""The MMD network: a generator that minimises the maximum mean discrepancy in data space (arXiv 1502.02761,
1505.03906).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from genbench import kernels
from genbench.plugin import Kit, Method, Trainer, cite, hookimpl, setting

# GMMN's kernel is exp(-d² / (2 s)) on pixels in [0, 1]. Pixels in [-1, 1] double every distance, and the width is the
# square root of s: the same kernel has width 2 sqrt(s) here, for s = 2, 5, 10, 20, 40, 80.
GMMN_WIDTHS = (2.828, 4.472, 6.325, 8.944, 12.649, 17.889)


@dataclass(frozen=True, kw_only=True)
class MMDNetConfig:
    """The settings of an MMD network."""

    lr: float = setting(1e-3, "RMSprop's learning rate", source="paper, app. A.1; JuliaGRAM (MNIST)", above=0)
    alpha: float = setting(
        0.99,
        "RMSprop's decay of the squared gradient",
        source="PyTorch's default; the paper does not say",
        at_least=0,
        below=1,
    )
    widths: tuple[float, ...] = setting(
        GMMN_WIDTHS,
        "widths of the Gaussian kernels exp(-d² / (2 width²)), which are summed",
        source="Li et al. 2015, arXiv 1502.02761: 2, 5, 10, 20, 40, 80, rescaled to pixels in [-1, 1]",
        above=0,
    )
    sqrt: bool = setting(True, "minimise MMD rather than MMD²", source="Li et al. 2015, arXiv 1502.02761; JuliaGRAM")

    def __post_init__(self) -> None:
        if not self.widths:
            raise ValueError("widths must hold at least one width")


class MMDNet(Trainer):
    """A generator and a fixed kernel; nothing else is trained."""

    def __init__(self, config: MMDNetConfig, kit: Kit) -> None:
        super().__init__(config, kit)
        self.generator = kit.generator()
        self.generator_optimizer = torch.optim.RMSprop(self.generator.parameters(), lr=config.lr, alpha=config.alpha)

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """One update of the generator on one batch."""
        real = next(batches)
        fake = self.generator(self.kit.noise(len(real)))
        comm = self.kit.comm
        mmd2 = kernels.mmd2(comm.gather(fake.flatten(1)), comm.gather(real.flatten(1)), self.config.widths)
        mmd = kernels.sqrt_mmd(mmd2)
        loss = mmd if self.config.sqrt else mmd2
        comm.descend((self.generator_optimizer, loss))
        return {"generator_loss": loss.detach(), "mmd": mmd.detach()}

    def kind_of_step(self) -> str:
        """All steps are alike."""
        return "step"

    def sample(self, z: Tensor) -> Tensor:
        """The generator's images for latents [n, latent]."""
        images: Tensor = self.generator(z)
        return images


RING = {"widths": cite((1.0,), "paper, app. A.1")}
IMAGES = {"widths": cite(GMMN_WIDTHS, "Li et al. 2015, arXiv 1502.02761, rescaled to pixels in [-1, 1]")}

METHOD = Method(
    name="mmdnet",
    trainer=MMDNet,
    config=MMDNetConfig,
    paper=(
        "Li, Swersky & Zemel 2015, Generative moment matching networks, ICML, arXiv 1502.02761; Dziugaite et al. 2015,"
        " arXiv 1505.03906"
    ),
    presets={
        "ring": RING,
        "ring-sharp": RING,
        "digits": IMAGES,
        "mnist": IMAGES,
        "fashion-mnist": IMAGES,
        "cifar10": IMAGES,
        "celeba": IMAGES,
    },
    variants={
        "squared": {"sqrt": cite(False, "Dziugaite et al. 2015, arXiv 1505.03906; paper, eq. 2")},
        "julia": {"alpha": cite(0.9, "JuliaGRAM: the default of Flux")},
    },
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    """The one method of this plugin."""
    return [METHOD]
