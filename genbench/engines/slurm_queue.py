"""What Slurm knows of trials' jobs: whether they wait or run, how they ended, and cancelling them. Imports no torch."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from genbench.engines.slurm_job import Note, command
from genbench.errors import GenbenchError

OVER = {
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "REVOKED",
    "TIMEOUT",
}
"""Slurm's states of a job that will not run again by itself."""
USUAL = {"None", "BeginTime", "Cleaning", "Dependency", "JobArrayTaskLimit", "Priority", "Resources"}
"""Slurm's reasons for a job to wait that pass by themselves."""


class Answer(NamedTuple):
    """What Slurm says of a job."""

    state: str
    """PENDING, RUNNING, …; empty for a job that it knows no more."""
    reason: str
    """Why it is not running."""


GONE = Answer("", "")


def cancel(directories: Iterable[Path]) -> int:
    """Cancel the jobs of trials; the number of jobs that were queued or running. A running trial saves and can be
    continued.

    Raises GenbenchError when Slurm does not answer.
    """
    noted = {directory: note for directory in directories if (note := find(directory))}
    known = ask(noted.values())
    active = [note.job for note in noted.values() if (state := known.get(note.job, GONE).state) and state not in OVER]
    for directory in noted:
        Note.remove(directory)  # first: a job whose note is gone does not requeue itself
    for at in range(0, len(active), 500):
        done = command("scancel", *active[at : at + 500])
        if done.returncode:
            raise GenbenchError(f"Slurm does not cancel the jobs: {done.stderr.strip()}")
    return len(active)


def states(directories: Iterable[Path]) -> dict[Path, str]:
    """`running`, `queued`, or `queued (reason)` where waiting may not help, for each trial that has such a job.

    Raises GenbenchError when Slurm does not answer.
    """
    noted = {directory: note for directory in directories if (note := find(directory))}
    known = ask(noted.values())
    found: dict[Path, str] = {}
    for directory, note in noted.items():
        state, reason = known.get(note.job, GONE)
        if state in ("RUNNING", "COMPLETING"):
            found[directory] = "running"
        elif state not in OVER and state:
            found[directory] = "queued" if reason in USUAL else f"queued ({reason})"
    return found


def find(directory: Path) -> Note | None:
    """The note of a trial's job, with the job's id; None when the trial was never submitted.

    A supervisor that was killed while it submitted could note no id: the job is found by its name then.
    """
    note = Note.read(directory)
    if note is None or note.job:
        return note
    done = _ask_squeue("--name", note.name, "-o", "%i")
    for job in done.stdout.split():
        if (job.partition("_")[2] or "0") == str(note.index):
            note = dataclasses.replace(note, job=job)
            note.write(directory)
            return note
    return None


def ask(notes: Iterable[Note]) -> dict[str, Answer]:
    """What Slurm says of each noted job that it still knows; raises GenbenchError when it does not answer."""
    arrays = sorted({note.job.partition("_")[0] for note in notes})
    if not arrays:
        return {}
    done = _ask_squeue("--jobs", ",".join(arrays), "-o", "%i|%T|%r")
    rows = [line.split("|", 2) for line in done.stdout.splitlines()]
    return {job: Answer(state, reason) for job, state, reason in rows}


def remembered(note: Note) -> str:
    """The state in which a job ended that has left the queue, from the accounting; empty where there is none."""
    lines = command("sacct", "-n", "-X", "-P", "-o", "State", "-j", note.job).stdout.splitlines()
    return lines[-1].strip() if lines else ""


def without_accounting() -> str:
    """Why the cluster's accounting cannot be asked, empty when it can."""
    if shutil.which("sacct") is None:
        return "sacct is not installed"
    done = command("sacct", "-n", "-X", "-S", "now")
    return " ".join(done.stderr.split()) if done.returncode else ""


def check_installed() -> None:
    """Raise GenbenchError when jobs cannot be submitted from this machine."""
    if shutil.which("sbatch") is None:
        raise GenbenchError(
            "there is no Slurm on this machine (sbatch is not found); run this on a login node of the cluster, or use"
            " --engine local"
        )
    try:
        import submitit  # noqa: F401
    except ImportError as error:
        raise GenbenchError("the Slurm engine needs submitit: pip install 'genbench[slurm]'") from error


def _ask_squeue(*words: str) -> subprocess.CompletedProcess[str]:
    done = command("squeue", "--noheader", "--array", "--states", "all", *words)
    if done.returncode and "Invalid job id" not in done.stderr:
        raise GenbenchError(f"Slurm does not answer: {' '.join(done.stderr.split())}")
    return done
