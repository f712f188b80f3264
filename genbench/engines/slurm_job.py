"""A trial as a Slurm job: what the job runs, and the two small files by which it and its supervisors know of each
other.

job.json is the supervisors': which job runs the trial, noted before it is submitted and removed when the trial has
ended. attempts.jsonl is the job's: a line when an attempt starts and one when it ends. An attempt without the second
line was killed, whatever the cluster remembers of it; so nothing depends on Slurm's accounting.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from genbench import files
from genbench.errors import GenbenchError, TrialBusyError
from genbench.training.signals import STOPPING
from genbench.trial.json_file import read_json, write_json
from genbench.trial.schema import made

ORPHANS = 60.0
"""Seconds that a worker waits for one of an ending job to release the trial."""
PATIENCE = 60.0
"""Seconds that a command of Slurm has to answer."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """Which job runs a trial."""

    name: str
    """The job's name, which no other array has: by it a job is found whose id could not be noted any more."""
    index: int
    """The trial's place in the array."""
    job: str = ""
    """Slurm's id, `12_3`; empty until Slurm has given it."""
    killed: int = 0
    """Attempts of earlier jobs that were killed."""

    @classmethod
    def read(cls, directory: Path) -> Note | None:
        """The note in a trial's folder, or None."""
        path = directory / "job.json"
        if not path.exists():
            return None
        return made(cls, read_json(path), str(path), "see squeue for the study's jobs, cancel them, and remove it")

    def write(self, directory: Path) -> None:
        """Put the note into a trial's folder, atomically."""
        write_json(asdict(self), directory / "job.json")

    @staticmethod
    def remove(directory: Path) -> None:
        """Forget the trial's job and its attempts."""
        for name in ("job.json", "attempts.jsonl"):
            (directory / name).unlink(missing_ok=True)


def attempts(directory: Path, job: str) -> list[int | None]:
    """The exit code of each attempt that a job made at a trial, in order; None for one that runs or was killed."""
    try:
        content = files.read_bytes(directory / "attempts.jsonl")
    except FileNotFoundError:
        return []
    codes: list[int | None] = []
    for line in content.splitlines():
        if not line.endswith(
            b"}"
        ):  # a lost machine may leave part of a line, and one being written has not happened yet
            continue
        try:
            row = json.loads(line)
            if row["job"] == job and "ended" not in row:
                codes.append(None)
            elif row["job"] == job and codes:
                codes[-1] = row["ended"]
        except (ValueError, KeyError, TypeError) as error:
            raise GenbenchError(
                f"{directory / 'attempts.jsonl'} is damaged: '{line[:80].decode(errors='replace')}' is no attempt;"
                " remove that line"
            ) from error
    return codes


def command(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of Slurm; one that is not there fails with exit code 127, one that does not answer in time with
    124.
    """
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE)
    except FileNotFoundError:
        return subprocess.CompletedProcess(words, 127, "", f"{words[0]} is not found on this machine")
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(words, 124, "", f"{words[0]} did not answer within {PATIENCE:.0f} s")


def work(directory: str) -> int:
    """Run a trial's folder inside a job, and have the job requeued when the trial was asked to stop and can go on.

    The job requeues itself, so that a trial goes on after preemption and after its time limit while no supervisor
    watches. The cluster requeues a job whose node is lost; how often it may is decided here, for the same reason.
    """
    asked: list[int] = []
    for number in STOPPING:  # until the worker, whose import takes seconds, listens itself
        signal.signal(number, lambda number, frame: asked.append(number))
    folder = Path(directory)
    log = files.appending(folder / "log.txt")
    for target in (1, 2):
        os.dup2(log, target)
    logging.getLogger("submitit").setLevel(logging.WARNING)  # the trial's log is the trial's
    if os.environ.get("SLURM_PROCID", "0") != "0":  # the first task of several speaks for the job
        return _run(folder, asked)
    from genbench.engines.engine import RETRIES
    from genbench.training.worker import KILLED, STOPPED

    job = _own_id()
    note = Note.read(folder)
    if note is None or note.killed + attempts(folder, job).count(None) > RETRIES:
        return -signal.SIGKILL
    _append(folder, {"job": job, "time": time.time()})
    code = _run(folder, asked)
    if code != KILLED:  # a rank of it was: to everybody who reads the file it looks as if the whole attempt had been
        _append(folder, {"job": job, "time": time.time(), "ended": code})
    if code in (KILLED, STOPPED) and Note.read(folder) is not None:
        _requeue(job)
    return code


def _run(folder: Path, asked: list[int]) -> int:
    from genbench.training.worker import BUSY, FAILED, STOPPED, run_trial

    if asked:
        return STOPPED
    try:
        return run_trial(folder, wait=ORPHANS, log_to_file=False)
    except TrialBusyError:
        return BUSY
    except Exception:  # a worker that cannot even write a record has ended by itself anyway: it is not tried again
        traceback.print_exc()
        return FAILED
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _requeue(job: str) -> None:
    """Have the job run again later, unless it is being cancelled; a supervisor submits it again where this is
    forbidden.
    """
    if command("squeue", "-h", "-j", job, "-o", "%T").stdout.strip() == "RUNNING":
        done = command("scontrol", "requeue", job)
        if done.returncode:
            os.write(2, f"the job could not be requeued: {done.stderr.strip()}\n".encode())


def _own_id() -> str:
    environment = os.environ
    if "SLURM_ARRAY_JOB_ID" in environment:
        return f"{environment['SLURM_ARRAY_JOB_ID']}_{environment['SLURM_ARRAY_TASK_ID']}"
    return environment["SLURM_JOB_ID"]


def _append(folder: Path, row: dict[str, Any]) -> None:
    descriptor = files.appending(folder / "attempts.jsonl")
    try:
        os.write(
            descriptor, b"\n" + json.dumps(row).encode() + b"\n"
        )  # the first ends what a lost machine may have left
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
