"""Rounds in which contestants take turns, and how many times faster one of them was."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import torch


class Outcome(NamedTuple):
    """How one contestant ended."""

    seconds: list[float]
    """Of CPU time, by round."""
    answer: Any
    """Of the last round."""

    @property
    def usual(self) -> float:
        """The median of the seconds."""
        return median(self.seconds)


def alternate(contestants: Mapping[str, Callable[[], Any]], rounds: int, *, warm_up: bool = True) -> dict[str, Outcome]:
    """Run all in turn, so that a machine that slows down slows all; a round to warm up does not count.

    CPU seconds of one thread: the time that others on the machine take does not count either, though the caches they
    share do.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    answers: dict[str, Any] = {}
    for _ in range(rounds + warm_up):
        for name, call in contestants.items():
            began = time.process_time()
            answers[name] = call()
            seconds[name].append(time.process_time() - began)
    return {name: Outcome(taken[warm_up:], answers[name]) for name, taken in seconds.items()}


def faster(ours: Outcome, theirs: Outcome) -> str:
    """How many times faster ours is: the median of the rounds' ratios, the lowest and the highest."""
    ratios = [one / other for one, other in zip(theirs.seconds, ours.seconds, strict=True)]
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def verdict(found: Mapping[str, Outcome], name: str) -> str:
    """How many times faster than the named one the contestant `genbench` is; nothing of itself."""
    return "" if name == "genbench" else f"genbench {faster(found['genbench'], found[name])} times as fast"


def python_in(checkout: Path, command: Sequence[str]) -> str:
    """What Python prints with a command, on the genbench and the plugins of a checkout and one thread; it may write
    bytecode.
    """
    places = [checkout, *sorted((checkout / "plugins").glob("genbench-*"))]
    path = os.pathsep.join(filter(None, [*map(str, places), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        text=True,
        cwd=checkout,  # which is first on the path of -c and -m
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""},
        check=True,
    ).stdout


def machine() -> str:
    """The processor, its number of cores, and torch."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return (
        f"{names[0] if names else platform.machine()}, {len(names)} cores, torch {torch.__version__}, 1 thread, CPU"
        " time"
    )
