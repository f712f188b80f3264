"""Surroundings: trackers that die or never answer, clocks that jump, plugins that misbehave."""

import os
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from disturbed import assert_same, folders, plan, run, wait_for

from genbench.errors import GenbenchError
from genbench.observers import replay
from genbench.observers.store import connect
from genbench.study import run as running
from genbench.study.run import Silent, write_trial
from genbench.training import worker
from genbench.trial import record


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
    monkeypatch.setattr(running, "OBSERVER_PATIENCE", 0.5)
    study = plan(tmp_path, seeds=(0, 1), updates=300)
    problems = run(study, observers=["tensorboard"])
    assert any("genbench sync" in problem for problem in problems)
    fault(f"a tracker that {how}")
    monkeypatch.undo()
    assert replay.sync(study.results, ["tensorboard"]) == 2
    for one, other in zip(quiet, folders(study), strict=True):
        assert_same(one, other)


@contextmanager
def tracking_server(folder, port):
    """A real tracking server on this machine."""
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/server.db",
        "--artifacts-destination",
        str(folder / "artifacts"),
    ]
    silent = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_TRACKING_URI": "",
    }
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **silent}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_for(lambda: _answers(port))
        yield process
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def _answers(port):
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def server_port(monkeypatch):
    """A port that the environment names as the tracking server's."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://somebody:secret@127.0.0.1:{port}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    return port


def test_a_tracking_server_that_dies_in_the_middle_and_one_that_never_answers(quiet, tmp_path, server_port, fault):
    study = plan(tmp_path / "results", seeds=(0, 1), updates=300)

    class KillsTheServer(Silent):
        def started(self, trial, attempt):
            if trial.seed == 1:
                os.killpg(server.pid, 9)

    with tracking_server(tmp_path, server_port) as server:
        problems = run(study, slots=1, observers=["mlflow"], display=KillsTheServer())
    assert any("genbench sync" in problem for problem in problems)
    assert not any("secret" in problem for problem in problems)
    fault("a tracking server that is killed")
    for one, other in zip(quiet, folders(study), strict=True):
        assert_same(one, other)

    with closing(socket.create_server(("127.0.0.1", server_port))):  # takes connections, and never answers one
        deaf = plan(tmp_path / "deaf", seeds=(0, 1), updates=300)
        problems = run(deaf, observers=["mlflow"])
        with pytest.raises(GenbenchError, match="comes with the next sync"):
            replay.sync(deaf.results, ["mlflow"])
    assert any("genbench sync" in problem for problem in problems)
    fault("a tracking server that never answers")
    for one, other in zip(quiet, folders(deaf), strict=True):
        assert_same(one, other)

    with tracking_server(tmp_path, server_port):
        assert replay.sync(study.results, ["mlflow"]) == 2
        client = connect(study.results)
        experiment = client.get_experiment_by_name("s")
        runs = client.search_runs([experiment.experiment_id], "tags.`genbench.trial` LIKE '%'")
        assert sorted(run.info.run_name for run in runs) == sorted(directory.name for directory in folders(study))
        assert {run.data.tags["genbench.status"] for run in runs} == {"finished"}
        assert client.list_artifacts(runs[0].info.run_id, "samples")
    assert not (study.results / "mlflow.db").exists()


@pytest.mark.parametrize("jump", [-1e9, -3600, -1, 3600, 1e8])
def test_a_clock_that_jumps(quiet, tmp_path, monkeypatch, fault, jump):
    true, count = time.time, iter(range(10**9))

    def jumping():
        return true() + (jump if next(count) % 2 else 0.0)

    study = plan(tmp_path, updates=300)
    (directory,) = folders(study)
    write_trial(study.trials[0], directory)
    monkeypatch.setattr(time, "time", jumping)
    assert worker.run_trial(directory) == worker.DONE
    fault("a clock that jumps")
    monkeypatch.undo()
    assert record.read(directory).train_seconds < 600
    assert_same(quiet[0], directory)


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ("segfault", "failed"),
        ("exit", "failed"),
        ("fork", "finished"),
        ("print", "finished"),
        ("leak", "failed"),
        ("raise", "failed"),
    ],
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
