"""Drifting (Deng et al. 2026, arXiv 2602.04770): a generator follows a field that pulls its samples to the data and
pushes them from each other; no critic, and no gradient through the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from genbench.plugin import Kit, Method, Trainer, cited, hookimpl, setting

PAPER = "Deng et al. 2026, arXiv 2602.04770"
CODE = "the authors' code (drifting)"


@dataclass(frozen=True, kw_only=True)
class DriftConfig:
    """The settings of drifting."""

    lr: float = setting(2e-4, "AdamW's learning rate", source=PAPER, above=0)
    beta1: float = setting(0.9, "AdamW's decay of the mean gradient", source=PAPER, at_least=0, below=1)
    beta2: float = setting(0.95, "AdamW's decay of the squared gradient", source=PAPER, at_least=0, below=1)
    decay: float = setting(0.01, "AdamW's weight decay", source=PAPER, at_least=0)
    temperatures: tuple[float, ...] = setting(
        (0.02, 0.05, 0.2),
        "temperatures τ, as shares of the mean distance; their fields are summed",
        source=PAPER,
        above=0,
    )
    floor: float = setting(
        0.0, "the least value of a squared weight: every pair pulls, however far", source=f"{CODE}: 1e-6", at_least=0
    )
    mask: float = setting(
        1e6,
        "what is added to a sample's distance to itself, in mean distances",
        source=f"{PAPER}, algorithm 2",
        above=0,
    )
    scale_with_self: bool = setting(
        False, "whether a sample's distance to itself counts in the mean distance", source=f"true in {CODE}"
    )


class Drift(Trainer):
    """A generator that moves each of its samples along the field."""

    def __init__(self, config: DriftConfig, kit: Kit) -> None:
        super().__init__(config, kit)
        self.generator = kit.generator()
        self.optimizer = torch.optim.AdamW(
            self.generator.parameters(),
            lr=config.lr,
            betas=(config.beta1, config.beta2),
            weight_decay=config.decay,
            fused=True,
        )

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """One update of the generator, by all ranks' samples and data."""
        config, gather, real = self.config, self.kit.comm.gather, next(batches)
        exact = torch.float32 if real.device.type == "mps" else torch.float64  # Apple's GPUs have no fp64
        fake = gather(self.generator(self.kit.noise(len(real))).flatten(1)).to(exact)
        with torch.no_grad():
            data = gather(real.flatten(1)).to(exact)
            drift, unit, sizes = field(
                fake.detach(), data, config.temperatures, config.floor, config.mask, with_self=config.scale_with_self
            )
        # Only the gradient matters: the value is the field's size, whatever the samples are.
        loss = (fake / unit - (fake.detach() / unit + drift)).square().mean()
        self.kit.comm.descend((self.optimizer, loss))
        return {"loss": loss.detach(), "drift": sizes.mean(), "unit": unit}

    def kind_of_step(self) -> str:
        """All steps are alike."""
        return "step"

    def sample(self, z: Tensor) -> Tensor:
        """The generator's images for latents [n, latent]."""
        images: Tensor = self.generator(z)
        return images


def field(
    fake: Tensor, real: Tensor, temperatures: Iterable[float], floor: float, mask: float, *, with_self: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The drift [n, d] of samples [n, d] among data [m, d], in units of the mean distance / √d; the unit; and the
    root mean square of the drift of each temperature, by which it was divided (Deng et al. 2026, algorithm 2).
    """
    n, targets = len(fake), torch.cat([fake, real])
    distances = torch.cdist(fake, targets, compute_mode="donot_use_mm_for_euclid_dist")
    pairs = distances.numel() if with_self else distances.numel() - n
    scale = (distances.sum() / pairs).clamp_min(1e-3)
    unit = scale / fake.shape[1] ** 0.5
    own = torch.zeros_like(distances)
    own.diagonal().fill_(mask)
    drifts = [raw_drift(distances / scale + own, fake / unit, targets / unit, tau, floor) for tau in temperatures]
    sizes = torch.stack([drift.square().mean().clamp_min(1e-8).sqrt() for drift in drifts])
    return sum((drift / size for drift, size in zip(drifts, sizes, strict=True)), torch.zeros_like(fake)), unit, sizes


def raw_drift(distances: Tensor, fake: Tensor, targets: Tensor, temperature: float, floor: float) -> Tensor:
    """V = (A⁺ ΣA⁻) x - (A⁻ ΣA⁺) f [n, d], with A = sqrt(softmax over targets · softmax over samples) of distances
    [n, n + m] / -temperature; A⁻ are its columns of samples, A⁺ those of data.
    """
    n, logits = len(fake), -distances / temperature
    weights = (logits.softmax(1) * logits.softmax(0)).clamp_min(floor).sqrt()
    of_fake, of_real = weights[:, :n], weights[:, n:]
    pull, push = of_real * of_fake.sum(1, keepdim=True), of_fake * of_real.sum(1, keepdim=True)
    return pull @ targets[n:] - push @ targets[:n]


RING = cited("the authors' notebook for points in the plane: Adam, 1e-3", lr=1e-3, beta2=0.999, decay=0.0)

METHOD = Method(
    name="drift",
    trainer=Drift,
    config=DriftConfig,
    paper="Deng et al. 2026, Generative modeling via drifting, arXiv 2602.04770",
    presets={"ring": RING, "ring-sharp": RING},
    variants={
        "code": cited(CODE, floor=1e-6, mask=100.0, scale_with_self=True),
        "near": cited("the authors' notebook: one temperature", temperatures=(0.05,)),
    },
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    """The one method of this plugin."""
    return [METHOD]
