"""The miniature study that the conformance suite tries a method on: tiny networks, endless made-up batches, a
driver.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from genbench.config.field import setting
from genbench.config.settings import NetSettings
from genbench.contract.average import attach, sampling
from genbench.contract.comm import Comm
from genbench.contract.kit import Architecture, Kit, Shape
from genbench.contract.schedule import scaled
from genbench.contract.streams import Draws, generator
from genbench.contract.trainer import Trainer
from genbench.errors import GenbenchError
from genbench.testing.place import Place, here

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


class _Field(nn.Module):
    """Points [n, *shape] and times [n] -> [n, *shape]: one hidden layer."""

    def __init__(self, net: TinyNet, shape: Shape) -> None:
        super().__init__()
        size = math.prod(shape)
        self.layers = nn.Sequential(nn.Linear(size + 1, net.width), nn.Tanh(), nn.Linear(net.width, size))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        out: Tensor = self.layers(torch.cat([x.flatten(1), t[:, None]], 1))
        return out.reshape(x.shape)


def _norm(net: TinyNet, norm: type[nn.Module]) -> list[nn.Module]:
    return [norm(net.width)] if net.norm else []


TINY = Architecture(
    name="tiny",
    config=TinyNet,
    generator=_generator,
    critic=_critic,
    decoder=_generator,
    field=_Field,
    accepts=lambda net, shape: "" if shape in SHAPES else f"only {SHAPES}",
    about="one or two hidden layers with batch norm",
)


def kit(
    shape: Shape = VECTORS,
    *,
    comm: Comm | None = None,
    dtype: torch.dtype = torch.float64,
    norm: bool = False,
    width: int = 8,
    seed: int = SEED,
    device: torch.device | None = None,
) -> Kit:
    """A kit of tiny networks, on the CPU unless a device is named, the same every time: for tests of a plugin's own
    steps.

    shape: (2,) for vectors [n, 2], or (1, 16, 16) or (3, 16, 16) for images; norm: whether the networks have batch
    norms; width: units of their hidden layers.
    """
    return Kit(
        shape=shape,
        architecture=TINY,
        net=TinyNet(norm=norm, width=width),
        seed=seed,
        draws=Draws(SEED),
        comm=comm or Comm(),
        dtype=dtype,
        device=device or torch.device("cpu"),
    )


class TinyBatches(Iterator[Tensor]):
    """This rank's rows of endless batches that depend only on their position and on which data they are of."""

    def __init__(self, kit: Kit, data: int = SEED) -> None:
        self.position = 0
        self.last: Tensor | None = None
        """The batch that was given last."""
        self._kit, self._data = kit, data
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
        self.last = self.at(self.position)
        self.position += 1
        return self.last

    def at(self, position: int) -> Tensor:
        """The batch at a position."""
        rows = torch.rand(BATCH, *self._kit.shape, generator=generator(self._data, "data", position)) * 2 - 1
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
        dtype: torch.dtype | None = None,
        norm: bool = True,
        seed: int = SEED,
        data: int = SEED,
        half_life: float = 0.0,
        width: int = 8,
        place: Place | None = None,
    ) -> None:
        """half_life: of averaged weights, in images; 0: there are none."""
        self._place = place or here()
        dtype = dtype or self._place.dtype
        self.kit = kit(shape, comm=comm, dtype=dtype, norm=norm, width=width, seed=seed, device=self._place.device)
        self.batches = TinyBatches(self.kit, data)
        self.trainer = trainer(config, self.kit).to(self.kit.device)
        if half_life:
            self.kit.standing.average = attach(self.trainer, half_life=half_life, warmup=0.0)
        self.trainer.train()
        self._update = 0

    def seek(self, other: TinyRun) -> None:
        """Go to where another run stands in the streams of noise and data."""
        self._update, self.batches.position = other._update, other.batches.position

    def step(self, share: float = 1.0) -> Mapping[str, Tensor]:
        """Make one update, at a share of every learning rate."""
        self.kit.draws.seek(self._update)
        self.kit.standing.spent = min(1.0, self._update / BUDGET)
        self.batches.allow()
        before = self.batches.position
        self._update += 1
        with self._place.autocast(), scaled(share):
            values = self.trainer.step(self.batches)
        if self.kit.standing.average is not None:
            taken = self.batches.position
            self.kit.standing.average.update(BATCH * (taken - before), BATCH * taken)
        return values

    def latents(self) -> Tensor:
        """The 7 latents that samples are made of, the same every time."""
        return self.trainer.latents(LATENTS, generator(SEED, "sample")).to(self.kit.device, self.kit.dtype)

    def sample(self, z: Tensor | None = None) -> Tensor:
        """Samples for the latents, made as the evaluation makes them; the trainer is back in training mode after it."""
        self.trainer.eval()
        with torch.no_grad(), sampling(self.kit.standing.average):
            samples = self.trainer.sample(self.latents() if z is None else z)
        self.trainer.train()
        return samples
