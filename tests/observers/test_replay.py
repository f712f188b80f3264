"""Replaying trials to observers: every row once and in order, whatever the observers do."""

import importlib
import json
import sys

import pytest
from trial_files import append, end, make, row_of, trial_of

from genbench.errors import DataError, PluginError, UnknownNameError
from genbench.observers.replay import Observers, _discreet, sync
from genbench.observers.watcher import Watcher
from genbench.trial.log import Tail

MODULES = {
    "notes": (
        """
        class Observer:
            @hookimpl
            def genbench_trial_start(self, trial, directory):
                calls.put(("start", directory.name))
            @hookimpl
            def genbench_trial_log(self, directory, rows):
                calls.put(("log", directory.name, [row["updates"] for row in rows]))
            @hookimpl
            def genbench_trial_end(self, directory, record):
                calls.put(("end", directory.name, record["status"]))
            @hookimpl
            def genbench_study_end(self, study, directory):
                calls.put(("study", study, directory.name))
        """
    ),
    "breaks": (
        """
        class Observer:
            @hookimpl
            def genbench_trial_log(self, rows):
                raise RuntimeError("no more room")
        """
    ),
    "hangs": (
        """
        class Observer:
            @hookimpl
            def genbench_trial_start(self, trial):
                release.wait()
        """
    ),
    "misspelt": (
        """
        class Observer:
            @hookimpl
            def genbench_trial_begin(self, trial):
                pass
        """
    ),
    "unmarked": (
        """
        class Observer:
            def genbench_trial_log(self, rows):
                pass
        """
    ),
    "idle": (
        """
        class Observer:
            pass
        """
    ),
    "unmade": (
        """
        class Observer:
            def __init__(self):
                raise OSError("no way to http://me:secret@tracker:1\\nat all")
        """
    ),
    "nothing": (
        """
        def Observer():
            return None
        """
    ),
    "quits": (
        """
        class Observer:
            @hookimpl
            def genbench_trial_log(self, rows):
                raise SystemExit("enough")
        """
    ),
}
HEAD = (
    "import queue, threading\nfrom genbench.plugin import hookimpl\ncalls, release = queue.SimpleQueue(),"
    " threading.Event()\n"
)
FOOT = "\n@hookimpl\ndef genbench_observer(results):\n    return Observer()\n"


@pytest.fixture(scope="module", autouse=True)
def installed_observers(tmp_path_factory):
    """The modules above, installed as a distribution of observers."""
    folder = tmp_path_factory.mktemp("site")
    metadata = folder / "watching-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: watching\nVersion: 1.0\n")
    names = "".join(f"{name} = watching_{name}\n" for name in MODULES)
    (metadata / "entry_points.txt").write_text(f"[genbench.observers]\n{names}")
    for name, source in MODULES.items():
        body = "\n".join(line[8:] for line in source.splitlines())
        (folder / f"watching_{name}.py").write_text(HEAD + body + FOOT)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield
    for name in MODULES:
        sys.modules.pop(f"watching_{name}", None)


def calls():
    """What the observer `notes` was told since the last time."""
    told = importlib.import_module("watching_notes").calls
    return [told.get() for _ in range(told.qsize())]


def next_call():
    return importlib.import_module("watching_notes").calls.get(timeout=30)


def updates(told):
    return [number for call in told if call[0] == "log" for number in call[2]]


def test_a_tail_gives_each_row_once(tmp_path):
    directory = make(tmp_path, trial_of(), row_of(1), row_of(2))
    tail = Tail(directory)
    assert tail.rows() == [row_of(1), row_of(2)]
    assert tail.rows() == []
    append(directory, row_of(3))
    assert tail.rows() == [row_of(3)]


def test_a_tail_of_a_trial_without_rows_is_empty(tmp_path):
    assert Tail(tmp_path).rows() == []


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_torn_last_line_is_read_once_it_is_whole(tmp_path, cut):
    directory = make(tmp_path, trial_of(), row_of(1))
    line = json.dumps(row_of(2)) + "\n"
    path, tail = directory / "metrics.jsonl", Tail(directory)
    with path.open("a") as file:
        file.write(line[:cut])
    assert tail.rows() == [row_of(1)]
    with path.open("a") as file:
        file.write(line[cut:])
    assert tail.rows() == [row_of(2)]


