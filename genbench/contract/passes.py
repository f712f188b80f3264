"""What making samples takes: the networks that they pass through, and how often."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn


@dataclass(kw_only=True)
class Passes:
    """The passes through the networks of a trainer while it was watched."""

    networks: list[nn.Module] = field(default_factory=list)
    """Those that were called, the outermost only, without the trainer itself."""
    rows: int = 0
    """That came out of them, all passes together."""

    def evaluations(self, samples: int) -> int:
        """How often each of so many samples passed through a network; part of a pass counts as one."""
        return math.ceil(self.rows / samples)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """Of the networks, each once."""
        found = {id(one): one for network in self.networks for one in network.parameters()}
        return list(found.values())


@contextmanager
def watched(trainer: nn.Module) -> Iterator[Passes]:
    """Note the passes through the networks of a trainer until the context ends."""
    passes, inside = Passes(), 0

    def enter(network: nn.Module, _: Any) -> None:
        nonlocal inside
        inside += 1

    def leave(network: nn.Module, _: Any, output: Any) -> None:
        nonlocal inside
        inside -= 1
        if inside == 0 and isinstance(output, Tensor):
            passes.rows += len(output)
            if not any(network is other for other in passes.networks):
                passes.networks.append(network)

    networks = [one for one in trainer.modules() if one is not trainer and next(one.parameters(), None) is not None]
    hooks = [one.register_forward_pre_hook(enter) for one in networks]
    hooks += [one.register_forward_hook(leave, always_call=True) for one in networks]
    try:
        yield passes
    finally:
        for hook in hooks:
            hook.remove()
