"""The variational autoencoder (Kingma and Welling 2013, arXiv 1312.6114): a generator fitted to data by the bound on
their likelihood, with the noise of the data learned too (Rybkin et al. 2020, arXiv 2006.13202).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genbench.plugin import Kit, Method, Trainer, cited, hookimpl, setting

PAPER = "Kingma and Welling 2013, arXiv 1312.6114"
SIGMA = "Rybkin et al. 2020, arXiv 2006.13202"
CODE = "pytorch/examples, vae/main.py"


@dataclass(frozen=True, kw_only=True)
class VAEConfig:
    """The settings of a variational autoencoder."""

    sigma: float | None = setting(
        None, "standard deviation of data around the generator's images; none: learned", source=SIGMA, above=0
    )
    beta: float = setting(1.0, "weight β of the divergence", source=PAPER, at_least=0)
    noisy: bool = setting(
        False, "whether samples have the noise of the data, or are the generator's images", source=PAPER
    )
    lr: float = setting(1e-3, "Adam's learning rate", source=CODE, above=0)
    beta1: float = setting(0.9, "Adam's decay of the mean gradient", source=CODE, at_least=0, below=1)
    beta2: float = setting(0.999, "Adam's decay of the squared gradient", source=CODE, at_least=0, below=1)


class VAE(Trainer):
    """A generator and an encoder that says which latents an image may have come from."""

    def __init__(self, config: VAEConfig, kit: Kit) -> None:
        super().__init__(config, kit)
        if config.noisy:
            self.latent, self.start = "both", "own"
        self.generator = kit.generator()
        self.encoder = kit.encoder(2 * kit.latent)
        first = torch.tensor(config.sigma or 1.0, dtype=kit.dtype, device=kit.device).log()
        self.log_sigma = nn.Parameter(first, requires_grad=config.sigma is None)
        self.optimizer = torch.optim.Adam(
            self.parameters(), lr=config.lr, betas=(config.beta1, config.beta2), fused=True
        )

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """One update of everything, by each rank's own rows."""
        real = next(batches)
        mean, log_variance = self.encoder(real).chunk(2, 1)
        latents = mean + (log_variance / 2).exp() * self.kit.normal(tuple(mean.shape))
        apart = misfit(real, self.generator(as_prior(latents, self.kit.net.prior)), self.log_sigma).mean()
        divergence = divergence_from_normal(mean, log_variance).mean()
        loss = apart + self.config.beta * divergence
        self.kit.comm.descend((self.optimizer, loss))
        return {
            "loss": loss.detach(),
            "misfit": apart.detach(),
            "divergence": divergence.detach(),
            "sigma": self.log_sigma.detach().exp(),
        }

    def sample(self, z: Tensor) -> Tensor:
        """The generator's images for latents [n, latent]; if noisy, with the noise that stands beside them."""
        images: Tensor = self.generator(z[:, : self.kit.latent])
        if not self.config.noisy:
            return images
        noisy = images + self.log_sigma.exp() * z[:, self.kit.latent :].reshape(images.shape)
        return noisy.clamp(-1, 1) if images.dim() == 4 else noisy


def misfit(x: Tensor, mean: Tensor, log_sigma: Tensor) -> Tensor:
    """-log N(x; mean, σ²) of rows [n, ...] without its constant: Σ (x - mean)² / 2σ² + log σ over entries, [n]."""
    return ((x - mean).square() / (2 * (2 * log_sigma).exp()) + log_sigma).flatten(1).sum(1)


def divergence_from_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) ‖ N(0, 1)) of rows [n, h], summed over a row, [n] (Kingma and Welling 2013, appendix B)."""
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2


def as_prior(latents: Tensor, prior: str) -> Tensor:
    """Latents that are N(0, 1) under the model as the study's generator takes them: for a uniform prior, 2Φ(z) - 1."""
    return torch.erf(latents / 2**0.5) if prior == "uniform" else latents


METHOD = Method(
    name="vae",
    trainer=VAE,
    config=VAEConfig,
    paper="Kingma and Welling 2013, Auto-encoding variational Bayes, ICLR 2014, arXiv 1312.6114",
    variants={
        "fixed": cited(f"{SIGMA}: the unit variance that they argue against", sigma=1.0),
        "beta": cited("Higgins et al. 2017, beta-VAE, ICLR", beta=4.0),
        "noisy": cited(f"{PAPER}: a sample is drawn, not the mean of what would be", noisy=True),
    },
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    """The one method of this plugin."""
    return [METHOD]
