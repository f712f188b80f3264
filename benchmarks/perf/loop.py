"""What the training loop costs beyond its steps: genbench's loop against the same trainer stepped in a bare `for` loop.

    python benchmarks/perf/loop.py [--updates 1500] [--rounds 5] [--methods gan gram]

On the ring with its default settings, so that rows, checkpoints and pictures come as often as in a real trial. Rounds
of the two alternate. On a noisy machine the ratio of two runs says little; the last column is of one run: what the loop
took beyond the time inside its steps, as a share of that time. One thread.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from rounds import machine

from genbench.contract import registry
from genbench.study.plan import plan_study
from genbench.study.run import write_trial
from genbench.training.build import prepare
from genbench.training.loop import train
from genbench.training.run import Run


def main(words: Sequence[str] | None = None) -> None:
    """Print milliseconds per update and the ratio for every installed method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--updates", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--methods",
        nargs="+",
        default=[entry.name for entry in registry.installed("methods")],
        help="all that are installed",
    )
    arguments = parser.parse_args(words)
    torch.set_num_threads(1)
    print(f"{machine()}, {arguments.updates} updates, {arguments.rounds} rounds")
    looped(arguments.methods[0], 1)  # what is imported on the first way through is no cost of the loop
    print("method    bare ms/update  loop ms/update  ratio (median, min to max)  outside the steps")
    for name in arguments.methods:
        updates = arguments.updates if name != "mmdgan" else max(1, arguments.updates // 6)
        rounds = [(bare(name, updates), *looped(name, updates)) for _ in range(arguments.rounds)]
        ratios = [loop / alone for alone, loop, _ in rounds]
        outside = statistics.median((loop - inside) / inside for _, loop, inside in rounds)
        times = [statistics.median(side) * 1e3 / updates for side in zip(*rounds, strict=True)]
        spread = f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
        print(f"{name:8}  {times[0]:14.3f}  {times[1]:14.3f}  {spread}      {100 * outside:.1f} %")


def assembled(method: str, updates: int, folder: Path) -> Run:
    """A new trial of the method on the ring."""
    planned = plan_study([method], ["ring"], [0], [f"train.updates={updates}"], name="loop", results=folder)
    (trial,) = planned.trials
    write_trial(trial, planned.directory_of(trial))
    return prepare(trial, planned.directory_of(trial)).run


def bare(method: str, updates: int) -> float:
    """Seconds of so many steps and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        run = assembled(method, updates, Path(folder))
        run.trainer.train()
        began = time.perf_counter()
        for _ in range(updates):
            run.trainer.step(run.source)
        return time.perf_counter() - began


def looped(method: str, updates: int) -> tuple[float, float]:
    """Seconds of so many updates in genbench's loop, and those of them inside the trainer's step."""
    with tempfile.TemporaryDirectory() as folder:
        run = assembled(method, updates, Path(folder))
        began = time.perf_counter()
        train(run, stop=lambda: False, assess=lambda: None)
        return time.perf_counter() - began, run.progress.train_seconds


if __name__ == "__main__":
    main()
