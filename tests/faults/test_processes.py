"""Killing: trials, supervisors, fork servers, ranks, at random moments of training, scoring and writing."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from disturbed import SMALL, Linger, assert_same, command, folders, holder, plan, run, wait_for

from genbench.study.run import Silent, write_trial
from genbench.trial import record

TRIALS = 24
KILLS = 2
"""Of one trial under one supervisor: a third would be its last."""


def supervisor(results, *words, seeds):
    """The command of a supervisor with two slots."""
    return command(results, "--study", "s", "--seeds", ",".join(map(str, seeds)), "--slots", "2", *SMALL, *words)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """The study that nothing happens to."""
    study = plan(tmp_path_factory.mktemp("quiet"), seeds=tuple(range(TRIALS)))
    run(study)
    return folders(study)


class Killer(Silent):
    """Kills what runs the trials while a study runs, at random moments."""

    def __init__(self, study, dice, victim, limit, longest):
        self._directories, self._dice, self._victim, self._limit, self._longest = (
            folders(study),
            dice,
            victim,
            limit,
            longest,
        )
        self.killed = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._kill)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._over.set()
        self._thread.join()

    def _kill(self):
        seen = {}
        while not self._over.is_set():
            time.sleep(0.005)
            for directory in self._directories:
                pid = holder(directory)
                if pid is None or record.read(directory) is not None:
                    continue
                due = seen.setdefault((directory, pid), time.monotonic() + self._dice.uniform(0, self._longest))
                if time.monotonic() >= due and self.killed.get(directory, 0) < self._limit(self.killed):
                    seen[directory, pid] = float("inf")
                    target = self._victim(pid)
                    if target is not None and _kill(target):
                        self.killed[directory] = self.killed.get(directory, 0) + 1


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def parent(pid):
    """The fork server of a worker."""
    try:
        server = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        words = Path(f"/proc/{server}/cmdline").read_text()
        return server if "forkserver" in words or "prepared.py" in words else None  # it may be forked itself, see there
    except (FileNotFoundError, ProcessLookupError):
        return None


def test_trials_that_are_killed(quiet, tmp_path, dice, fault):
    study = plan(tmp_path, seeds=tuple(range(TRIALS)))
    with Killer(study, dice, lambda pid: pid, lambda killed: KILLS, 0.8) as killer:
        run(study, display=killer)
    fault("SIGKILL of a trial", sum(killer.killed.values()))
    assert sum(killer.killed.values()) >= TRIALS
    run(study)
    for one, other in zip(quiet, folders(study), strict=True):
        assert_same(one, other)


def test_fork_servers_that_are_killed(quiet, tmp_path, dice, fault):
    study = plan(tmp_path, seeds=tuple(range(12)))
    with Killer(study, dice, parent, lambda killed: 1 if sum(killed.values()) < 10 else 0, 0.5) as killer:
        run(study, display=killer)
    fault("SIGKILL of the fork server", sum(killer.killed.values()))
    assert sum(killer.killed.values()) >= 3
    run(study)
    for one, other in zip(quiet, folders(study), strict=False):
        assert_same(one, other)


def test_supervisors_that_are_killed_or_interrupted(quiet, tmp_path, dice, fault):
    seeds = tuple(range(20))
    study = plan(tmp_path, seeds=seeds)
    for number in range(16):
        process = subprocess.Popen(
            supervisor(tmp_path, "train.updates=600", seeds=seeds), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        before = sum(record.read(directory) is not None for directory in folders(study))
        if before == len(seeds):
            process.wait()
            break
        wait_for(lambda process=process: process.poll() is not None or any(map(_is_run, folders(study))))
        time.sleep(dice.uniform(0, 0.6))
        how = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)[number % 3]
        if process.poll() is None:
            process.send_signal(how)
            process.wait()
            fault(f"{how.name} of the supervisor")
    run(study)
    for one, other in zip(quiet, folders(study), strict=False):
        assert_same(one, other)


def _is_run(directory):
    pid = holder(directory)
    return pid is not None and Path(f"/proc/{pid}").exists()


def test_trials_that_are_asked_to_stop(quiet, tmp_path, dice, fault):
    seeds = tuple(range(12))
    study = plan(tmp_path, seeds=seeds)
    for directory in folders(study):
        write_trial(study.trials[folders(study).index(directory)], directory)
        process = subprocess.Popen(
            [sys.executable, "-m", "genbench.cli", "trial", str(directory)], stdout=subprocess.DEVNULL
        )
        wait_for(
            lambda process=process, directory=directory: (
                process.poll() is not None or (directory / "metrics.jsonl").exists()
            )
        )
        time.sleep(dice.uniform(0, 0.5))
        how = dice.choice([signal.SIGTERM, signal.SIGUSR2])
        if process.poll() is None:
            process.send_signal(how)
            fault(f"{how.name} to a trial")
        assert process.wait() in (0, 75)
    run(study)
    for one, other in zip(quiet, folders(study), strict=False):
        assert_same(one, other)


def test_two_supervisors_on_one_study(quiet, tmp_path, fault):
    seeds = tuple(range(8))
    study = plan(tmp_path, seeds=seeds)
    processes = [
        subprocess.Popen(
            supervisor(tmp_path, "train.updates=600", seeds=seeds), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    said = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    fault("another supervisor on the same study", len(seeds))
    run(study)
    for one, other in zip(quiet, folders(study), strict=False):
        assert_same(one, other)
        assert (other / "log.txt").read_text().count("starts, process") == 1


@pytest.fixture(scope="module")
def quiet_ranks(tmp_path_factory):
    """The trial of two ranks that nothing happens to."""
    study = plan(tmp_path_factory.mktemp("quiet_ranks"), "world=2", updates=200)
    run(study, slots=1)
    return folders(study)[0]


@pytest.mark.parametrize("rank", [0, 1])
def test_ranks_that_are_killed(quiet_ranks, tmp_path, fault, rank):
    linger = Linger(tmp_path)
    loud = plan(tmp_path, "world=2", *linger.words, updates=200)
    ranks_of = _ranks

    class Kills(Silent):
        kills = 0

        def progress(self, trial, row):
            if self.kills < 2 and row["updates"] > 1:
                ranks = ranks_of(holder(folders(loud)[0]))
                if len(ranks) == 2 and _kill(ranks[rank]):
                    self.kills += 1
                    fault("SIGKILL of a rank")
            if self.kills == 2:
                linger.over()

    display = Kills()
    run(loud, slots=1, display=display)
    assert display.kills == 2
    run(loud, slots=1)
    assert_same(quiet_ranks, folders(loud)[0])


def _ranks(pid):
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if (
                int((path / "stat").read_text().rpartition(")")[2].split()[1]) == pid
                and "spawn_main" in (path / "cmdline").read_text()
            ):
                found.append(int(path.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return sorted(found)
