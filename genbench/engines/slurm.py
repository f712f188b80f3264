"""The Slurm engine: a job per trial, in arrays, that goes on while no supervisor watches and is found again by the next
one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import io
import json
import logging
import signal
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genbench import files
from genbench.engines import slurm_queue
from genbench.engines.engine import TICK, Listener, interrupt
from genbench.engines.slurm_job import Note, attempts, work
from genbench.engines.slurm_resources import parameters
from genbench.engines.slurm_states import GiveUp, Last, Submit, Wait, Watch, when_found, when_over
from genbench.errors import GenbenchError
from genbench.training.worker import FAILED, STOPPED
from genbench.trial.lock import check_inside
from genbench.trial.record import read

LONGEST_ARRAY = 1000
"""Slurm's MaxArraySize is 1001 where nobody changed it."""

logger = logging.getLogger("genbench")


@dataclass(kw_only=True)
class _Watched:
    """What a supervisor has seen of a trial's job."""

    note: Note
    started: int = 0
    """Attempts whose start was told."""
    ended: int = 0
    """Attempts whose end was told."""
    over: int = 0
    """How many times in a row Slurm said that the job is over, or did not know it."""


class Slurm:
    """Runs each trial as a job of a Slurm cluster; jobs outlive the supervisor."""

    def __init__(self, slots: int | None = None, *, poll_seconds: float = 10.0) -> None:
        """slots: jobs of a study at once; none: as many as the cluster gives. poll_seconds: between two questions to
        Slurm.
        """
        self.slots, self._poll_seconds = slots, poll_seconds
        self._watched: dict[Path, _Watched] = {}
        self._said: set[str] = set()

    def run(self, directories: Sequence[Path], listener: Listener) -> None:
        """Run every trial's folder; returns when all have ended. A trial whose job is queued or running is not
        submitted again.

        On KeyboardInterrupt and on SIGTERM, raised as KeyboardInterrupt, the jobs go on. Raises GenbenchError when
        there is no Slurm or when it refuses a job; jobs submitted by the same call are cancelled then.
        """
        slurm_queue.check_installed()
        if why := slurm_queue.without_accounting():
            self._say_once(f"this cluster keeps no accounting ({why}): how a job ended is read from its trial's files")
        in_main = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGTERM, interrupt) if in_main else None
        self._watched = {}
        try:
            self._begin(directories)
            polled = time.monotonic()
            while self._watched:
                for directory, watched in list(self._watched.items()):
                    self._tell(directory, watched, listener)
                if time.monotonic() - polled >= self._poll_seconds:
                    self._poll(listener)
                    polled = time.monotonic()
                listener.tick()
                time.sleep(TICK)
        finally:
            if in_main:
                signal.signal(signal.SIGTERM, before)

    def _begin(self, directories: Sequence[Path]) -> None:
        """Watch the jobs of an earlier supervisor, submit the other trials."""
        for folder in sorted({jobs_folder(directory) for directory in directories}):
            members = [directory for directory in directories if jobs_folder(directory) == folder]
            with _locked(folder):
                noted = {directory: note for directory in members if (note := slurm_queue.find(directory))}
                known = slurm_queue.ask(noted.values())
                killed = dict.fromkeys(members, 0)
                for directory, note in noted.items():
                    codes = attempts(directory, note.job)
                    state = known.get(note.job, slurm_queue.GONE).state or slurm_queue.remembered(note)
                    match when_found(note, codes, state, failed=_has_failed(directory, codes)):
                        case Watch(note, told):
                            self._watched[directory] = _Watched(note=note, started=told, ended=told)
                            del killed[directory]
                        case Submit(killed=count):
                            killed[directory] = count
                self._submit(folder, killed)

    def _tell(self, directory: Path, watched: _Watched, listener: Listener) -> None:
        """Tell what the job has noted since the last look; a trial that ended by itself is watched no more."""
        codes = attempts(directory, watched.note.job)
        for number, code in enumerate(codes):
            if number >= watched.started:
                watched.started = number + 1
                listener.started(directory, watched.note.killed + codes[:number].count(None) + 1)
            if number >= watched.ended and (code is not None or number < len(codes) - 1):
                watched.ended = number + 1
                listener.ended(directory, -signal.SIGKILL if code is None else code, final=code not in (None, STOPPED))
                if code not in (None, STOPPED):
                    self._forget(directory)
                    return

    def _poll(self, listener: Listener) -> None:
        """Ask Slurm for all jobs, and see to those that are over without having said how."""
        try:
            known = slurm_queue.ask(watched.note for watched in self._watched.values())
        except GenbenchError as error:  # its controller may be restarting: the jobs go on, and so does watching them
            self._say_once(str(error))
            return
        for directory, watched in list(self._watched.items()):
            state, reason = known.get(watched.note.job, slurm_queue.GONE)
            if state == "PENDING" and reason not in slurm_queue.USUAL:
                self._say_once(
                    f"jobs wait, perhaps for ever, as Slurm says {reason}; see squeue and the settings resources.*"
                )
            watched.over = watched.over + 1 if not state or state in slurm_queue.OVER else 0
            if watched.over > 1:  # once may be a job on its way back to the queue
                self._tell(directory, watched, listener)
                if directory in self._watched:
                    self._settle(directory, watched, state or slurm_queue.remembered(watched.note), listener)

    def _settle(self, directory: Path, watched: _Watched, state: str, listener: Listener) -> None:
        """See to a trial whose job is over: submit it again, or give it up."""
        with _locked(folder := jobs_folder(directory)):
            noted, job = Note.read(directory), watched.note.job
            codes = attempts(directory, job)
            action = when_over(watched.note, codes, state, noted=noted)
            if isinstance(action, Watch):
                self._watched[directory] = _Watched(note=action.note)
            if isinstance(action, Watch | Wait):
                return
            if Last.of(codes) is not Last.STOPPED:
                over = f"Slurm's job {job} is over ({state or 'Slurm knows it no more'})"
                _note_in_log(directory, f"{over}, see {folder}/{job}_0_log.err")
            if isinstance(action, Submit):
                self._submit(folder, {directory: action.killed})
            else:
                self._forget(directory)
        if action.ended is not None:
            listener.ended(directory, action.ended, final=isinstance(action, GiveUp))

    def _submit(self, folder: Path, killed: Mapping[Path, int]) -> None:
        """Submit trials, an array for each set of resources; each is noted beside its trial before it is submitted and
        after.

        killed: attempts of each trial that were killed before.
        """
        arrays: dict[str, list[Path]] = {}
        for directory in killed:
            arrays.setdefault(json.dumps(parameters(directory), sort_keys=True), []).append(directory)
        submitted: list[Path] = []
        for key, members in arrays.items():
            for part in (members[at : at + LONGEST_ARRAY] for at in range(0, len(members), LONGEST_ARRAY)):
                name = f"genbench-{folder.parent.name}-{uuid.uuid4().hex[:12]}"
                notes = [Note(name=name, index=index, killed=killed[directory]) for index, directory in enumerate(part)]
                for directory, note in zip(part, notes, strict=True):
                    Note.remove(directory)
                    note.write(directory)
                try:
                    jobs = self._array(folder, part, {**json.loads(key), "job_name": name})
                except GenbenchError:
                    for directory in part:
                        Note.remove(directory)
                    slurm_queue.cancel(submitted)
                    raise
                for directory, note, job in zip(part, notes, jobs, strict=True):
                    self._watched[directory] = _Watched(note=dataclasses.replace(note, job=job))
                    self._watched[directory].note.write(directory)
                submitted += part

    def _array(self, folder: Path, part: Sequence[Path], options: dict[str, Any]) -> list[str]:
        """Submit one array, a job for each trial; the jobs' ids."""
        import submitit
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        if self.slots:  # an array limits only its own jobs, so it waits for the others
            known = slurm_queue.ask(
                watched.note for directory, watched in self._watched.items() if directory not in part
            )
            others = sorted(
                {job.partition("_")[0] for job, answer in known.items() if answer.state not in slurm_queue.OVER}
            )
            options |= {"dependency": "afterany:" + ":".join(others)} if others else {}
        executor = submitit.SlurmExecutor(folder)
        executor.update_parameters(**options, array_parallelism=self.slots or len(part))
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # submitit prints what it raises
                return [job.job_id for job in executor.map_array(work, [str(directory) for directory in part])]
        except (FailedJobError, FailedSubmissionError) as error:
            raise GenbenchError(
                f"Slurm refuses the jobs: {' '.join(str(error).split())} (see the settings resources.*)"
            ) from error

    def _say_once(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            logger.warning("%s", line)

    def _forget(self, directory: Path) -> None:
        del self._watched[directory]
        Note.remove(directory)


def jobs_folder(directory: Path) -> Path:
    """The folder of the jobs' scripts and output, beside the folder of the study's trials."""
    return directory.parent.parent / "jobs"


def _has_failed(directory: Path, codes: Sequence[int | None]) -> bool:
    """Whether a trial failed by itself, as its last attempt and its record say."""
    record = read(directory) if codes and codes[-1] == FAILED else None
    return record is not None and record.status == "failed"


def _note_in_log(directory: Path, line: str) -> None:
    with contextlib.suppress(OSError):  # a full disk
        files.append(directory / "log.txt", f"{line}\n".encode())


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One supervisor at a time submits a study's jobs."""
    check_inside(folder, folder.parent)
    folder.mkdir(exist_ok=True)
    with files.locking(folder / "lock") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
