"""What the engines cost, and whether they agree: the ring under each of them, two slots against one, two ranks against
one.

    python benchmarks/perf/engines.py [--engines local ray slurm] [--images 120000] [--seeds 2] [--updates 40]

The same study runs under every engine with two trials at once, and locally with one. `slurm` needs a cluster that runs
already, `ray` starts one on this machine. Wall-clock seconds: run it where nothing else does.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rounds import machine

from genbench.contract import registry
from genbench.engines.choice import ENGINES, choose
from genbench.study.plan import Study, plan_study
from genbench.study.run import Silent, run_study
from genbench.trial.record import Record

SLOTS = 2
EQUAL = ("images", "updates", "status", "error", "metrics", "protocol", "batches_hash", "generator_hash")
"""Fields of a record that must not depend on the engine."""


class Outcome(NamedTuple):
    """One study under one engine."""

    records: list[Record]
    seconds: float
    first: float
    """Seconds from the command to the first line of the first trial."""

    @property
    def work(self) -> float:
        """Seconds of training and scoring, all trials together."""
        return sum(record.train_seconds + record.evaluate_seconds for record in self.records)


def main(words: Sequence[str] | None = None) -> None:
    """Print what was measured, as tables."""
    methods = [entry.name for entry in registry.installed("methods") if not entry.problem]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--engines", nargs="+", default=["local"], choices=ENGINES)
    parser.add_argument("--methods", nargs="+", default=methods, help="all that are installed")
    parser.add_argument("--images", type=int, default=120_000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--updates", type=int, default=40, help="of the trials on one and two ranks")
    arguments = parser.parse_args(words)
    print(
        f"{machine().removesuffix(', CPU time')}, {arguments.images:,} images of the ring, {len(arguments.methods)}"
        f" methods, {arguments.seeds} seeds\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        rows = [("local", 1)] + [(engine, SLOTS) for engine in arguments.engines]
        found = {}
        for engine, slots in rows:
            study = ring(Path(folder) / f"{engine}-{slots}", arguments.methods, arguments.images, arguments.seeds)
            found[engine, slots] = run(engine, slots, study)
        print_engines(found)
        print_memory(found["local", 1].records)
        print_ranks(Path(folder), arguments.methods, arguments.updates)


def ring(results: Path, methods: Sequence[str], images: int, seeds: int) -> Study:
    """The study on the ring that every engine runs."""
    words = [f"train.images={images}", "resources.memory_gb=1.5", "resources.minutes=30"]
    return plan_study(methods, ["ring"], range(seeds), words, name="ring", results=results)


def run(engine: str, slots: int, study: Study) -> Outcome:
    """Run a study and time it."""
    started, began = choose(engine, study.trials, slots=slots), time.time()
    problems = run_study(study, started, observers=[], display=Silent()).problems
    seconds = time.time() - began
    records = [record for trial in study.trials if (record := study.record_of(trial))]
    assert not problems, problems
    assert all(record.status == "finished" for record in records), [record.error for record in records]
    return Outcome(records, seconds, min(record.started for record in records) - began)


def print_engines(found: dict[tuple[str, int], Outcome]) -> None:
    """A row per engine: its time, what it costs beyond training and scoring, and whether its records are those of the
    first row.
    """
    one = next(iter(found.values()))
    print("engine  slots  seconds  times as fast  first trial after  beyond the work, per trial  records")
    for (engine, slots), outcome in found.items():
        beyond = (outcome.seconds * slots - outcome.work) / len(outcome.records)
        differing = [
            name
            for name in EQUAL
            if any(getattr(a, name) != getattr(b, name) for a, b in zip(one.records, outcome.records, strict=True))
        ]
        equal = f"differ in {', '.join(differing)}" if differing else "equal to the bit"
        speed = one.seconds / outcome.seconds
        print(
            f"{engine:6}  {slots:5}  {outcome.seconds:7.1f}  {speed:13.2f}  {outcome.first:15.1f} s  {beyond:24.1f} s "
            f" {equal}"
        )


def print_memory(records: Sequence[Record]) -> None:
    """The most memory that a trial of each method took."""
    print("\nmethod    peak memory of a trial, MiB")
    for method in dict.fromkeys(record.method for record in records):
        print(f"{method:8}  {max(record.peak_memory_mb for record in records if record.method == method):27.0f}")


def print_ranks(folder: Path, methods: Sequence[str], updates: int) -> None:
    """Milliseconds of an update on the digits, the paper's DCGAN with its batch of 64, on one rank and on two."""
    print(
        f"\nmethod    ms/update, 1 rank  2 ranks  ratio   ({updates} updates of the DCGAN on the digits, one thread a"
        " rank)"
    )
    for method in methods:
        times = []
        for world in (1, 2):
            words = [
                f"train.updates={updates}",
                f"world={world}",
                "evaluate.samples=100",
                "evaluate.metrics=[neighbour_distance]",
                "net.width=32",
            ]
            study = plan_study([method], ["digits"], [0], words, name=f"{method}-{world}", results=folder)
            (record,) = run("local", 1, study).records
            times.append(1000 * record.train_seconds / record.updates)
        print(f"{method:8}  {times[0]:17.1f}  {times[1]:7.1f}  {times[0] / times[1]:5.2f}")


if __name__ == "__main__":
    main()
