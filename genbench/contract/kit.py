"""What a trainer is given: networks of the study's architecture, noise of its prior, and the other ranks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from genbench.config.settings import NetSettings
from genbench.contract.comm import Comm
from genbench.contract.streams import Draws, seed_of

Shape = tuple[int, ...]
"""The shape of one sample: (channels, height, width), or (dimensions,) for vectors."""


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """Networks for one kind of data, shared by all methods of a study.

    Each builder takes the architecture's own settings and the data's shape and returns a module on the CPU:
    generator: [n, inputs] -> [n, *shape] in the data's range; critic: [n, *shape] -> [n, outputs], whose last layer has
    a bias if `bias`; decoder: [n, inputs] -> [n, *shape]. `accepts` says why a shape cannot be used, or nothing.
    """

    name: str
    config: type
    generator: Callable[[Any, Shape, int], nn.Module]
    critic: Callable[[Any, Shape, int, bool], nn.Module]
    decoder: Callable[[Any, Shape, int], nn.Module]
    accepts: Callable[[Any, Shape], str]
    about: str
    numerics: int = 1
    """Its numerics revision: raise it by one whenever the same seed comes to yield other numbers."""


@dataclass(frozen=True, kw_only=True)
class Kit:
    """What a trainer is given; it can depend on nothing else."""

    shape: Shape
    """Of one sample: (channels, height, width), or (dimensions,) for vector data."""
    architecture: Architecture
    net: NetSettings
    seed: int
    """Of the initial weights."""
    draws: Draws = field(repr=False)
    comm: Comm = field(default_factory=Comm, repr=False)
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    dtype: torch.dtype = torch.float32

    @property
    def latent(self) -> int:
        """The dimension h of the noise."""
        return self.net.latent

    def generator(self) -> nn.Module:
        """The study's generator, [n, latent] -> [n, *shape]; every method starts one seed from the same weights."""
        return self.network("generator", lambda: self.architecture.generator(self.net, self.shape, self.latent))

    def critic(self, outputs: int, *, bias: bool = True) -> nn.Module:
        """The study's critic, [n, *shape] -> [n, outputs].

        Under a kernel that depends only on differences the last layer's bias has gradient 0, and an adaptive optimizer
        turns the rounding noise of that 0 into steps: a kernel critic needs `bias=False`.
        """
        return self.network("critic", lambda: self.architecture.critic(self.net, self.shape, outputs, bias))

    def decoder(self, inputs: int) -> nn.Module:
        """The inverse of a critic with `inputs` outputs: [n, inputs] -> [n, *shape]."""
        return self.network("decoder", lambda: self.architecture.decoder(self.net, self.shape, inputs))

    def noise(self, rows: int) -> Tensor:
        """This rank's next latents, [rows, latent], from the study's one prior."""
        return prior(self.net, rows * self.comm.world, self.draws.next())[self._own(rows)].to(self.device, self.dtype)

    def uniform(self, rows: int) -> Tensor:
        """This rank's next numbers from U[0, 1), [rows], for a method that needs other randomness than noise."""
        numbers = torch.rand(rows * self.comm.world, generator=self.draws.next(), dtype=torch.float32)
        return numbers[self._own(rows)].to(self.device, self.dtype)

    def network(self, role: str, build: Callable[[], nn.Module]) -> nn.Module:
        """build() on the kit's device and in its precision, for a network that is the method's own.

        Its initial weights depend only on the seed and its role, not on what was built before it.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of(self.seed, "init", role))
            module = build()
        module = module.to(device=self.device, dtype=self.dtype)
        if len(self.shape) == 3:
            module = module.to(memory_format=torch.channels_last)
        return self.comm.synchronize(module)

    def _own(self, rows: int) -> slice:
        return slice(self.comm.rank * rows, (self.comm.rank + 1) * rows)


def prior(net: NetSettings, rows: int, generator: torch.Generator) -> Tensor:
    """Latents [rows, latent] from N(0, 1) or U[-1, 1], fp32 on the CPU."""
    if net.prior == "uniform":
        return torch.rand(rows, net.latent, generator=generator) * 2 - 1
    return torch.randn(rows, net.latent, generator=generator)