def test_a_tail_goes_on_where_a_resumed_trial_cut_off_a_torn_line(tmp_path):
    directory = make(tmp_path, trial_of(), row_of(1))
    path, tail = directory / "metrics.jsonl", Tail(directory)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"time": 17')
    assert tail.rows() == [row_of(1)]
    path.write_bytes(whole)
    append(directory, row_of(2))
    assert tail.rows() == [row_of(2)]


@pytest.mark.parametrize("line", ['{"time": 17', "[1, 2]"])
def test_a_damaged_line_is_named_with_its_file(tmp_path, line):
    directory = make(tmp_path, trial_of())
    (directory / "metrics.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match=r"metrics\.jsonl is damaged"):
        Tail(directory).rows()


def test_rows_reach_an_observer_while_the_trial_runs(tmp_path):
    trial = trial_of()
    directory = make(tmp_path, trial, row_of(1))
    watcher = Watcher(Observers(["notes"], tmp_path), interval=0.01)
    watcher.trial_started(trial, directory)
    assert next_call() == ("start", directory.name)
    assert next_call() == ("log", directory.name, [10])
    append(directory, row_of(2))
    assert next_call() == ("log", directory.name, [20])
    assert watcher.close() == []


def test_an_observer_sees_start_all_rows_in_order_and_end(tmp_path):
    trials = [trial_of(seed=seed) for seed in range(3)]
    directories = [make(tmp_path, trial, row_of(1)) for trial in trials]
    watcher = Watcher(Observers(["notes"], tmp_path), interval=0.001)
    for trial, directory in zip(trials, directories, strict=True):
        watcher.trial_started(trial, directory)
    for number in range(2, 40):
        for directory in directories:
            append(directory, row_of(number))
    for trial, directory in zip(trials, directories, strict=True):
        watcher.trial_ended(trial, directory, end(trial, directory))
    assert watcher.close() == []
    told = calls()
    for directory in directories:
        own = [call for call in told if call[1] == directory.name]
        assert (own[0][0], own[-1]) == ("start", ("end", directory.name, "finished"))
        assert updates(own) == [10 * number for number in range(1, 40)]


def test_closing_hands_over_the_rows_of_trials_that_still_run(tmp_path):
    trial = trial_of()
    directory = make(tmp_path, trial, row_of(1), row_of(2))
    watcher = Watcher(Observers(["notes"], tmp_path), interval=30)
    watcher.trial_started(trial, directory)
    assert watcher.close() == []
    assert updates(calls()) == [10, 20]


def test_a_trial_that_is_started_again_is_replayed_from_its_first_row(tmp_path):
    trial = trial_of()
    directory = make(tmp_path, trial, row_of(1))
    watcher = Watcher(Observers(["notes"], tmp_path))
    watcher.trial_started(trial, directory)
    watcher.trial_started(trial, directory)
    watcher.close()
    assert [call[0] for call in calls()] == ["start", "log", "start", "log"]


def test_a_trial_that_ended_unseen_is_replayed_whole(tmp_path):
    trial = trial_of()
    directory = make(tmp_path, trial, row_of(1))
    watcher = Watcher(Observers(["notes"], tmp_path))
    watcher.trial_ended(trial, directory, end(trial, directory, status="failed"))
    watcher.close()
    assert calls() == [("start", directory.name), ("log", directory.name, [10]), ("end", directory.name, "failed")]


def test_an_observer_that_raises_is_dropped_and_disturbs_no_other(tmp_path):
    trials = [trial_of(seed=seed) for seed in range(2)]
    watcher = Watcher(Observers(["breaks", "notes"], tmp_path))
    for trial in trials:
        directory = make(tmp_path, trial, row_of(1))
        watcher.trial_started(trial, directory)
        watcher.trial_ended(trial, directory, end(trial, directory))
    (problem,) = watcher.close()
    assert "'breaks'" in problem
    assert "RuntimeError: no more room" in problem
    assert "genbench sync" in problem
    assert [call[0] for call in calls()] == ["start", "log", "end"] * 2


def test_an_observer_that_asks_to_exit_is_dropped_with_a_word(tmp_path):
    trial = trial_of()
    directory = make(tmp_path, trial, row_of(1))
    watcher = Watcher(Observers(["quits"], tmp_path))
    watcher.trial_started(trial, directory)
    (problem,) = watcher.close()
    assert "observer 'quits' was dropped: SystemExit: enough" in problem


def test_an_observer_whose_hook_raises_is_refused_by_the_name_of_its_distribution(tmp_path):
    with pytest.raises(PluginError) as refused:
        Observers(["unmade"], tmp_path)
    assert str(refused.value) == (
        "watching 1.0: genbench_observer(results) in watching_unmade raises OSError: no way to http://tracker:1 at all;"
        " mend or uninstall it, or choose other --observers"
    )


def test_an_observer_whose_hook_gives_nothing_is_refused(tmp_path):
    with pytest.raises(PluginError, match=r"observer 'nothing': genbench_observer\(results\) gives no object"):
        Observers(["nothing"], tmp_path)


def test_what_an_observer_says_with_a_traceback_is_one_line_without_it():
    where = '(raised as a result of) Traceback (most recent call last):\n  File "x.py", line 1, in f\n    g()\n'
    text = f"{where}sqlite3.IntegrityError: UNIQUE failed\n\n(Background on this)"
    assert _discreet(text) == "sqlite3.IntegrityError: UNIQUE failed"
    sql = "(sqlite3.OperationalError) database is locked\n[SQL: SELECT 1]\n(Background on this error at: https://x)"
    assert _discreet(sql) == "(sqlite3.OperationalError) database is locked"
    assert _discreet("no answer\nfrom http://me:secret@host/") == "no answer from http://host/"


def test_an_observer_that_hangs_delays_closing_by_the_timeout_and_disturbs_no_other(tmp_path):
    trial = trial_of()
    directory = make(tmp_path, trial, row_of(1))
    watcher = Watcher(Observers(["notes", "hangs"], tmp_path))
    watcher.trial_started(trial, directory)
    watcher.trial_ended(trial, directory, end(trial, directory))
    assert [next_call()[0] for _ in range(3)] == ["start", "log", "end"]
    (problem,) = watcher.close(timeout=0.1)
    importlib.import_module("watching_hangs").release.set()
    assert "'hangs'" in problem
    assert "genbench sync" in problem


def test_a_damaged_file_is_one_problem_and_the_trial_still_ends(tmp_path):
    trial = trial_of()
    directory = make(tmp_path, trial)
    (directory / "metrics.jsonl").write_text("nonsense\n")
    watcher = Watcher(Observers(["notes", "breaks"], tmp_path), interval=0.001)
    watcher.trial_started(trial, directory)
    watcher.trial_ended(trial, directory, end(trial, directory))
    (problem,) = watcher.close()
    assert "metrics.jsonl is damaged" in problem
    assert [call[0] for call in calls()] == ["start", "end"]


def test_sync_replays_every_trial_of_every_study_in_order(tmp_path):
    trials = [trial_of(study=study, seed=seed) for study in ("a", "b") for seed in (0, 1)]
    directories = {make(tmp_path, trial, row_of(1), row_of(2)): trial for trial in trials}
    for directory, trial in list(directories.items())[:-1]:
        end(trial, directory)
    assert sync(tmp_path, ["notes"]) == 4
    told = calls()
    assert [call[1] for call in told if call[0] == "start"] == [directory.name for directory in sorted(directories)]
    assert updates(told) == [10, 20] * 4
    assert [call[0] for call in told].count("end") == 3
    assert [call for call in told if call[0] == "study"] == [("study", "a", "a"), ("study", "b", "b")]


def test_the_end_of_a_study_is_told_after_its_trials_and_where_there_were_none(tmp_path):
    trial = trial_of()
    directory = make(tmp_path, trial, row_of(1))
    watcher = Watcher(Observers(["notes"], tmp_path), interval=0.001)
    watcher.trial_started(trial, directory)
    watcher.trial_ended(trial, directory, end(trial, directory))
    watcher.study_ended(tmp_path / "study")
    watcher.study_ended(tmp_path / "another")
    assert watcher.close() == []
    assert [call[0] for call in calls()] == ["start", "log", "end", "study", "study"]


def test_sync_names_a_folder_that_does_not_exist(tmp_path):
    with pytest.raises(DataError, match="there is no results folder"):
        sync(tmp_path / "nothing", ["notes"])


def test_an_observer_named_twice_is_told_once(tmp_path):
    assert Observers(["notes", "notes"], tmp_path).names == ["notes"]


def test_an_unknown_observer_is_an_error_with_a_guess(tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'notes'"):
        Observers(["note"], tmp_path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("misspelt", "unknown hook 'genbench_trial_begin'"),
        ("unmarked", "mark it with @hookimpl"),
        ("idle", "has no hook"),
    ],
)
def test_an_observer_with_wrong_hooks_is_refused(tmp_path, name, reason):
    with pytest.raises(PluginError, match=reason):
        Observers([name], tmp_path)
