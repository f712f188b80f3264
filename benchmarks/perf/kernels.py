"""The density ratio and its gradient against the textbook form: time at one number of points, peak memory at another.

    python benchmarks/perf/kernels.py [--points 1024] [--memory-points 4096] [--rounds 7]

The textbook form is autograd through one LU solve for each of the five widths, in fp64 as genbench computes, and in
fp32 as it is usually written. The gradient is that of GRAM's critic by all features. Memory is what a child process
needs beyond what it held before.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from rounds import alternate, machine, verdict
from torch import Tensor

from genbench import kernels

FEATURES = 128
WIDTHS = (1.0, 2.0, 4.0, 8.0, 16.0)
RIDGE = 1e-3

Ratio = Callable[[Tensor, Tensor], Tensor]


def main(words: Sequence[str] | None = None) -> None:
    """Print milliseconds and ratios, then megabytes and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--points", type=int, default=1024, help="generated ones, and as many real ones, for the time")
    parser.add_argument("--memory-points", type=int, default=4096, help="the same for the memory")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peak", choices=CONTESTANTS, help="only print the memory that one of them needs")
    arguments = parser.parse_args(words)
    torch.set_num_threads(1)
    if arguments.peak:
        print(peak(arguments.peak, arguments.memory_points))
    else:
        time(arguments.points, arguments.rounds)
        memory(arguments.memory_points)


def time(points: int, rounds: int) -> None:
    """Compare seconds, and the gradients."""
    q, p = features(points)
    found = alternate({name: partial(gradient, name, q, p) for name in CONTESTANTS}, rounds)
    print(f"{machine()}, {points} points, {FEATURES} features, {len(WIDTHS)} widths, {rounds} rounds")
    ours = found["genbench"].answer
    for name, outcome in found.items():
        error = float((outcome.answer - ours).norm() / ours.norm())
        measured = f"{outcome.usual * 1e3:9.1f} ms   gradients differ by {error:.1e}"
        print(f"{name:14} {measured}   {verdict(found, name)}".rstrip())


def memory(points: int) -> None:
    """Compare peaks, each in a separate process."""
    peaks = {}
    for name in CONTESTANTS:
        command = [sys.executable, __file__, "--peak", name, "--memory-points", str(points)]
        peaks[name] = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(f"peak memory at {points} points")
    for name, needed in peaks.items():
        share = "" if name == "genbench" else f"genbench needs {peaks['genbench'] / needed:.2f} of it"
        print(f"{name:14} {needed:9.0f} MB   {share}".rstrip())


def peak(name: str, points: int) -> float:
    """Megabytes by which this process's peak rises."""
    gradient(name, *features(2))
    q, p = features(points)
    before = megabytes("VmRSS")
    gradient(name, q, p)
    return megabytes("VmHWM") - before


def megabytes(field: str) -> float:
    """In use now (VmRSS) or at most so far (VmHWM); ru_maxrss would begin with what the parent process used."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))


def features(points: int) -> tuple[Tensor, Tensor]:
    """Features of generated samples and of real ones [points, FEATURES]."""
    generator = torch.Generator().manual_seed(0)
    q, p = (torch.randn(points, FEATURES, generator=generator, dtype=torch.float64) for _ in range(2))
    return q, p + 0.1


def gradient(name: str, q: Tensor, p: Tensor) -> Tensor:
    """The gradient of eq. 9 by all features [2 n, FEATURES], fp64."""
    ratio_of, precision = CONTESTANTS[name]
    q, p = (part.to(precision, copy=True).requires_grad_() for part in (q, p))
    ratio = ratio_of(q, p)
    loss = -(kernels.pearson_divergence(ratio) + ratio.sum())
    return torch.cat(torch.autograd.grad(loss, (q, p))).double()


def textbook(q: Tensor, p: Tensor) -> Tensor:
    """Eq. 8, a system for each width."""
    d_qq, d_qp = squared(q, q), squared(q, p)
    ratio = torch.zeros_like(q[:, 0])
    for width in WIDTHS:
        k_qq, k_qp = torch.exp(-d_qq / (2 * width**2)), torch.exp(-d_qp / (2 * width**2))
        ratio = ratio + torch.linalg.solve(k_qq + RIDGE * torch.eye(len(q), dtype=q.dtype), k_qp.sum(1)) / len(WIDTHS)
    return ratio


def squared(x: Tensor, y: Tensor) -> Tensor:
    """Squared distances [n, m]."""
    return (x.square().sum(1, keepdim=True) + y.square().sum(1) - 2 * x @ y.T).clamp_min(0)


def own(q: Tensor, p: Tensor) -> Tensor:
    """genbench's ratio."""
    return kernels.density_ratio(q, p, WIDTHS, RIDGE)


CONTESTANTS: dict[str, tuple[Ratio, torch.dtype]] = {
    "genbench": (own, torch.float64),
    "textbook, fp64": (textbook, torch.float64),
    "textbook, fp32": (textbook, torch.float32),
}


if __name__ == "__main__":
    main()
