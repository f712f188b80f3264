"""The miniature study that the conformance suite tries a method on: tiny networks, endless made-up batches, a
driver.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from genbench.config.settings import NetSettings, setting
from genbench.contract.comm import Comm
from genbench.contract.kit import Architecture, Kit, Shape, prior
from genbench.contract.streams import Draws, generator
from genbench.contract.trainer import Trainer
from genbench.errors import GenbenchError

VECTORS: Shape = (2,)
SHAPES: tuple[Shape, ...] = (VECTORS, (1, 16, 16), (3, 16, 16))
"""Vectors, and images of one and of three channels."""
BATCH = 8
"""Rows of a batch, over all ranks."""
LATENTS = 7
"""Latents that samples are made of."""
BUDGET = 16
"""Updates of the budget that the kit tells the progress of."""
ENOUGH = 5000
"""Batches after which a step that still asks for more is taken to be endless."""
SEED = 1


@dataclass(frozen=True, kw_only=True)
class TinyNet(NetSettings):
    """Settings of the miniature's networks."""

    latent: int = setting(4, "dimension h of the generator's noise", at_least=1)
    width: int = setting(8, "units of a hidden layer", at_least=1)
    norm: bool = setting(True, "whether there are batch norms")


# Every parameter has a gradient that is not 0 in exact arithmetic: an adaptive optimizer makes steps of the rounding
# noise of a 0, and two ranks would differ from one process by them. So there is no bias before a batch norm, no batch
# norm right after the critic's input, and tanh instead of ReLU, which is linear on the few rows of a tiny batch.


def _generator(net: TinyNet, shape: Shape, inputs: int) -> nn.Module:
    """[n, inputs] -> [n, *shape]: one hidden layer; images of 16 x 16 end in a tanh."""
    if len(shape) == 1:
        first = nn.Linear(inputs, net.width, bias=not net.norm)
        return nn.Sequential(first, *_norm(net, nn.BatchNorm1d), nn.Tanh(), nn.Linear(net.width, math.prod(shape)))
    hidden = [
        nn.Linear(inputs, net.width * 16, bias=not net.norm),
        nn.Unflatten(1, (net.width, 4, 4)),
        *_norm(net, nn.BatchNorm2d),
        nn.Tanh(),
    ]
    return nn.Sequential(*hidden, nn.ConvTranspose2d(net.width, shape[0], 4, stride=4), nn.Tanh())


def _critic(net: TinyNet, shape: Shape, outputs: int, bias: bool) -> nn.Module:
    """[n, *shape] -> [n, outputs], through two hidden layers."""
    if len(shape) == 1:
        first, second = nn.Linear(math.prod(shape), net.width), nn.Linear(net.width, net.width, bias=not net.norm)
        return nn.Sequential(
            first, nn.Tanh(), second, *_norm(net, nn.BatchNorm1d), nn.Tanh(), nn.Linear(net.width, outputs, bias=bias)
        )
    hidden = [
        nn.Conv2d(shape[0], net.width, 4, stride=4),
        nn.Tanh(),
        nn.Conv2d(net.width, net.width, 1, bias=not net.norm),
        *_norm(net, nn.BatchNorm2d),
    ]
    return nn.Sequential(*hidden, nn.Tanh(), nn.Flatten(), nn.Linear(net.width * 16, outputs, bias=bias))


def _norm(net: TinyNet, norm: type[nn.Module]) -> list[nn.Module]:
    return [norm(net.width)] if net.norm else []


TINY = Architecture(
    name="tiny",
    config=TinyNet,
    generator=_generator,
    critic=_critic,
    decoder=_generator,
    accepts=lambda net, shape: "" if shape in SHAPES else f"only {SHAPES}",
    about="one or two hidden layers with batch norm",
)


def kit(
    shape: Shape = VECTORS, *, comm: Comm | None = None, dtype: torch.dtype = torch.float64, norm: bool = False
) -> Kit:
    """A kit of tiny networks, the same every time: for tests of a plugin's own steps.

    shape: (2,) for vectors [n, 2], or (1, 16, 16) or (3, 16, 16) for images; norm: whether the networks have batch
    norms.
    """
    return Kit(
        shape=shape,
        architecture=TINY,
        net=TinyNet(norm=norm),
        seed=SEED,
        draws=Draws(SEED),
        comm=comm or Comm(),
        device=device(),
        dtype=dtype,
    )


_DEVICE = ContextVar("_DEVICE", default="cpu")


def device() -> torch.device:
    """Where the miniature's trainers run."""
    return torch.device(_DEVICE.get())


@contextmanager
def on(name: str) -> Iterator[None]:
    """Run them on another device than the CPU: `with on("cuda"): check(method)`."""
    token = _DEVICE.set(name)
    try:
        yield
    finally:
        _DEVICE.reset(token)


class TinyBatches(Iterator[Tensor]):
    """This rank's rows of endless batches that depend only on their position."""

    def __init__(self, kit: Kit) -> None:
        self.position = 0
        self._kit = kit
        self._until = ENOUGH

    def allow(self) -> None:
        """Let a new step begin."""
        self._until = self.position + ENOUGH

    def __next__(self) -> Tensor:
        if self.position >= self._until:
            raise GenbenchError(
                f"a step took {ENOUGH} batches and asked for more; batches never ends: take what an update needs with"
                " next(batches)"
            )
        rows = torch.rand(BATCH, *self._kit.shape, generator=generator(SEED, "data", self.position)) * 2 - 1
        self.position += 1
        own = rows.chunk(self._kit.comm.world)[self._kit.comm.rank].to(self._kit.device, self._kit.dtype)
        return own.to(memory_format=torch.channels_last) if own.dim() == 4 else own


class TinyRun:
    """A new trainer on the miniature study, driven as the training loop drives it."""

    def __init__(
        self,
        trainer: type[Trainer],
        config: Any,
        shape: Shape,
        *,
        comm: Comm | None = None,
        dtype: torch.dtype = torch.float32,
        norm: bool = True,
    ) -> None:
        self.kit = kit(shape, comm=comm, dtype=dtype, norm=norm)
        self.batches = TinyBatches(self.kit)
        self.trainer = trainer(config, self.kit).to(self.kit.device)
        self.trainer.train()
        self._update = 0

    def seek(self, other: TinyRun) -> None:
        """Go to where another run stands in the streams of noise and data."""
        self._update, self.batches.position = other._update, other.batches.position

    def step(self) -> Mapping[str, Tensor]:
        """Make one update."""
        self.kit.draws.seek(self._update)
        self.kit.standing.spent = min(1.0, self._update / BUDGET)
        self.batches.allow()
        self._update += 1
        return self.trainer.step(self.batches)

    def latents(self) -> Tensor:
        """The latents [7, latent] that samples are made of, the same every time."""
        return prior(self.kit.net, LATENTS, generator(SEED, "sample")).to(self.kit.device, self.kit.dtype)

    def sample(self, z: Tensor | None = None) -> Tensor:
        """Samples for the latents, made as the evaluation makes them; the trainer is back in training mode after it."""
        self.trainer.eval()
        with torch.no_grad():
            samples = self.trainer.sample(self.latents() if z is None else z)
        self.trainer.train()
        return samples
