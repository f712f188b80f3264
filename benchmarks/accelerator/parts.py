"""The parts of run.py: `python parts.py PART FOLDER DEVICE`; each leaves a row for each thing that it looked at."""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rows import Rows
from torch import Tensor

from genbench.config import compose
from genbench.contract import registry
from genbench.contract.comm import Comm
from genbench.contract.dataset import Splits
from genbench.contract.streams import generator
from genbench.engines.choice import choose
from genbench.metrics.neighbours import nearest
from genbench.study.file import EVERYTHING
from genbench.study.plan import Study, asked, plan
from genbench.study.run import Silent, run_study, write_trial
from genbench.testing import CHECKS, on
from genbench.testing.launch import launch
from genbench.training.build import prepare
from genbench.training.capture import stepping
from genbench.training.evaluate import sample
from genbench.training.loop import train
from genbench.training.run import Run
from genbench.training.worker import run_trial
from genbench.trial import checkpoint
from genbench.trial.log import Tail
from genbench.trial.record import read
from genbench.trial.trial import Trial

EQUAL = 1e-6
"""How far apart CPU and GPU may be after 20 updates in fp64, as a share of the largest change of a parameter: sums have
another order there, and GRAM's system amplifies a rounding by some thousands."""
SHORT = ["mmdgan.warmup=1", "mmdgan.warmup_critic_steps=10"]
"""The published warm-up would be all that is measured of so short a training."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a part runs, and how much it may take on."""

    device: str
    methods: Sequence[str]
    tiny: bool
    scratch: Path

    @property
    def machine(self) -> str:
        """What is measured, in words."""
        name = torch.cuda.get_device_name(self.device) if self.device.startswith("cuda") else "a CPU"
        return f"{name}, torch {torch.__version__}"

    def size(self, full: int, tiny: int) -> int:
        """How many of something."""
        return tiny if self.tiny else full

    def trials(self, label: str, dataset: str, *words: str, name: str, device: str = "") -> Study:
        """A study of one method whose folders and trial.json are there; data that are missing are not asked for."""
        settings = [f"device={device or self.device}", *SHORT * (label.partition("/")[0] == "mmdgan"), *words]
        changes = asked([label], [dataset], [0], [*compose.parse(settings)])
        study = plan(EVERYTHING, changes, name=name, results=self.scratch, dry=True)
        for trial in study.trials:
            write_trial(trial, study.directory_of(trial))
        return study

    def ring(self, label: str, *words: str, name: str) -> Path:
        """The folder of a trial on the ring that is about to begin."""
        small = ["data.points=800", "net.width=16", "train.batch=50", "evaluate.samples=200"] if self.tiny else []
        study = self.trials(label, "ring", *small, *words, name=name)
        return study.directory_of(study.trials[0])

    def images(self, label: str, *words: str, budget: str = "train.images=1000000") -> Run:
        """A trial with the paper's DCGAN on made-up photographs of 32 x 32, before its first update."""
        size = ["net.width=4", "train.batch=8"] if self.tiny else []
        common = [budget, "evaluate.metrics=[]", "net=dcgan"]
        study = self.trials(
            label, "cifar10", *common, *size, *words, name=f"{label}-{len(list(self.scratch.iterdir()))}"
        )
        (trial,) = study.trials
        return prepare(trial, study.directory_of(trial), splits=photographs(self.size(50_000, 64))).run

    def wait(self) -> None:
        """Until the device has done what it was given."""
        if self.device.startswith("cuda"):
            torch.cuda.synchronize()


