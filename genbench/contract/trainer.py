"""The contract of a method: `Trainer`, which makes one update and draws samples, and `Method`, which announces it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from genbench.contract.kit import Kit, prior

Latent = Literal["prior", "data", "both"]
Start = Literal["generator", "field", "own"]


class Trainer(nn.Module, ABC):
    """One way to train a generator, built as Trainer(config, kit).

    Networks, optimizers and schedules of learning rates are attributes, counters are buffers: state_dict() then holds
    all of it, and a trainer that loads one goes on exactly where the other stopped.

    How it samples is declared by three attributes, of the class or, where settings decide, of the object. Whoever reads
    the study's record and table is told."""

    latent: Latent = "prior"
    """What `sample` is given: `prior`: [n, latent] from the study's prior; `data`: [n, *shape] from N(0, 1); `both`:
    [n, latent + d], the former and beside it as many numbers from N(0, 1) as a sample has entries."""
    start: Start = "generator"
    """What the first samples come from: `generator`: they are those of kit.generator(), to the bit; `field`: they come
    from kit.field(); `own`: from something else, whose initial weights depend on the seed."""
    evaluations: int = 1
    """How often one sample passes through a network, at most."""

    def __init__(self, config: Any, kit: Kit) -> None:
        super().__init__()
        self.config, self.kit = config, kit

    @abstractmethod
    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """Make one generator update.

        batches never ends; each item is this rank's images, [n, c, h, w] in [-1, 1] (or [n, d] for vector data). Take
        as many as the method needs: the runner counts them. Returns scalars worth plotting, the same keys every time.
        """

    @abstractmethod
    def sample(self, z: Tensor) -> Tensor:
        """Samples for latents, [n, latent] unless `latent` declares others, in the shape and range of the data.

        Must not change the trainer.
        """

    def latents(self, rows: int, generator: torch.Generator) -> Tensor:
        """The latents of `rows` samples, as `latent` declares them, fp32 on the CPU."""
        shape = self.kit.shape
        if self.latent == "data":
            return torch.randn(rows, *shape, generator=generator)
        z = prior(self.kit.net, rows, generator)
        return z if self.latent == "prior" else torch.cat([z, torch.randn(rows, prod(shape), generator=generator)], 1)

    def project(self, images: Tensor) -> Tensor | None:
        """The space in which the method compares images: features [n, k] of real or generated images [n, ...].

        None, unless a method defines it: the method compares images as they are. Must not change the trainer, and not
        wait for other ranks: only the first one draws.
        """
        return None

    def kind_of_step(self) -> Hashable | None:
        """What the next step does, apart from the numbers in its tensors: two steps of one kind run the same operations
        with the same constants on tensors of the same shapes, in the same order.

        None, unless a method defines it: that is not known, and no step is captured as a CUDA graph. A method whose
        steps are all alike returns the same word always; one whose learning rate changes on the way returns None.
        """
        return None

    def counters(self) -> dict[str, Tensor]:
        """The trainer's own whole numbers, which say how far it is: buffers without dimensions, by their names."""
        own = self.named_buffers(recurse=False)
        return {name: value for name, value in own if value.dim() == 0 and not value.is_floating_point()}

    def get_extra_state(self) -> dict[str, Any]:
        """The state of every optimizer and schedule that is an attribute; torch puts it into state_dict()."""
        return {name: value.state_dict() for name, value in self._stateful()}

    def set_extra_state(self, state: Mapping[str, Any]) -> None:
        """Restore the optimizers and schedules; torch calls it in load_state_dict()."""
        for name, value in self._stateful():
            value.load_state_dict(state[name])

    def _stateful(self) -> list[tuple[str, Optimizer | LRScheduler]]:
        return [(name, value) for name, value in vars(self).items() if isinstance(value, Optimizer | LRScheduler)]


@dataclass(frozen=True, kw_only=True)
class Method:
    """What a plugin announces: a way to train a generator, and its settings."""

    name: str
    """Equals the entry point's name."""
    trainer: type[Trainer]
    config: type
    """A frozen keyword-only dataclass with a default for every field."""
    paper: str
    """The citation."""
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Data set -> settings that differ there; wrap a value in `cite(value, source)`."""
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Name -> settings: "fsr", "ae", "flow", …"""
    resources: Mapping[str, Any] = field(default_factory=dict)
    """What a cluster's job needs beyond the default: `{"memory_gb": 16}`; the user's own settings override it."""
    numerics: int = 1
    """Its numerics revision: raise it by one whenever the same seed comes to yield other numbers."""
