"""Generative ratio matching (arXiv 1806.00101): the critic preserves density ratios, the generator minimises MMD
between features.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import torch
from genbench_gram_losses import compare, critic_objective, generator_objective, ratio_difference, scalars, widths
from genbench_gram_settings import PRESETS, VARIANTS, GRAMConfig
from torch import Tensor, nn

from genbench import kernels
from genbench.plugin import Kit, Method, Trainer, hookimpl


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


def optimizer(config: GRAMConfig, network: nn.Module) -> torch.optim.Optimizer:
    """The optimizer of one network."""
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(network.parameters(), lr=config.lr)
    return torch.optim.Adam(network.parameters(), lr=config.lr, betas=(config.beta1, config.beta2), fused=True)


METHOD = Method(
    name="gram",
    trainer=GRAM,
    config=GRAMConfig,
    paper="Srivastava, Xu, Gutmann & Sutton 2020, Generative ratio matching networks, ICLR, arXiv 1806.00101",
    presets=PRESETS,
    variants=VARIANTS,
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    """The one method of this plugin."""
    return [METHOD]
