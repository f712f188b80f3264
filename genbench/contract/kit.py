"""What a trainer is given: networks of the study's architecture, noise of its prior, the other ranks, and how much of
the budget is spent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from genbench.config.settings import NetSettings
from genbench.contract.average import Average
from genbench.contract.comm import Comm
from genbench.contract.norms import NORMS, Norm, has_batch_norm, normed
from genbench.contract.streams import Draws, seed_of
from genbench.contract.transfer import moved
from genbench.errors import GenbenchError

Shape = tuple[int, ...]
"""The shape of one sample: (channels, height, width), or (dimensions,) for vectors."""


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """Networks for one kind of data, shared by all methods of a study.

    Each builder takes the architecture's own settings and the data's shape and returns a module on the CPU:
    generator: [n, inputs] -> [n, *shape] in the data's range; critic: [n, *shape] -> [n, outputs], whose last layer has
    a bias if `bias`; decoder: [n, inputs] -> [n, *shape]. `accepts` says why a shape cannot be used, or nothing.

    A critic is built with its batch norms, if it has any; where a study or a method asks for another norm, the kit puts
    that in their place (`genbench.contract.norms`).

    field, which an architecture need not have: points [n, *shape] and times [n] in [0, 1] -> [n, *shape], not bounded;
    of about as many parameters as the generator.
    """

    name: str
    config: type
    generator: Callable[[Any, Shape, int], nn.Module]
    critic: Callable[[Any, Shape, int, bool], nn.Module]
    decoder: Callable[[Any, Shape, int], nn.Module]
    accepts: Callable[[Any, Shape], str]
    about: str
    field: Callable[[Any, Shape], nn.Module] | None = None
    numerics: int = 1
    """Its numerics revision: raise it by one whenever the same seed comes to yield other numbers."""


@dataclass(kw_only=True)
class Standing:
    """What the kit and whoever runs the trainer tell each other."""

    spent: float = 0.0
    """The share of the budget that is spent; the runner sets it before every update."""
    norms: list[tuple[str, str]] = field(default_factory=list)
    """Of each critic that was lent: the norm asked for, and the norm that it has."""
    average: Average | None = None
    """The averaged weights that samples are made with; none: with those of the last update."""
    lend: Callable[[Callable[[], Tensor]], Tensor] = field(default=lambda draw: draw(), repr=False)
    """What random numbers go through on their way to a step, given what draws them: a runner that replays steps puts
    them where the step will look for them."""


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
    standing: Standing = field(default_factory=Standing, repr=False)

    @property
    def latent(self) -> int:
        """The dimension h of the noise."""
        return self.net.latent

    @property
    def progress(self) -> float:
        """The share of the budget that was spent before this update, in [0, 1]: what a schedule goes by."""
        return self.standing.spent

    def generator(self) -> nn.Module:
        """The study's generator, [n, latent] -> [n, *shape]; every method starts one seed from the same weights."""
        return self.network("generator", lambda: self.architecture.generator(self.net, self.shape, self.latent))

    def critic(self, outputs: int, *, bias: bool = True, norm: Norm | None = None) -> nn.Module:
        """The study's critic, [n, *shape] -> [n, outputs].

        norm: `batch`, `none`, `spectral` or `layer`, in the place of its batch norms; None: the study's
        `net.critic_norm`. One seed gives the same weights under each. Under a kernel that depends only on differences
        the last layer's bias has gradient 0, and an adaptive optimizer turns the rounding noise of that 0 into steps: a
        kernel critic needs `bias=False`.
        """
        asked = norm or self.net.critic_norm
        if asked not in NORMS:
            raise GenbenchError(f"there is no critic with norm '{asked}'; choose one of {', '.join(NORMS)}")

        def build() -> nn.Module:
            critic = self.architecture.critic(self.net, self.shape, outputs, bias)
            had = asked if asked in ("none", "spectral") or has_batch_norm(critic) else "none"
            self.standing.norms.append((asked, had))
            return normed(critic, asked)

        return self.network("critic", build)

    def decoder(self, inputs: int) -> nn.Module:
        """The inverse of a critic with `inputs` outputs: [n, inputs] -> [n, *shape]."""
        return self.network("decoder", lambda: self.architecture.decoder(self.net, self.shape, inputs))

    def encoder(self, outputs: int) -> nn.Module:
        """The study's critic, [n, *shape] -> [n, outputs], for a method that reads latents off images: as the
        architecture builds it, whatever `net.critic_norm` is.
        """
        return self.network("encoder", lambda: self.architecture.critic(self.net, self.shape, outputs, True))

    def field(self) -> nn.Module:
        """The study's field, points [n, *shape] and times [n] in [0, 1] -> [n, *shape], for flows; every method starts
        one seed from the same weights. Raises GenbenchError where the architecture has none.
        """
        build = self.architecture.field
        if build is None:
            raise GenbenchError(fieldless(self.architecture))
        return self.network("field", lambda: build(self.net, self.shape))

    def noise(self, rows: int) -> Tensor:
        """This rank's next latents, [rows, latent], from the study's one prior."""
        everybody = rows * self.comm.world
        return self.standing.lend(
            lambda: moved(prior(self.net, everybody, self.draws.next())[self._own(rows)], self.device, self.dtype)
        )

    def uniform(self, shape: int | Shape, *, shared: bool = False) -> Tensor:
        """The next numbers from U[0, 1), [*shape], for a method that needs other randomness than noise.

        They are this rank's rows of those of all ranks; shared: every rank has the same.
        """
        return self._drawn(torch.rand, shape, shared)

    def normal(self, shape: int | Shape, *, shared: bool = False) -> Tensor:
        """The next numbers from N(0, 1), [*shape], whatever the study's prior is; as `uniform`."""
        return self._drawn(torch.randn, shape, shared)

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

    def _drawn(self, law: Callable[..., Tensor], shape: int | Shape, shared: bool) -> Tensor:
        rows, *rest = (shape,) if isinstance(shape, int) else shape
        everybody = rows if shared else rows * self.comm.world

        def draw() -> Tensor:
            numbers = law(everybody, *rest, generator=self.draws.next(), dtype=torch.float32)
            return moved(numbers if shared else numbers[self._own(rows)], self.device, self.dtype)

        return self.standing.lend(draw)

    def _own(self, rows: int) -> slice:
        return slice(self.comm.rank * rows, (self.comm.rank + 1) * rows)


def fieldless(architecture: Architecture) -> str:
    """Why a method that trains a field cannot use an architecture, or an empty string."""
    if architecture.field is not None:
        return ""
    return (
        f"architecture {architecture.name} has no field, the network of points and times that a flow trains; choose one"
        " that has with net=NAME, as mlp, mnist-mlp, dcgan and convnet"
    )


def prior(net: NetSettings, rows: int, generator: torch.Generator) -> Tensor:
    """Latents [rows, latent] from N(0, 1) or U[-1, 1], fp32 on the CPU."""
    if net.prior == "uniform":
        return torch.rand(rows, net.latent, generator=generator) * 2 - 1
    return torch.randn(rows, net.latent, generator=generator)
