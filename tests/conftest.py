"""Shared by all tests: the toy methods are installed as a plugin would be, here and in child processes."""

import os
import shutil
import signal
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from prepared import PREPARED

FAULTS = Counter()

TOYS = Path(__file__).parent / "toys"
os.environ.pop("MLFLOW_TRACKING_URI", None)  # no test may write to somebody's server
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TOYS), os.environ.get("PYTHONPATH")]))


PYTHON = sys.executable


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.add_cleanup(lambda: shutil.rmtree(PREPARED.folder, ignore_errors=True))
    sys.executable = PREPARED.executable


def pytest_collection_modifyitems(items):
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    tests = Counter(item.path for item in items)
    # Processes that share the files then end together: no file that takes long is begun last.
    items.sort(key=lambda item: slow[item.path] / tests[item.path], reverse=True)
    for item in items if sys.platform != "linux" else ():
        if item.get_closest_marker("proc"):
            item.add_marker(
                pytest.mark.skip(reason="it looks at processes through /proc, which this system does not have")
            )


def pytest_addoption(parser):
    parser.addoption("--ledger", type=Path, help="write the number of faults of each kind here, as CSV")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    FAULTS.update(getattr(node, "workeroutput", {}).get("faults", {}))


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):  # one of several processes that share the tests
        session.config.workeroutput["faults"] = dict(FAULTS)
        return
    path = session.config.getoption("--ledger")
    if path is not None and FAULTS:
        rows = [f"{kind},{count}" for kind, count in sorted(FAULTS.items())]
        path.write_text("\n".join(["fault,times", *rows, f"all,{sum(FAULTS.values())}"]) + "\n")


@pytest.fixture
def fault():
    """fault(kind): one more of them has happened, and nothing was lost by it; `--ledger` counts them."""

    def count(kind, times=1):
        FAULTS[kind] += times

    return count


@pytest.fixture
def real_python(monkeypatch):
    """Python itself as sys.executable, for tests of how processes start, of their limits, or of what they inherit."""
    monkeypatch.setattr(sys, "executable", PYTHON)


@pytest.fixture
def impatient():
    """A test that waits for half a minute, as for a FIFO, is ended by an error."""

    def late(number, frame):
        raise AssertionError("it waited")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def genbench(capsys, tmp_path, monkeypatch):
    """genbench(words…): exit code, stdout, stderr of a command run in an empty folder."""
    from genbench import cli

    monkeypatch.chdir(tmp_path)

    def call(*words):
        with pytest.raises(SystemExit) as end:
            cli.main([str(word) for word in words])
        captured = capsys.readouterr()
        return end.value.code, captured.out, captured.err

    return call


@pytest.fixture
def study(tmp_path):
    """plan(method, overrides…): a study of small trials on the ring, their trial.json written; returns the study."""
    from disturbed import small

    from genbench.study.plan import plan_study
    from genbench.study.run import write_trial

    smallest = small(log_every=40, save_every=100)

    def plan(*labels, overrides=(), seeds=(0,), name="s", datasets=("ring",), budget="train.updates=20"):
        on_ring = set(datasets) <= {"ring", "ring-sharp"}
        words = [word for word in smallest if on_ring or not word.startswith("data.")]
        words = list({word.partition("=")[0]: word for word in (*words, budget, *overrides)}.values())
        planned = plan_study(labels or ("toy",), datasets, seeds, words, name=name, results=tmp_path / "results")
        for trial in planned.trials:
            write_trial(trial, planned.directory_of(trial))
        return planned

    return plan


@pytest.fixture(autouse=True)
def own_signals():
    """The process's signal handlers are put back after every test: a worker's are for the rest of its process."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR2)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def run_trial():
    """The worker's entry point."""
    from genbench.training import worker

    return worker.run_trial


@pytest.fixture(scope="session")
def results_of_trained(tmp_path_factory):
    """Results folders of one finished trial each, by its overrides."""
    return defaultdict(lambda: tmp_path_factory.mktemp("trained") / "results")


@pytest.fixture
def trained(study, run_trial, tmp_path, results_of_trained):
    """trained(override…): the folder of a finished trial of the toy in the test's own results folder; trained once
    and copied for every test that asks for the same.
    """

    def folder(*overrides):
        kept, results = results_of_trained[overrides], tmp_path / "results"
        if kept.exists():
            shutil.copytree(kept, results)
        else:
            planned = study(overrides=overrides)
            run_trial(planned.directory_of(planned.trials[0]))
            shutil.copytree(results, kept)
        (trial,) = results.glob("s/trials/*")
        return trial

    return folder
