"""Schedules of learning rates: what the budget's progress multiplies the rate of every optimizer with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook


def factor(schedule: str, spent: float) -> float:
    """What a learning rate is multiplied with once a share of the budget is spent: 1 at first, 0 at the end.

    constant: 1. linear: 1 - spent. cosine: (1 + cos(pi * spent)) / 2 (Loshchilov and Hutter 2017, arXiv 1608.03983, eq.
    5, without restarts).
    """
    if schedule == "linear":
        return 1 - spent
    return (1 + math.cos(math.pi * spent)) / 2 if schedule == "cosine" else 1.0


@contextmanager
def scaled(share: float) -> Iterator[None]:
    """Every step of every optimizer is made at a share of its learning rate.

    Only while it steps does an optimizer have the smaller rate, so a method's own schedule is multiplied with it, and
    what is saved does not know of it: it depends on the progress alone. At 1 nothing is touched.
    """
    if share == 1:
        yield
        return
    rates: list[Any] = []

    def before(optimizer: Optimizer, *_: object) -> None:
        rates[:] = [group["lr"] for group in optimizer.param_groups]
        for group in optimizer.param_groups:
            group["lr"] = group["lr"] * share

    def after(optimizer: Optimizer, *_: object) -> None:
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate

    hooks = register_optimizer_step_pre_hook(before), register_optimizer_step_post_hook(after)
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
