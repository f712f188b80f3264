"""What tests of whole trials share: small studies, the command that runs one, and whether two trials ended alike."""

import sys
import time
from functools import cache
from pathlib import Path

import torch

from genbench.engines.choice import choose
from genbench.study.plan import plan_study
from genbench.study.run import Silent, run_study, write_trial
from genbench.trial import checkpoint, record
from genbench.trial.log import Tail
from genbench.trial.trial import Trial


def small(*, log_every, save_every):
    """Settings of a trial on the ring that takes a second."""
    size = ["data.points=800", "train.batch=20", "net.width=8", "evaluate.samples=100"]
    return [*size, f"train.log_every={log_every}", f"train.save_every={save_every}"]


def command(results, *words):
    """The words of a process that runs the toy on a results folder."""
    base = [sys.executable, "-m", "genbench.cli", "run", "--methods", "toy", "--observers", "none"]
    return [*base, "--results", str(results), *words]


SMALL = small(log_every=400, save_every=2000)


def plan(results, *overrides, seeds=(0,), methods=("toy",), updates=600, name="s"):
    words = {word.partition("=")[0]: word for word in (*SMALL, f"train.updates={updates}", *overrides)}
    return plan_study(methods, ["ring"], seeds, words.values(), name=name, results=results)


@cache
def _planned(*overrides, updates):
    return plan(Path("results"), *overrides, updates=updates).trials[0]


def written(folder, *overrides, updates):
    """The folder of a trial of the toy that is about to begin, in `folder`; such trials are planned once."""
    directory = folder / "trial"
    write_trial(_planned(*overrides, updates=updates), directory)
    return directory


def run(study, slots=2, observers=(), display=None):
    """Run a study on this machine; what its observers could not do."""
    engine = choose("local", study.trials, slots=slots)
    return run_study(study, engine, observers=observers, display=display or Silent()).problems


def folders(study):
    return [study.directory_of(trial) for trial in study.trials]


def outcome(directory):
    """All that must not depend on what happened on the way."""
    state = checkpoint.latest(directory / "checkpoint", Trial.read(directory))
    rows = [(row["images"], row["updates"], row.get("values"), row.get("metrics")) for row in Tail(directory).rows()]
    found = record.read(directory)
    facts = (
        found.status,
        found.images,
        found.updates,
        dict(found.metrics),
        dict(found.protocol),
        found.batches_hash,
        found.generator_hash,
    )
    return {
        "facts": facts,
        "rows": rows,
        "state": {key: value for key, value in state["trainer"].items() if torch.is_tensor(value)},
    }


def assert_same(one, other):
    """Two trials ended alike, to the bit."""
    a, b = outcome(one), outcome(other)
    assert a["facts"] == b["facts"]
    assert a["rows"] == b["rows"]
    assert a["state"].keys() == b["state"].keys()
    assert all(torch.equal(value, b["state"][key]) for key, value in a["state"].items())


def holder(directory):
    """The process that runs a trial, or None."""
    try:
        return int((directory / "lock").read_text().split()[0])
    except (FileNotFoundError, IndexError):
        return None


def wait_for(condition, seconds=240):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "nothing came of it"
        time.sleep(0.01)
    return found


class Linger:
    """Keeps a toy training slowly until it may hurry: `words` is its setting."""

    def __init__(self, folder):
        self._file = folder / "linger"
        self._file.touch()
        self.words = [f"toy.linger={self._file}"]

    def over(self):
        self._file.unlink(missing_ok=True)
