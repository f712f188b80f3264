"""The worker: runs one trial's folder to its end, idempotently; the only thing that any engine starts.

The folder is all it needs: trial.json says what to run, checkpoint/ where to go on. It leaves record.json, whatever happens
short of being killed.
"""

from __future__ import annotations

import fcntl
import logging
import os
import platform
import resource
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

import genbench
from genbench import plugins, settings
from genbench.assembly import Prepared, prepare
from genbench.errors import DivergedError, GenbenchError, TrialBusyError
from genbench.evaluate import Scores
from genbench.judge import Judge
from genbench.record import FINAL, Record, read, read_json, write
from genbench.train import train
from genbench.trial import Trial

DONE, FAILED, DIVERGED, BUSY, STOPPED = 0, 1, 65, 69, 75
"""Exit codes: of a trial that is done, failed with an exception, diverged, is run by another process, was stopped and can go on."""

logger = logging.getLogger("genbench")


def run_trial(directory: Path, *, wait: float = 0.0, log_to_file: bool = True) -> int:
    """Run the trial in a folder to its end and return the exit code; at once if it is done already.

    SIGTERM and SIGUSR2 ask it to save a checkpoint at the next update and stop; so does the end of its parent process.
    Raises TrialBusyError when another process still runs the same folder after `wait` seconds, GenbenchError when
    trial.json cannot be used.
    """
    trial = Trial.from_dict(read_json(directory / "trial.json"))
    with locked(directory, wait), _logging(directory, log_to_file):
        if (record := read(directory)) and record.status in FINAL:
            return DONE if record.status == "finished" else DIVERGED
        (directory / "record.json").unlink(missing_ok=True)
        return _run(trial, directory, asked_to_stop())


def _run(trial: Trial, directory: Path, stop: Callable[[], bool]) -> int:
    started = time.time()
    facts = describe(trial, directory)
    prepared: Prepared | None = None
    scores = Scores(numbers={}, protocols={}, warnings=())
    judge: Judge | None = None
    logger.info("trial %s starts, process %d", directory.name, os.getpid())
    try:
        prepared = prepare(trial, directory)
        judge = Judge(trial, prepared)
        if train(prepared.run, stop, judge.assess):
            scores = judge.conclude()
            status, error, code = "finished", "", DONE
        else:
            status, error, code = "interrupted", "stopped by a signal; run it again to go on", STOPPED
    except DivergedError as problem:
        status, error, code = "diverged", str(problem), DIVERGED
    except GenbenchError as problem:
        status, error, code = "failed", str(problem), FAILED
    except Exception as problem:  # a failed trial is a recorded row: whatever a plugin raises ends up in its record
        logger.error("%s", traceback.format_exc())
        status, error, code = "failed", f"{type(problem).__name__}: {problem}", FAILED
    if prepared is not None:
        progress = prepared.run.progress
        facts |= prepared.facts | {
            "images": progress.images,
            "updates": progress.updates,
            "train_seconds": progress.train_seconds,
            "images_per_second": progress.images / progress.train_seconds if progress.train_seconds else 0.0,
            "resumes": progress.resumes,
            "best_images": progress.best_images,
            "best_updates": progress.best_updates,
            "peak_memory_mb": _peak_memory(prepared.run.device),
        }
    record = Record(
        **facts,
        status=status,
        error=error,
        metrics=scores.numbers,
        protocol={name: protocol.key for name, protocol in scores.protocols.items()},
        protocols={protocol.key: protocol.to_dict() for protocol in scores.protocols.values()},
        warnings=scores.warnings,
        started=started,
        ended=time.time(),
        wall_seconds=time.time() - started,
        evaluate_seconds=judge.seconds if judge else 0.0,
    )
    write(record, directory)
    logger.info("trial %s is %s%s", directory.name, status, f": {error}" if error else "")
    return code


def describe(trial: Trial, directory: Path) -> dict[str, Any]:
    """What a record says of a trial and its surroundings without running it."""
    origin = next((entry.origin for entry in plugins.installed("methods") if entry.name == trial.method), "not installed")
    merged = settings.merge(trial.settings, trial.running)
    return {
        "study": trial.study,
        "trial": directory.name,
        "id": trial.id,
        "method": trial.method,
        "variant": trial.variant,
        "dataset": trial.dataset,
        "architecture": trial.architecture,
        "seed": trial.seed,
        "origin": origin,
        "threads": merged.get("threads", 1),
        "settings": merged,
        "genbench_version": genbench.__version__,
        "torch_version": torch.__version__,
        "python_version": platform.python_version(),
        "git_commit": _git_commit(),
    }


def asked_to_stop() -> Callable[[], bool]:
    """A function that tells whether a signal asked to stop, or the process that started this one is gone."""
    asked = False
    parent = os.getppid()

    def ask(number: int, frame: object) -> None:
        nonlocal asked
        asked = True

    for number in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(number, ask)
    return lambda: asked or os.getppid() != parent


@contextmanager
def locked(directory: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold the trial's folder; the system lets go of the lock when the process ends, however it ends."""
    deadline = time.monotonic() + wait
    with (directory / "lock").open("a+") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    file.seek(0)
                    raise TrialBusyError(f"{directory} is being run by process {file.read().strip() or 'unknown'} already") from None
                time.sleep(0.1)
        file.truncate(0)
        file.write(f"{os.getpid()} on {platform.node()}")
        file.flush()
        yield


@contextmanager
def _logging(directory: Path, to_file: bool) -> Iterator[None]:
    handler = logging.FileHandler(directory / "log.txt") if to_file else logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()


def _peak_memory(device: torch.device) -> float:
    """The most memory that was in use, MiB: of the device, or on a CPU of the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


@lru_cache(maxsize=1)
def _git_commit() -> str:
    """The commit of the checkout that genbench runs from, empty when it is installed otherwise."""
    here = Path(__file__).parent
    try:
        tracked = subprocess.run(["git", "ls-files", "--error-unmatch", __file__], cwd=here, capture_output=True)
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return head.stdout.strip() if tracked.returncode == 0 == head.returncode else ""
