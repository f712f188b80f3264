"""One attempt at a trial: prepare, train, score, and the record of what came out, even where its worker is lost."""

from __future__ import annotations

import logging
import os
import platform
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch

from genbench import files
from genbench.config import nested
from genbench.contract import numerics, registry
from genbench.contract.comm import Comm
from genbench.errors import DivergedError, GenbenchError, shown
from genbench.training.build import Prepared, prepare
from genbench.training.evaluate import Scores
from genbench.training.loop import train
from genbench.training.scoring import Judge
from genbench.training.signals import AskedToStopError
from genbench.trial.log import Tail
from genbench.trial.record import Record, Status
from genbench.trial.trial import Trial
from genbench.version import __version__, git_commit

DONE, FAILED, DIVERGED, BUSY, STOPPED, KILLED = 0, 1, 65, 69, 75, 137
"""Exit codes of a worker: its trial is done, failed with an exception, diverged, is run by another process, was stopped
and can go on, lost a rank and can go on."""


class Ending(NamedTuple):
    """How an attempt ended."""

    status: Status
    error: str
    code: int
    """The worker's exit code."""


INTERRUPTED = Ending("interrupted", "stopped by a signal; run it again to go on", STOPPED)
"""Of a trial that was asked to stop."""

logger = logging.getLogger("genbench")


def attempt(trial: Trial, directory: Path, stop: Callable[[], bool], comm: Comm) -> tuple[Record, int]:
    """Run a trial from where its folder stands; its record and the worker's exit code, whatever happens to it,
    unless the process is killed.

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
            ending = Ending("finished", "", DONE)
        else:
            ending = INTERRUPTED
    except AskedToStopError:
        ending = INTERRUPTED
    except DivergedError as problem:
        ending = Ending("diverged", str(problem), DIVERGED)
    except GenbenchError as problem:
        ending = Ending("failed", str(problem), FAILED)
    except Exception as problem:  # a failed trial is a recorded row: whatever a plugin raises ends up in its record
        logger.error("%s", shown.discreet(traceback.format_exc()))
        ending = Ending("failed", shown.short(shown.discreet(f"{type(problem).__name__}: {problem}")), FAILED)
    record = _record(facts, ending, started, prepared, judge, scores)
    if comm.rank == 0 or ending.code == FAILED:
        why = f": {ending.error}" if ending.error else ""
        logger.info("trial %s is %s%s", directory.name, ending.status, why)
    return record, ending.code


def was_killed(status: int) -> bool:
    """Whether a worker that ended so was killed, or one of its ranks was: it left no record and is started again."""
    return status < 0 or status == KILLED


def record_of_lost(trial: Trial, directory: Path, status: int, *, attempts: int) -> Record:
    """The record of a trial whose worker could not write one; attempts: how often a killed worker was started."""
    try:
        rows = Tail(directory).rows()
        clocks = {key: rows[-1][key] for key in ("images", "updates", "train_seconds")} if rows else {}
    except (GenbenchError, OSError):
        clocks = {}
    outcome: Status = "failed"
    if status == STOPPED:  # a job that was cancelled while it waited
        outcome, why = "interrupted", "stopped before it began to train; run it again"
    elif was_killed(status):
        killer = signal.Signals(-status).name if status < 0 else "a signal in one of its ranks"
        why = (
            f"killed by {killer} {attempts} times; the machine may be short of memory (use fewer --slots, or on a"
            " cluster a larger resources.memory_gb)"
        )
    else:
        last = shown.short(shown.discreet(_last_line(directory / "log.txt")))
        why = f"the worker ended with exit code {status} without a record{': ' + last if last else ''}"
    return Record(**describe(trial, directory), status=outcome, error=why, ended=time.time(), **clocks)


def describe(trial: Trial, directory: Path) -> dict[str, Any]:
    """What a record says of a trial and its surroundings without running it."""
    origin = next(
        (entry.origin for entry in registry.installed("methods") if entry.name == trial.method), "not installed"
    )
    merged = nested.merge(trial.settings, trial.running)
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
        "numerics": dict(trial.numerics),
        "warnings": () if trial.numerics else (numerics.UNKNOWN,),
    }


def _record(
    facts: Mapping[str, Any],
    ending: Ending,
    started: float,
    prepared: Prepared | None,
    judge: Judge | None,
    scores: Scores,
) -> Record:
    """The record of an attempt, however far it came."""
    found = dict(facts)
    if prepared is not None:
        progress = prepared.run.progress
        found |= prepared.facts | {
            "arithmetic": prepared.facts["arithmetic"] + (", CUDA graphs" if prepared.run.graphs else ""),
            "images": progress.images,
            "updates": progress.updates,
            "train_seconds": progress.train_seconds,
            "images_per_second": progress.images / progress.train_seconds if progress.train_seconds else 0.0,
            "resumes": progress.resumes,
            "best_images": progress.best_images,
            "best_updates": progress.best_updates,
            "peak_memory_mb": _peak_memory(prepared.run.device),
        }
    own = prepared.run.warnings if prepared is not None else []
    warnings = (*found.pop("warnings"), *own, *scores.warnings)
    return Record(
        **found,
        status=ending.status,
        error=ending.error,
        metrics=scores.numbers,
        protocol={name: protocol.key for name, protocol in scores.protocols.items()},
        protocols={protocol.key: protocol.to_dict() for protocol in scores.protocols.values()},
        better=scores.better,
        warnings=warnings,
        started=started,
        ended=time.time(),
        wall_seconds=max(0.0, time.time() - started),  # a clock may be set back
        evaluate_seconds=judge.seconds if judge else 0.0,
    )


def _peak_memory(device: torch.device) -> float:
    """The most memory that was in use, MiB: of the device, or on a CPU of the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _last_line(path: Path) -> str:
    try:
        lines = files.read_text(path, errors="replace").strip().splitlines()
    except OSError:  # there is none, or something else has its name
        return ""
    return lines[-1] if lines else ""
