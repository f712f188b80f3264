"""Surroundings: trackers that die or never answer, clocks that jump, plugins that misbehave."""

import os
import time
from pathlib import Path

import pytest
from disturbed import assert_same, folders, plan, run

from genbench import record, sweep, worker
from genbench.observers import replay


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    study = plan(tmp_path_factory.mktemp("quiet"), seeds=(0, 1), updates=300)
    run(study)
    return folders(study)


@pytest.mark.parametrize("moment", range(5))
@pytest.mark.parametrize("how", ["raises", "never answers"])
def test_a_tracker(quiet, tmp_path, monkeypatch, fault, how, moment):
    """One that raises is dropped, one that hangs is left behind: training waits for neither."""
    calls = iter(range(1000))

    def broken(self, name, hook):
        def call(**arguments):
            if next(calls) >= moment:
                if how == "raises":
                    raise ConnectionError("the tracking server is gone")
                time.sleep(3600)

        return call

    monkeypatch.setattr(replay.Observers, "_caller", broken)
    monkeypatch.setattr(sweep, "OBSERVER_PATIENCE", 0.5)
    study = plan(tmp_path, seeds=(0, 1), updates=300)
    problems = run(study, observers=["tensorboard"])
    assert any("genbench sync" in problem for problem in problems)
    fault(f"a tracker that {how}")
    monkeypatch.undo()
    assert replay.sync(study.results, ["tensorboard"]) == 2
    for one, other in zip(quiet, folders(study), strict=True):
        assert_same(one, other)


@pytest.mark.parametrize("jump", [-1e9, -3600, -1, 3600, 1e8])
def test_a_clock_that_jumps(quiet, tmp_path, monkeypatch, fault, jump):
    true, count = time.time, iter(range(10**9))

    def jumping():
        return true() + (jump if next(count) % 2 else 0.0)

    study = plan(tmp_path, updates=300)
    (directory,) = folders(study)
    sweep.write_trial(study.trials[0], directory)
    monkeypatch.setattr(time, "time", jumping)
    assert worker.run_trial(directory) == worker.DONE
    fault("a clock that jumps")
    monkeypatch.undo()
    assert record.read(directory).train_seconds < 600
    assert_same(quiet[0], directory)


@pytest.mark.parametrize(
    ("how", "status"),
    [("segfault", "failed"), ("exit", "failed"), ("fork", "finished"), ("print", "finished"), ("leak", "failed"), ("raise", "failed")],
)
def test_a_plugin_that_misbehaves_costs_its_own_trial_alone(quiet, tmp_path, fault, how, status):
    study = plan(tmp_path, f"toy-fails.how={how}", methods=("toy", "toy-fails"), seeds=(0, 1), updates=300)
    run(study)
    by_method = {}
    for trial, directory in zip(study.trials, folders(study), strict=True):
        by_method.setdefault(trial.method, []).append(directory)
    for directory in by_method["toy-fails"]:
        found = record.read(directory)
        assert found.status == status, found.error
        assert found.error or status == "finished"
        fault(f"a plugin: {how}")
        (directory / "log.txt").unlink()  # one of them holds a gigabyte
    for one, other in zip(quiet, by_method["toy"], strict=True):
        assert_same(one, other)
    if how == "fork":
        assert not _left_behind(tmp_path)


def _left_behind(folder):
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            links = [os.readlink(link) for link in (path / "fd").iterdir()]
        except OSError:
            continue
        if int(path.name) != os.getpid() and any(link.startswith(str(folder)) for link in links):
            found.append(path.name)
    return found
