"""Whether a processor is fast in bf16: some emulate it, many times slower than fp32."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path

import torch

FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
"""Of processors that multiply in bf16, as Linux names them in /proc/cpuinfo; the last is Arm's."""
SLOWER = 1.2
"""Times as long as fp32 from which on bf16 is worth a warning."""
SECONDS = 0.2
"""That a measurement may take, of each precision half."""


@cache
def warning() -> str:
    """What a user of `train.precision=bf16` on this processor should know; empty where bf16 is no slower than fp32.

    A processor that says that it multiplies in bf16 is believed; any other is measured, for 0.2 s.
    """
    return warning_of(flags(), measured)


def warning_of(known: Collection[str], ratio: Callable[[], float]) -> str:
    """The same for a processor with these flags, or none that are known; ratio(): how many times as long as in fp32 a
    convolution takes in bf16.
    """
    if FLAGS & set(known) or (times := ratio()) < SLOWER:
        return ""
    lacks = " (it has neither avx512_bf16 nor amx_bf16)" if known else ""
    return (
        f"train.precision=bf16: on this processor{lacks} a convolution takes {times:.1f} times as long in bf16 as in"
        " fp32; train.precision=fp32 is faster here, and more exact"
    )


def flags(path: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """What the processor can do, in Linux' words; nothing where the system does not tell."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return frozenset()
    return frozenset(word for line in lines if line.lower().startswith(("flags", "features")) for word in line.split())


def measured() -> float:
    """How many times as long as in fp32 a small convolution and its gradient take in bf16."""
    convolution = torch.nn.Conv2d(32, 32, 4, 2, 1).to(memory_format=torch.channels_last)
    images = torch.zeros(8, 32, 16, 16).to(memory_format=torch.channels_last)
    return _fastest(convolution, images, enabled=True) / _fastest(convolution, images, enabled=False)


def _fastest(convolution: torch.nn.Module, images: torch.Tensor, *, enabled: bool) -> float:
    """Seconds of the fastest pass, of those that the time allows."""
    began, found = time.perf_counter(), float("inf")
    while time.perf_counter() - began < SECONDS / 2:
        start = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            out = convolution(images)
        torch.autograd.grad(out.sum(), list(convolution.parameters()))
        found = min(found, time.perf_counter() - start)
    return found
