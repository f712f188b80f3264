"""Averaged weights: an exponential moving average of all that a trainer learns, which samples are made with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

STATISTICS = ("running_mean", "running_var")
"""Buffers that are averaged as parameters are: what batch norms keep of the activations of the weights."""


class Average(nn.Module):
    """The averages of a trainer's parameters and of its batch norms' running statistics; its buffers, so that they are
    saved with it.

    An update of n images lets a share 0.5^(n / half-life) of the average stay; the half-life is at most `warmup` times
    the images taken so far, so that the first weights do not weigh on it (Karras et al. 2020, arXiv 1912.04958, whose
    warm-up is 0.05); 0: no warm-up. All other buffers are those of training.
    """

    def __init__(self, trainer: nn.Module, *, half_life: float, warmup: float = 0.0) -> None:
        super().__init__()
        self._half_life, self._warmup = half_life, warmup
        own: dict[str, Tensor] = dict(trainer.named_parameters())
        own |= {name: buffer for name, buffer in trainer.named_buffers() if name.rpartition(".")[2] in STATISTICS}
        self._own = list(own.values())
        for name, value in own.items():
            self.register_buffer(name.replace(".", "/"), value.detach().clone())

    @torch.no_grad()
    def update(self, images: int, taken: int) -> None:
        """Take in the weights after an update of so many images, with which `taken` have been taken."""
        half_life = min(self._half_life, self._warmup * taken) if self._warmup else self._half_life
        follow = get_ema_multi_avg_fn(0.5 ** (images / half_life))
        follow([*self.buffers()], [value.detach() for value in self._own], 0)

    @contextmanager
    def worn(self) -> Iterator[None]:
        """The trainer has the averages in place of its weights, and its weights again afterwards, to the bit."""
        kept = [value.detach().clone() for value in self._own]
        self._put([*self.buffers()])
        try:
            yield
        finally:
            self._put(kept)

    @torch.no_grad()
    def _put(self, values: list[Tensor]) -> None:
        for own, value in zip(self._own, values, strict=True):
            own.copy_(value)


def attach(trainer: nn.Module, *, half_life: float, warmup: float) -> Average:
    """The average of a trainer, which from now on is part of its state."""
    average = Average(trainer, half_life=half_life, warmup=warmup)
    trainer.add_module("averaged_weights", average)
    return average


def sampling(average: Average | None) -> AbstractContextManager[None]:
    """The averages in place of the weights, where there are any."""
    return nullcontext() if average is None else average.worn()


def in_words(half_life: float, warmup: float) -> str:
    """What is averaged and over how many images; nothing where nothing is."""
    if not half_life:
        return ""
    rising = f", at most {warmup:g} of the images taken" if warmup else ""
    return f"half-life {half_life:,.0f} images{rising}; batch norms' running statistics alike"
