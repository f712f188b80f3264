"""One attempt at a trial: prepare, train, score, and the record of what came out."""

from __future__ import annotations

import logging
import os
import platform
import resource
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from genbench.config import settings
from genbench.contract import registry
from genbench.contract.comm import Comm
from genbench.errors import DivergedError, GenbenchError
from genbench.training.build import Prepared, prepare
from genbench.training.evaluate import Scores
from genbench.training.loop import train
from genbench.training.scoring import Judge
from genbench.training.signals import AskedToStopError
from genbench.trial.record import Record
from genbench.trial.trial import Trial
from genbench.version import __version__, git_commit

DONE, FAILED, DIVERGED, BUSY, STOPPED, KILLED = 0, 1, 65, 69, 75, 137
"""Exit codes of a worker: its trial is done, failed with an exception, diverged, is run by another process, was stopped
and can go on, lost a rank and can go on."""

INTERRUPTED = ("interrupted", "stopped by a signal; run it again to go on", STOPPED)
"""Status, error and exit code of a trial that was asked to stop."""

logger = logging.getLogger("genbench")


def attempt(trial: Trial, directory: Path, stop: Callable[[], bool], comm: Comm) -> tuple[Record, int]:
    """Run a trial from where its folder stands; its record and the worker's exit code, whatever happens short of being
    killed.

    On several ranks each makes an attempt; they stop, finish and diverge together, while an exception is one rank's
    own.
    """
    started = time.time()
    facts = describe(trial, directory)
    prepared: Prepared | None = None
    scores = Scores()
    judge: Judge | None = None
    if comm.rank == 0:
        logger.info("trial %s starts, process %d", directory.name, os.getpid())
    try:
        prepared = prepare(trial, directory, comm=comm)
        judge = Judge(trial, prepared)
        if train(prepared.run, stop, judge.assess):
            scores = judge.conclude() if comm.rank == 0 else scores
            status, error, code = "finished", "", DONE
        else:
            status, error, code = INTERRUPTED
    except AskedToStopError:
        status, error, code = INTERRUPTED
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
        better=scores.better,
        warnings=scores.warnings,
        started=started,
        ended=time.time(),
        wall_seconds=time.time() - started,
        evaluate_seconds=judge.seconds if judge else 0.0,
    )
    if comm.rank == 0 or code == FAILED:
        logger.info("trial %s is %s%s", directory.name, status, f": {error}" if error else "")
    return record, code


def describe(trial: Trial, directory: Path) -> dict[str, Any]:
    """What a record says of a trial and its surroundings without running it."""
    origin = next(
        (entry.origin for entry in registry.installed("methods") if entry.name == trial.method), "not installed"
    )
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
        "world": merged.get("world", 1),
        "settings": merged,
        "genbench_version": __version__,
        "torch_version": torch.__version__,
        "python_version": platform.python_version(),
        "git_commit": git_commit(),
    }


def _peak_memory(device: torch.device) -> float:
    """The most memory that was in use, MiB: of the device, or on a CPU of the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
