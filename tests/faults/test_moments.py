"""Moments: a trial is killed before each single thing that it does to its folder, from its first file to its record."""

import os
import signal
import sys

import pytest
from disturbed import assert_same, written

from genbench.training import worker

SETTINGS = ("train.save_every=200", "train.log_every=100", "train.sample_every=300", "evaluate.every=200")
UPDATES = 30
DIED = -signal.SIGKILL


def prepared(folder):
    """A trial that is about to begin, scored every 10 updates."""
    return written(folder, *SETTINGS, updates=UPDATES)


def run_in_child(directory, die_at=None):
    """Run a trial in a separate process, killed before its die_at-th event; its exit code, and the number of events
    if it lived.

    An event is whatever Python tells its audit hooks about files in the trial's folder: opened, renamed, removed,
    truncated, made, listed.
    """
    receives, sends = os.pipe()
    pid = os.fork()
    if pid == 0:
        count = 0

        def hook(event, arguments):
            nonlocal count
            if event.partition(".")[0] in ("open", "os", "shutil") and any(
                str(argument).startswith(str(directory)) for argument in arguments[:2]
            ):
                count += 1
                if count == die_at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        code = 1
        try:
            code = worker.run_trial(directory)
            os.write(sends, str(count).encode())
        finally:
            os._exit(code)
    os.close(sends)
    _, status = os.waitpid(pid, 0)
    with os.fdopen(receives) as pipe:
        told = pipe.read()
    return os.waitstatus_to_exitcode(status), int(told or 0)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """The trial that nothing happens to, and the number of its events."""
    assert (
        worker.run_trial(prepared(tmp_path_factory.mktemp("first"))) == worker.DONE
    )  # here, so that no child imports anything any more
    directory = prepared(tmp_path_factory.mktemp("quiet"))
    code, events = run_in_child(directory)
    assert code == worker.DONE
    return directory, events


def test_a_trial_that_is_killed_before_any_single_thing_it_does_to_its_folder(quiet, tmp_path, fault):
    undisturbed, events = quiet
    assert events > 60
    for moment in range(1, events + 1):
        directory = prepared(tmp_path / str(moment))
        code, _ = run_in_child(directory, moment)
        assert code == DIED, moment
        assert worker.run_trial(directory) == worker.DONE
        assert_same(undisturbed, directory)
        fault("SIGKILL between two accesses to the trial's folder")


def test_a_trial_that_is_killed_again_and_again_at_ever_later_moments(quiet, tmp_path, fault):
    undisturbed, events = quiet
    directory = prepared(tmp_path)
    died = 0
    for moment in range(10, events, 4):
        code, _ = run_in_child(directory, moment)
        if code == worker.DONE:
            break
        assert code == DIED
        died += 1
        fault("SIGKILL again and again, of one trial")
    assert died > 5
    assert worker.run_trial(directory) == worker.DONE
    assert_same(undisturbed, directory)