def photographs(count: int) -> Splits:
    """Made-up uint8 images [n, 32, 32, 3]: what is in them changes no time."""
    made = torch.randint(0, 256, (count, 32, 32, 3), dtype=torch.uint8, generator=generator(0, "photographs"))
    return Splits(train=made, test=made[: max(2, count // 10)])


Part = Callable[[Place, str], Mapping[str, Any]]
"""What a part finds of one item."""


def conformance(place: Place, method: str) -> Mapping[str, Any]:
    """Every clause of the contract on the device; that of several ranks where there is a device for each."""
    two = place.device == "cpu" or torch.cuda.device_count() > 1
    names = [name for name in CHECKS if name != "ranks" or (two and not place.tiny)]
    broken = {}
    for name in names:
        try:
            with on(place.device):
                CHECKS[name](registry.load("methods", method))
        except Exception as error:  # whatever a clause raises is a finding
            broken[name] = str(error).partition("\n")[0][:300]
    found: dict[str, Any] = {"clauses_kept": len(names) - len(broken), "of": len(names)}
    return found | ({"error": "; ".join(f"{name}: {why}" for name, why in broken.items())} if broken else {})


def nccl(place: Place, item: str) -> Mapping[str, Any]:
    """Gather, sum and their gradients between ranks: on two GPUs, else in a group of one."""
    cuda = place.device.startswith("cuda")
    world = min(2, torch.cuda.device_count()) if cuda else 2
    answers = launch(_reduced, world, "cuda" if cuda else "cpu", device="cuda" if cuda else "cpu")
    expected = float(sum(rank + 1 for rank in range(world)))
    good = all(answer == [expected, world * 2.0] for answer in answers)
    return {"world": world, "backend": "nccl" if cuda else "gloo"} | ({} if good else {"error": f"got {answers}"})


def _reduced(comm: Comm, device: str) -> list[float]:
    from genbench.contract.comm import _Gather, _Sum

    mine = torch.full((2, 3), float(comm.rank + 1), device=device, requires_grad=True)
    total = _Sum.apply(mine)
    gathered = _Gather.apply(mine, comm.rank, comm.world)
    (gradient,) = torch.autograd.grad(gathered.sum(), mine)
    assert float(gradient.sum()) == mine.numel() * comm.world
    return [float(total[0, 0].detach()), float(len(gathered))]


def resume(place: Place, method: str) -> Mapping[str, Any]:
    """A trial that is killed while it trains ends with the bits of one that is not."""
    words = [
        f"train.updates={place.size(600, 60)}",
        "train.log_every=1000",
        f"train.save_every={place.size(5000, 500)}",
    ]
    quiet, loud = (place.ring(method, *words, name=f"{method}-{name}") for name in ("quiet", "loud"))
    _worker(quiet).wait()
    process = _worker(loud)
    killed = 0
    while process.poll() is None:
        if len(Tail(loud).rows()) > place.size(12, 1):
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
            break
        time.sleep(0.005)
    process.wait()
    _worker(loud).wait()
    one, other = (_tensors(folder) for folder in (quiet, loud))
    unlike = [name for name in one if not torch.equal(one[name], other[name])]
    record = read(loud)
    found: dict[str, Any] = {"killed": killed, "resumes": record.resumes if record else 0}
    found |= {"arithmetic": record.arithmetic if record else ""}
    return found | ({"error": f"bits differ in {', '.join(unlike[:3])}"} if unlike else {"equal": "to the bit"})


def _worker(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "genbench.cli", "trial", str(folder)], stdout=subprocess.DEVNULL)


def _tensors(folder: Path) -> dict[str, Tensor]:
    state = checkpoint.latest(folder / "checkpoint", Trial.read(folder))
    assert state is not None, f"{folder} has no checkpoint: {read(folder)}"
    return {name: value.cpu() for name, value in state["trainer"].items() if torch.is_tensor(value)}


def equality(place: Place, method: str) -> Mapping[str, Any]:
    """Parameters after 20 updates in fp64, on the CPU and on the device."""
    ends: list[dict[str, Tensor]] = []
    for device in ("cpu", place.device):
        words = ["train.precision=fp64", "train.updates=20", "evaluate.metrics=[]", *SMALL]
        name = f"{method}-{len(ends)}"
        study = place.trials(method, "ring", *words, name=name, device=device)
        (trial,) = study.trials
        run = prepare(trial, study.directory_of(trial)).run
        before = {name: parameter.detach().cpu().clone() for name, parameter in run.trainer.named_parameters()}
        made(run, stepping(run), 20)
        ends.append({name: parameter.detach().cpu() for name, parameter in run.trainer.named_parameters()})
    change = max(float((ends[0][name] - start).abs().max()) for name, start in before.items())
    gap = max(float((ends[0][name] - ends[1][name]).abs().max()) for name in before) / change
    found: dict[str, Any] = {"largest_difference": gap, "allowed": EQUAL}
    return found if gap <= EQUAL else {**found, "error": "CPU and device differ"}


SMALL = ["data.points=800", "net.width=16", "train.batch=40"]


def made(run: Run, step: Callable[[], object], updates: int, first: int = 0) -> None:
    """Make updates as the loop does, without its rows, checks and checkpoints."""
    run.trainer.train()
    for update in range(first, first + updates):
        run.draws.seek(update)
        step()


def graphs(place: Place, method: str) -> Mapping[str, Any]:
    """Milliseconds of a step on images, as it is and captured; whether both end alike; the most memory."""
    warm, updates = place.size(10, 5), place.size(100, 2)
    times, ends = [], []
    found: dict[str, Any] = {}
    for captured in ("false", "true"):
        if place.device.startswith("cuda"):
            torch.cuda.reset_peak_memory_stats()
        run = place.images(method, f"train.cuda_graphs={captured}")
        step = stepping(run)
        made(run, step, warm)
        place.wait()
        began = time.perf_counter()
        made(run, step, updates, warm)
        place.wait()
        times.append(1000 * (time.perf_counter() - began) / updates)
        ends.append([parameter.detach().double().cpu() for parameter in run.trainer.parameters()])
        found |= {"captured": run.graphs, "said": "; ".join(run.warnings)} if captured == "true" else {}
        if captured == "false" and place.device.startswith("cuda"):
            found["peak_memory_mb"] = torch.cuda.max_memory_allocated() / 2**20
    gap = max(float((one - other).abs().max()) for one, other in zip(*ends, strict=True))
    return {"ms": times[0], "ms_captured": times[1], "times_as_fast": times[0] / times[1], "difference": gap, **found}


def bf16(place: Place, method: str) -> Mapping[str, Any]:
    """Scores and seconds on the ring in both precisions."""
    found: dict[str, Any] = {}
    for precision in ("fp32", "bf16"):
        words = [f"train.precision={precision}", f"train.updates={place.size(2000, 3)}", "evaluate.metrics=[modes,mmd]"]
        folder = place.ring(method, *words, name=f"{method}-{precision}")
        run_trial(folder)
        record = read(folder)
        assert record is not None
        if record.status != "finished":
            return found | {"error": f"{precision}: {record.error}"}
        found |= {f"{name}_{precision}": float(value) for name, value in record.metrics.items()}
        found[f"seconds_{precision}"] = record.train_seconds
    return found


def loop(place: Place, method: str) -> Mapping[str, Any]:
    """Images per second of the loop, rows and checkpoints with it, against the same trainer in a bare `for`."""
    updates = place.size(200, 3)
    rates = []
    for looped in (False, True):
        run = place.images(method, budget=f"train.updates={updates}")
        began = time.perf_counter()
        if looped:
            train(run, stop=lambda: False, assess=lambda: None)
        else:
            made(run, stepping(run), updates)
        place.wait()
        rates.append(run.source.position * run.settings.train.batch / (time.perf_counter() - began))
    return {"bare_images_per_second": rates[0], "loop_images_per_second": rates[1], "share": rates[1] / rates[0]}


def evaluation(place: Place, item: str) -> Mapping[str, Any]:
    """Samples per second of a generator, and what the exact search of nearest neighbours takes."""
    if item == "samples":
        run = place.images(place.methods[0])
        run.trainer.eval()
        rates = []
        for _ in range(place.size(3, 1)):
            began = time.perf_counter()
            count = len(sample(run.trainer, run.settings, run.splits, place.size(10_000, 16), run.device))
            rates.append(count / (time.perf_counter() - began))
        return {"per_second": statistics.median(rates)}
    splits = photographs(place.size(50_000, 40))
    rows = splits.train.flatten(1).to(place.device)
    began = time.perf_counter()
    nearest(rows[: place.size(1000, 4)], rows, 5)
    place.wait()
    return {"seconds": time.perf_counter() - began, "queries": place.size(1000, 4), "references": len(rows)}


def study(place: Place, item: str) -> Mapping[str, Any]:
    """As many seeds of a comparison on the ring as the time allows, by the engine of this machine; a trial on each
    accelerator.
    """
    seeds = range(place.size(5, 1))
    words = [f"device={place.device}", "evaluate.metrics=[modes,high_quality,mmd]"]
    words += SHORT if any(label.partition("/")[0] == "mmdgan" for label in place.methods) else []
    words += [*SMALL, "train.updates=3", "evaluate.samples=100"] if place.tiny else ["train.images=2000000"]
    changes = asked(list(place.methods), ["ring"], seeds, [*compose.parse(words)])
    planned = plan(EVERYTHING, changes, name="accelerator", results=place.scratch, dry=True)
    began = time.perf_counter()
    run_study(planned, choose("local", planned.trials), observers=[], display=Silent())
    records = [record for trial in planned.trials if (record := planned.record_of(trial))]
    failed = [record.error for record in records if record.status == "failed"]
    scores = {
        f"modes_{name}": statistics.mean(r.metrics["modes"] for r in records if r.label == name and r.metrics)
        for name in place.methods
        if any(r.label == name and r.metrics for r in records)
    }
    found: dict[str, Any] = {"trials": len(records), "of": len(planned.trials), "seconds": time.perf_counter() - began}
    return found | scores | ({"error": failed[0]} if failed else {})


PARTS: Mapping[str, tuple[Part, Sequence[str]]] = {
    "conformance": (conformance, ()),
    "nccl": (nccl, ("ranks",)),
    "resume": (resume, ()),
    "equality": (equality, ()),
    "graphs": (graphs, ()),
    "bf16": (bf16, ()),
    "loop": (loop, ()),
    "evaluation": (evaluation, ("samples", "neighbours")),
    "study": (study, ("ring",)),
}
"""Each part and its items; none: every method."""


def main(words: Sequence[str] | None = None) -> None:
    """Find out what is not known yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("part", choices=list(PARTS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("device")
    parser.add_argument("--methods", nargs="+", default=installed())
    parser.add_argument("--tiny", action="store_true")
    arguments = parser.parse_args(words)
    look, items = PARTS[arguments.part]
    rows = Rows(arguments.folder)
    with scratch(arguments.folder, keep=arguments.part == "study") as folder:
        place = Place(device=arguments.device, methods=arguments.methods, tiny=arguments.tiny, scratch=folder)
        for item in items or arguments.methods:
            if rows.is_done(arguments.part, item):
                continue
            try:
                found = look(place, item)
            except Exception as error:  # the other items are looked at all the same
                found = {"error": f"{type(error).__name__}: {str(error).partition(chr(10))[0][:300]}"}
            rows.put(arguments.part, item, place.machine, found)
            print(f"  {arguments.part} {item}: {dict(found)}", flush=True)


def installed() -> list[str]:
    """The methods that are there, those that the tests bring aside."""
    return [entry.name for entry in registry.installed("methods") if not entry.problem and "toys" not in entry.origin]


@contextmanager
def scratch(folder: Path, *, keep: bool) -> Iterator[Path]:
    """A folder for trials: of a study it is kept, so that the next machine goes on with it."""
    if keep:
        yield folder / "trials"
        return
    with tempfile.TemporaryDirectory(prefix="genbench-accelerator-") as passing:
        yield Path(passing)


if __name__ == "__main__":
    main()
