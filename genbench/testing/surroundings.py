"""What belongs to the whole process, threads, flags, types and seeds: no trainer may touch it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from genbench.contract.trainer import Method
from genbench.testing.assertions import demand
from genbench.testing.miniature import VECTORS, TinyRun


def _flag(owner: Any, name: str) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    return lambda: getattr(owner, name), lambda value: setattr(owner, name, value)


_cudnn = torch.backends.cudnn
_KEPT: Mapping[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "torch.set_num_threads": (torch.get_num_threads, torch.set_num_threads),
    "torch.set_default_dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "torch.set_grad_enabled": (torch.is_grad_enabled, torch._C._set_grad_enabled),
    "torch.autograd.set_detect_anomaly": (
        torch.is_anomaly_enabled,
        lambda value: torch.autograd.set_detect_anomaly(value) and None,
    ),
    "torch.use_deterministic_algorithms": (
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    "torch.set_float32_matmul_precision": (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    **{
        f"torch.backends.cudnn.{name}": _flag(_cudnn, name)
        for name in ("enabled", "benchmark", "deterministic", "allow_tf32")
    },
    "the module random": (random.getstate, random.setstate),
    "numpy.random": (lambda: _plain(np.random.get_state()), lambda value: np.random.set_state(_arrays(value))),
}
"""What is looked at, by the words that change it; and how it is put back."""


def surroundings(method: Method) -> None:
    """Neither building a trainer nor a step changes what belongs to the whole process: threads, flags, types, seeds."""
    with _put_back() as before, torch.random.fork_rng(devices=[]):
        drawn = []
        for seed in (1, 2):
            torch.manual_seed(seed)
            run = TinyRun(method.trainer, method.config(), VECTORS)
            _demand_unchanged(before, "building a trainer")
            drawn.append(torch.get_rng_state())
        demand(
            not torch.equal(*drawn),
            "building a trainer seeded torch's global generator, so that all seeds begin alike; leave seeding to the"
            " runner, and build a network of your own by kit.network(role, build)",
        )
        run.step()
        _demand_unchanged(before, "a step")


def _demand_unchanged(before: Mapping[str, Any], doing: str) -> None:
    changed = [words for words, (value, _) in _KEPT.items() if value() != before[words]]
    demand(
        not changed,
        f"{doing} changed what {', '.join(changed)} is for, which the whole process shares: what comes after it,"
        " another method too, would run otherwise; leave threads, flags and types to the runner (threads=,"
        " train.precision=), and draw from kit.noise, kit.normal and kit.uniform",
    )


@contextmanager
def _put_back() -> Iterator[dict[str, Any]]:
    """What is looked at as it is now; it is so again afterwards."""
    before = {words: value() for words, (value, _) in _KEPT.items()}
    try:
        yield before
    finally:
        for words, (value, put) in _KEPT.items():
            if value() != before[words]:
                put(before[words])


def _plain(state: Any) -> tuple[Any, ...]:
    """numpy's state with bytes in place of the array, so that it can be compared."""
    name, keys, *rest = state
    return (name, keys.tobytes(), *rest)


def _arrays(state: tuple[Any, ...]) -> tuple[Any, ...]:
    name, keys, *rest = state
    return (name, np.frombuffer(keys, dtype=np.uint32), *rest)
