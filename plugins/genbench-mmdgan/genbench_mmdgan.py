"""The MMD-GAN of Li et al. 2017 (arXiv 1705.08584): a critic that learns the kernel of an MMD network, as its authors
coded it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat

import genbench_mmdgan_losses as losses
import torch
from genbench_mmdgan_settings import PRESETS, VARIANTS, MMDGANConfig, critic_steps, optimizer
from torch import Tensor

from genbench import kernels
from genbench.plugin import Kit, Method, Trainer, hookimpl


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
        if self.config.critic_loss in ("repulsive", "bounded"):
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
        if self.config.critic_loss != "mmd":
            return self._smooth_critic_step(real, fake, p, q)
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
        if self.config.critic_loss == "mmd":
            mmd, hinge = self._compare(q, p)
            loss = mmd + self.config.fsr * hinge
        else:
            mmd2, hinge = self._mmd2(q, p), q.new_zeros(())
            loss, mmd = self._scale(real, differentiable=False) * mmd2, kernels.sqrt_mmd(mmd2)
        self.kit.comm.descend((self.generator_optimizer, loss))
        scalars = {"generator_loss": loss, "mmd": mmd, "hinge": hinge, "feature_std": p.std(0).mean()}
        return {name: value.detach() for name, value in scalars.items()}

    def _smooth_critic_step(self, real: Tensor, fake: Tensor, p: Tensor, q: Tensor) -> dict[str, Tensor]:
        mmd2, comm, config = self._mmd2(q, p), self.kit.comm, self.config
        if config.critic_loss == "scaled":
            smooth = self._scale(real, differentiable=True)
            loss = -smooth * mmd2
        else:
            share = self.kit.uniform((len(real), *[1] * (real.dim() - 1)))
            between = share * real + (1 - share) * fake
            q, p = comm.gather(q), comm.gather(p)
            smooth = losses.witness_penalty(self.critic, between, q, p, config.widths, losses.KERNELS[config.kernel])
            loss = config.smoothness * smooth - mmd2
        comm.descend((self.critic_optimizer, loss))
        return {"critic_loss": loss.detach(), "critic_mmd": mmd2.detach(), "smoothness": smooth.detach()}

    def _scale(self, real: Tensor, *, differentiable: bool) -> Tensor:
        """1 / (1 + λ E ‖J φ(x)‖²) over all ranks' rows; 1 unless MMD² is scaled."""
        if self.config.critic_loss != "scaled":
            return torch.ones((), dtype=real.dtype, device=real.device)
        slopes = self.kit.comm.sum(losses.squared_jacobian(self.critic, real, differentiable=differentiable))
        scale: Tensor = 1 / (1 + self.config.smoothness * slopes / self.kit.comm.world)
        return scale

    def _mmd2(self, q: Tensor, p: Tensor) -> Tensor:
        q, p = self.kit.comm.gather(q), self.kit.comm.gather(p)
        return losses.unbiased_mmd2(q, p, self.config.widths, losses.KERNELS[self.config.kernel])

    def _simultaneous_step(self, real: Tensor) -> dict[str, Tensor]:
        q, p = (
            self.kit.comm.gather(self.critic(images)) for images in (self.generator(self.kit.noise(len(real))), real)
        )
        bounds = losses.BOUNDS if self.config.critic_loss == "bounded" else (0.0, torch.inf)
        critic_loss = losses.repulsion(q, p, self.config.widths, bounds)
        mmd2 = losses.unbiased_mmd2(q, p, self.config.widths)
        self.kit.comm.descend((self.critic_optimizer, critic_loss), (self.generator_optimizer, mmd2))
        return {"critic_loss": critic_loss.detach(), "mmd2": mmd2.detach(), "feature_std": p.detach().std(0).mean()}

    def _compare(self, q: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        """The MMD and the hinge of fake features q and real ones p, each [n, features], over all ranks' rows."""
        q, p = self.kit.comm.gather(q), self.kit.comm.gather(p)
        return kernels.sqrt_mmd(kernels.mmd2(q, p, self.config.widths)), losses.mean_hinge(q, p)


METHOD = Method(
    name="mmdgan",
    trainer=MMDGAN,
    config=MMDGANConfig,
    paper="Li et al. 2017, MMD GAN: towards deeper understanding of moment matching network, NeurIPS, arXiv 1705.08584",
    presets=PRESETS,
    variants=VARIANTS,
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    """The one method of this plugin."""
    return [METHOD]
