"""The sliced Wasserstein distance (Deshpande et al. 2018, arXiv 1803.11188) between samples and data, or between a GAN
critic's features of them; and its largest slice (Deshpande et al. 2019, arXiv 1904.05877).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from genbench.plugin import Kit, Method, Trainer, cited, hookimpl, setting

SWG = "Deshpande et al. 2018, arXiv 1803.11188, and their code (swg)"
MAX = "Deshpande et al. 2019, arXiv 1904.05877"


@dataclass(frozen=True, kw_only=True)
class SlicedConfig:
    """The settings of sliced distances; the critic's are those of `space=features`."""

    space: Literal["data", "features"] = setting(
        "data", "where directions are drawn: in the data's space, or in that of a GAN critic's features", source=SWG
    )
    slices: Literal["random", "largest"] = setting(
        "random", "directions drawn at random, or the one in which the critic tells data from samples", source=SWG
    )
    directions: int = setting(1000, "how many directions are drawn for an update", source=f"{SWG}: 10,000", at_least=1)
    features: int = setting(128, "dimension K of the critic's features", at_least=1)
    lr: float = setting(1e-4, "Adam's learning rate, of both networks", source=SWG, above=0)
    beta1: float = setting(0.5, "Adam's decay of the mean gradient", source=SWG, at_least=0, below=1)
    beta2: float = setting(
        0.999, "Adam's decay of the squared gradient", source="Adam, arXiv 1412.6980", at_least=0, below=1
    )

    def __post_init__(self) -> None:
        if self.slices == "largest" and self.space == "data":
            raise ValueError("slices=largest needs space=features: the direction is that of a critic's logit")


class Sliced(Trainer):
    """A generator that moves its samples along directions until they lie as the data do."""

    def __init__(self, config: SlicedConfig, kit: Kit) -> None:
        super().__init__(config, kit)
        self.generator = kit.generator()
        self.generator_optimizer = optimizer(config, self.generator)
        self.critic: nn.Module | None = None
        if config.space == "features":
            self.critic = kit.critic(config.features)
            self.logit = kit.network("logit", lambda: nn.Linear(config.features, 1, bias=False))
            self.critic_optimizer = optimizer(config, self.critic, self.logit)

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """One update of the generator, and one of the critic, where there is one, on the same batch and noise."""
        real = next(batches)
        fake = self.generator(self.kit.noise(len(real)))
        searched = self.config.slices == "largest"  # by the critic, which steps first then
        scalars = self._critic_step(real, fake.detach()) if searched else {}
        distance = self._distance(real, fake)
        self.kit.comm.descend((self.generator_optimizer, distance))
        if self.critic is not None and not searched:
            scalars = self._critic_step(real, fake.detach())
        return scalars | {"sliced_distance": distance.detach()}

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

    def _distance(self, real: Tensor, fake: Tensor) -> Tensor:
        """Of all ranks' rows: a sort sees the whole batch."""
        with torch.no_grad():
            x = self.kit.comm.gather(self._features(real))
        f = self.kit.comm.gather(self._features(fake))
        if self.config.slices == "largest":
            return sliced_distance(x, f, next(self.logit.parameters()).detach().T)
        return sliced_distance(x, f, self.kit.normal((x.shape[1], self.config.directions), shared=True))

    def _critic_step(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        of_real, of_fake = self.logit(self._features(real)), self.logit(self._features(fake))
        loss = softplus(-of_real).mean() + softplus(of_fake).mean()
        self.kit.comm.descend((self.critic_optimizer, loss))
        return {"critic_loss": loss.detach()}


def sliced_distance(x: Tensor, f: Tensor, directions: Tensor) -> Tensor:
    """The mean over directions, the columns of [d, L], of the squared Wasserstein-2 distance between the projections of
    rows x and f [n, d]: mean (sort(f θ) - sort(x θ))², θ of length 1 (Deshpande et al. 2018, eq. 8).
    """
    unit = directions / directions.square().sum(0).clamp_min(1e-12).sqrt()
    return ((f @ unit).sort(0).values - (x @ unit).sort(0).values).square().mean()


def optimizer(config: SlicedConfig, *networks: nn.Module) -> torch.optim.Optimizer:
    """One optimizer for all the networks."""
    parameters = [weights for network in networks for weights in network.parameters()]
    return torch.optim.Adam(parameters, lr=config.lr, betas=(config.beta1, config.beta2), fused=True)


RING = cited("measured on the ring (README); in the plane 100 directions are plenty", lr=1e-3, directions=100)

METHOD = Method(
    name="sliced",
    trainer=Sliced,
    config=SlicedConfig,
    paper=(
        "Deshpande, Zhang & Schwing 2018, Generative modeling using the sliced Wasserstein distance, CVPR, arXiv"
        " 1803.11188"
    ),
    presets={"ring": RING, "ring-sharp": RING},
    variants={
        "features": cited(SWG, space="features"),
        "max": cited(MAX, space="features", slices="largest"),
    },
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    """The one method of this plugin."""
    return [METHOD]
