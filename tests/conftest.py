"""Shared by all tests: the toy methods are installed as a plugin would be, here and in child processes."""

import os
import signal
from pathlib import Path

import pytest

TOYS = Path(__file__).parent / "toys"
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TOYS), os.environ.get("PYTHONPATH")]))


@pytest.fixture
def study(tmp_path):
    """plan(method, overrides…): a study of small trials on the ring, their trial.json written; returns the study."""
    from genbench import study as studies
    from genbench import sweep

    small = ["data.points=800", "train.batch=20", "net.width=8", "evaluate.samples=100", "train.log_every=40", "train.save_every=100"]

    def plan(*labels, overrides=(), seeds=(0,), name="s", datasets=("ring",), budget="train.updates=20"):
        on_ring = set(datasets) <= {"ring", "ring-sharp"}
        words = [word for word in small if on_ring or not word.startswith("data.")]
        words = list({word.partition("=")[0]: word for word in (*words, budget, *overrides)}.values())
        planned = studies.plan_study(labels or ("toy",), datasets, seeds, words, name=name, results=tmp_path / "results")
        for trial in planned.trials:
            sweep.write_trial(trial, planned.directory_of(trial))
        return planned

    return plan


@pytest.fixture
def run_trial():
    """The worker's entry point, with the process's signal handlers put back afterwards."""
    from genbench import worker

    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR2)}
    yield worker.run_trial
    for number, handler in handlers.items():
        signal.signal(number, handler)
