"""Where the miniature study runs, and in which precision: on the CPU in fp32, unless `genbench check` is told
otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field

import torch


@dataclass(frozen=True, kw_only=True)
class Place:
    """A device, and a precision as `train.precision` names it."""

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    precision: str = "fp32"

    @property
    def dtype(self) -> torch.dtype:
        """Of networks and data."""
        return torch.float64 if self.precision == "fp64" else torch.float32

    def autocast(self) -> AbstractContextManager[object]:
        """What a step runs in."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.precision == "bf16" else nullcontext()


_CPU = Place()
_CHOSEN: ContextVar[Place] = ContextVar("place", default=_CPU)


def here() -> Place:
    """The place that was chosen."""
    return _CHOSEN.get()


@contextmanager
def at(place: Place) -> Iterator[None]:
    """The miniature study runs at a place until the context ends."""
    token = _CHOSEN.set(place)
    try:
        yield
    finally:
        _CHOSEN.reset(token)


def on(device: str) -> AbstractContextManager[None]:
    """The miniature study runs on a device, in fp32: `with on("cuda"): check(method)`."""
    return at(Place(device=torch.device(device)))
