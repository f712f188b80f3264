"""A trainer that needs everything that ranks can do, and is right: what the check `ranks` measures a machine by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from genbench.contract.kit import Kit
from genbench.contract.trainer import Trainer
from genbench.kernels import mixture, mmd2, squared_distances


@dataclass(frozen=True, kw_only=True)
class ReferenceConfig:
    """The reference has no settings."""


class Reference(Trainer):
    """An MMD-GAN whose critic has batch norm and two penalties: for its own slopes and for those of its witness."""

    def __init__(self, config: ReferenceConfig, kit: Kit) -> None:
        super().__init__(config, kit)
        self.generator, self.critic = kit.generator(), kit.critic(3, bias=False)
        self.of_generator, self.of_critic = (
            torch.optim.SGD(network.parameters(), 0.1) for network in (self.generator, self.critic)
        )

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """Both networks at once."""
        real = next(batches)
        fake = self.generator(self.kit.noise(len(real)))
        q, p = (self.kit.comm.gather(self.critic(images)) for images in (fake, real))
        between = (real + fake.detach()).div(2).requires_grad_()
        h = self.critic(between)
        witness = (mixture(squared_distances(h, p), WIDTHS) - mixture(squared_distances(h, q), WIDTHS)).mean(1)
        penalty = sum(_slopes(values, between).square().mean() for values in (h.square().sum(1), witness))
        loss = mmd2(q, p, WIDTHS)
        self.kit.comm.descend((self.of_generator, loss), (self.of_critic, penalty - loss))
        return {"loss": loss.detach()}

    def sample(self, z: Tensor) -> Tensor:
        """The generator's."""
        images: Tensor = self.generator(z)
        return images


WIDTHS = (0.5, 2.0)


def _slopes(values: Tensor, images: Tensor) -> Tensor:
    """The lengths [n] of the gradients of values [n] by the images [n, ...] that they are of."""
    (slope,) = torch.autograd.grad(values.sum(), images, create_graph=True)
    return slope.flatten(1).square().sum(1).clamp_min(1e-12).sqrt()
