"""What many tiny trials cost: trials per second, the supervisor's memory and open files, MLflow, `status` and `report`.

    python benchmarks/perf/many.py [--trials 75 150 300] [--updates 5] [--methods gan]

The same study in several sizes, of one trial for each seed, by the local engine with two slots; a small one before them
does not count, in which everything is imported. The last column says how a cost grows from the smallest size to the
largest: the exponent of the number of trials, 1 where it is in proportion. Seconds are wall-clock seconds but for those
marked CPU, which are of this process and of those it started.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rounds import machine

from genbench.engines.choice import choose
from genbench.observers.replay import sync
from genbench.report import contents
from genbench.report.formats import formats
from genbench.study.plan import plan_study
from genbench.study.run import Silent, run_study
from genbench.study.status import states

SLOTS = 2
WARM_UP = 2
"""Trials of the study that does not count."""
TINY = ["data.points=200", "train.batch=10", "net.width=4", "evaluate.samples=20", "evaluate.metrics=[modes]"]


def main(words: Sequence[str] | None = None) -> None:
    """Print a row for each cost and a column for each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--trials", type=int, nargs="+", default=[75, 150, 300])
    parser.add_argument("--updates", type=int, default=5)
    parser.add_argument("--methods", nargs="+", default=["gan"])
    arguments = parser.parse_args(words)
    print(f"{machine().removesuffix(', CPU time')}, {SLOTS} slots, {arguments.updates} updates a trial\n")
    measured(WARM_UP, arguments.updates, arguments.methods)
    found = {}
    for count in arguments.trials:
        found[count] = measured(count, arguments.updates, arguments.methods)
        print(f"{count} trials were measured", file=sys.stderr, flush=True)
    sizes = list(found)
    print(f"{'':34}" + "".join(f"{count:>11,}" for count in sizes) + "  exponent")
    for name in found[sizes[0]]:
        values = [found[count][name] for count in sizes]
        print(f"{name:34}" + "".join(f"{value:11.3f}" for value in values) + f"  {exponent(sizes, values)}")


def exponent(sizes: Sequence[int], values: Sequence[float]) -> str:
    """How a cost grows with the number of trials; nothing where there is one size."""
    if len(sizes) < 2 or min(values[0], values[-1]) <= 0:
        return ""
    return f"{math.log(values[-1] / values[0]) / math.log(sizes[-1] / sizes[0]):.2f}"


def measured(count: int, updates: int, methods: Sequence[str]) -> dict[str, float]:
    """What so many trials cost, by what it is."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder)
        found: dict[str, float] = {}
        with timed(found, "planning, s"):
            words = [*TINY, f"train.updates={updates}"]
            study = plan_study(methods, ["ring"], range(count), words, name="many", results=results)
        looks = Looks()
        with timed(found, "running, s"), looks:
            run_study(study, choose("local", study.trials, slots=SLOTS), observers=[], display=Silent())
        found["trials per second"] = count / found["running, s"]
        found |= {"supervisor's memory, MiB more": looks.memory, "its open files, more": float(looks.files)}
        with timed(found, "MLflow, s"):
            sync(results, ["mlflow"])
        with timed(found, "MLflow again, s"):
            sync(results, ["mlflow"])
        with timed(found, "status, s"):
            states(study.directory)
        with timed(found, "report, s"):
            formats.write(contents.of(study.directory), ["html"], results / "report")
        return found


@contextmanager
def timed(found: dict[str, float], name: str) -> Iterator[None]:
    """Note the seconds under a name, and CPU seconds beside them."""
    began, spent = time.perf_counter(), cpu()
    yield
    found[name] = time.perf_counter() - began
    found[f"{name.removesuffix(', s')}, CPU s"] = cpu() - spent


def cpu() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


class Looks:
    """How many MiB and open files this process has at most beyond those it had, looked at while something runs."""

    def __init__(self) -> None:
        self.memory, self.files = 0.0, 0
        self._before = _memory(), _files()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.2):
            self.memory = max(self.memory, _memory() - self._before[0])
            self.files = max(self.files, _files() - self._before[1])


def _memory() -> float:
    """MiB of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _files() -> int:
    """Files that it has open."""
    return len(os.listdir("/proc/self/fd"))


if __name__ == "__main__":
    main()
