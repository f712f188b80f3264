"""A study from plan to records, through real processes of the local engine."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch
from disturbed import command, small

from genbench.engines.choice import choose
from genbench.errors import GenbenchError, UnfinishedError, UnknownNameError
from genbench.observers.replay import Observers
from genbench.observers.watcher import Watcher
from genbench.study import run as running
from genbench.study.plan import Study, plan_study
from genbench.study.run import Silent, run_study, write_trial
from genbench.training import worker
from genbench.trial import checkpoint, collected, record
from genbench.trial.log import Tail
from genbench.trial.trial import Trial

SMALL = small(log_every=40, save_every=400)


class Watching(Silent):
    """A display that remembers."""

    def __init__(self):
        self.starts = []

    def started(self, trial, attempt):
        self.starts.append((trial.label, trial.swept, attempt))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A study in which one trial finishes and the others fail in every way, run once."""
    folder = tmp_path_factory.mktemp("mixed")
    once, often = folder / "once", folder / "often"
    for marker, count in ((once, 1), (often, 9)):
        marker.mkdir()
        for number in range(count):
            (marker / str(number)).touch()
    overrides = [
        *SMALL,
        "train.updates=40",
        "toy.lr=1e-3",
        "toy-fails.at=34",
        "toy-fails.how=raise,nan,kill",
        f"toy-fails.marker='',{once},{often}",
    ]
    study = plan_study(["toy", "toy-fails"], ["ring"], [0], overrides, name="mixed", results=folder / "results")
    wanted = {("raise", ""), ("nan", ""), ("kill", str(once)), ("kill", str(often))}
    trials = [
        t
        for t in study.trials
        if t.method == "toy" or (t.settings["method"]["how"], t.settings["method"]["marker"]) in wanted
    ]
    study = Study(name=study.name, results=study.results, trials=tuple(trials))
    display = Watching()
    outcome = run_study(study, choose("local", study.trials, slots=2), observers=[], display=display)
    assert outcome.problems == []
    by_marker = {
        (r.settings["method"].get("how", ""), Path(r.settings["method"].get("marker", "")).name): r
        for t in trials
        if (r := study.record_of(t))
    }
    return study, display, by_marker


@pytest.mark.slow
def test_one_failed_trial_does_not_touch_the_others(mixed):
    study, _, records = mixed
    assert len(records) == len(study.trials) == 5
    assert records[("", "")].status == "finished"
    assert (records[("raise", "")].status, records[("raise", "")].error) == ("failed", "ValueError: the toy is broken")
    assert records[("nan", "")].status == "diverged"


@pytest.mark.slow
def test_a_killed_trial_goes_on_from_its_checkpoint_and_ends_with_the_bits_of_an_undisturbed_one(mixed):
    study, _, records = mixed
    killed = records[("kill", "once")]
    assert (killed.status, killed.resumes) == ("finished", 1)
    folders = [study.directory / "trials" / records[key].trial for key in (("", ""), ("kill", "once"))]
    one, other = (checkpoint.latest(folder / "checkpoint", Trial.read(folder))["trainer"] for folder in folders)
    weights = [key for key in one if key.startswith("generator.")]
    assert weights
    assert all(torch.equal(one[key], other[key]) for key in weights)
    assert records[("", "")].metrics == killed.metrics


@pytest.mark.slow
def test_a_trial_that_is_killed_every_time_is_given_up_after_three_attempts(mixed):
    _, display, records = mixed
    lost = records[("kill", "often")]
    assert lost.status == "failed"
    assert "SIGKILL 3 times" in lost.error
    attempts = [
        attempt
        for _, swept, attempt in display.starts
        if swept.get("toy-fails.marker", "").endswith("often") and swept["toy-fails.how"] == "kill"
    ]
    assert attempts == [1, 2, 3]


@pytest.mark.slow
def test_an_exception_and_a_divergence_are_not_tried_again(mixed):
    _, display, _ = mixed
    assert max(attempt for _, swept, attempt in display.starts if swept.get("toy-fails.how") in ("raise", "nan")) == 1


@pytest.mark.slow
def test_every_trial_logs_into_its_own_folder(mixed):
    study, _, _ = mixed
    assert all("starts" in (study.directory_of(trial) / "log.txt").read_text() for trial in study.trials)


@pytest.mark.slow
def test_the_records_are_a_data_frame(mixed):
    study, _, _ = mixed
    frame = collected.load(study.directory)
    assert sorted(frame["status"]) == ["diverged", "failed", "failed", "finished", "finished"]


def wait_for_rows(folder, count, process):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if any(len(Tail(path).rows()) >= count for path in folder.glob("*/trials/*") if path.is_dir()):
            return
        time.sleep(0.02)
    raise AssertionError(f"no progress; exit code {process.poll()}")


def processes_of(folder):
    """The processes that hold a file below the folder open or were started with it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                links = [os.readlink(link) for link in (entry / "fd").iterdir()]
            except OSError:
                continue
            if any(link.startswith(str(folder)) for link in links):
                found.append(int(entry.name))
    return found


DISTURBED = [*SMALL, "train.updates=600"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The folder of a trial that ran to its end at once."""
    quiet = tmp_path_factory.mktemp("quiet")
    subprocess.run(command(quiet, *DISTURBED), check=True, capture_output=True)
    (trial,) = quiet.glob("*/trials/*")
    return trial


@pytest.mark.proc
@pytest.mark.slow
@pytest.mark.parametrize("how", ["interrupt", "kill the supervisor"])  # trials and fork servers: tests/faults
def test_a_disturbed_study_ends_with_the_bits_of_an_undisturbed_one_when_the_command_is_run_again(
    undisturbed, tmp_path, how
):
    loud = tmp_path / "loud"
    # What runs in the background of a shell ignores SIGINT, and so do its children unless they change that.
    process = subprocess.Popen(
        command(loud, *DISTURBED),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    wait_for_rows(loud, 60, process)
    (trial,) = loud.glob("*/trials/*")
    if how == "interrupt":
        process.send_signal(signal.SIGINT)
    else:
        process.kill()
    output = process.communicate(timeout=90)
    assert process.returncode == (130 if how == "interrupt" else -signal.SIGKILL), output
    if how == "interrupt":
        assert record.read(trial).status == "interrupted"
        assert "goes on" in output[1]
        assert processes_of(loud) == []
    subprocess.run(command(loud, *DISTURBED), check=True, capture_output=True)
    rows = [[(row["images"], row["values"]) for row in Tail(path).rows()] for path in (undisturbed, trial)]
    assert rows[0] == rows[1]
    one, other = (checkpoint.latest(path / "checkpoint", Trial.read(path))["trainer"] for path in (undisturbed, trial))
    assert all(torch.equal(one[key], other[key]) for key in one if torch.is_tensor(one[key]))
    assert record.read(undisturbed).metrics == record.read(trial).metrics
    assert record.read(trial).resumes >= 1


def refuse(error, said, methods=("toy",), datasets=("ring",), overrides=(), name="s", results=None, tmp_path=None):
    results = results or tmp_path / "results"
    with pytest.raises(error, match=said):
        plan_study(methods, datasets, [0], [*SMALL, "train.updates=2", *overrides], name=name, results=results)
    assert not results.is_dir()


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"methods": ["tyo"]}, UnknownNameError, "did you mean 'toy'"),
        ({"methods": ["toy/fats"]}, UnknownNameError, "did you mean 'fast'"),
        ({"methods": ["toy", "toy"]}, GenbenchError, "twice"),
        ({"datasets": ["rnig"]}, UnknownNameError, "did you mean 'ring'"),
        ({"overrides": ["net=mpl"]}, UnknownNameError, "did you mean 'mlp'"),
        ({"overrides": ["net=dcgan"]}, GenbenchError, "dcgan"),
        ({"overrides": ["net=3"]}, GenbenchError, "net=3 names no architecture"),
        ({"overrides": ["toy-fails.at=1"]}, GenbenchError, "not among this study's methods"),
        ({"overrides": ["evaluate.metrics=[modse]"]}, UnknownNameError, "did you mean 'modes'"),
        ({"overrides": ["evaluate.metrics=[modes,modes]"]}, GenbenchError, "twice"),
        (
            {"overrides": ["evaluate.metrics=[neighbour_distance]"]},
            GenbenchError,
            "neighbour_distance cannot be used on ring",
        ),
        ({"overrides": ["device=cuda:99"]}, GenbenchError, "cuda:99"),
        ({"name": "../up"}, GenbenchError, "cannot name a study"),
        ({"name": "a/b"}, GenbenchError, "cannot name a study"),
        ({"name": ".."}, GenbenchError, "cannot name a study"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_written(tmp_path, wrong, error, said):
    refuse(error, said, tmp_path=tmp_path, **wrong)


def test_results_that_are_a_file_are_refused(tmp_path):
    (tmp_path / "file").touch()
    refuse(GenbenchError, "is a file", results=tmp_path / "file")


def test_a_trial_that_another_process_runs_gets_no_record_from_this_one(study):
    planned = study()
    (trial,) = planned.trials
    directory = planned.directory_of(trial)
    ended = []

    class Ends(Silent):
        def ended(self, trial, record):
            ended.append(record.error)

    watcher = Watcher(Observers([], planned.results))
    listener = running._Listener({directory: trial}, watcher, Ends())
    listener.started(directory, 1)
    listener.ended(directory, worker.BUSY, final=True)
    assert watcher.close() == []
    assert record.read(directory) is None
    assert "another process runs it" in ended[0]


def lost(planned, status, display):
    """The record that the supervisor writes for a trial whose worker left none."""
    (trial,) = planned.trials
    directory = planned.directory_of(trial)
    watcher = Watcher(Observers([], planned.results))
    listener = running._Listener({directory: trial}, watcher, display)
    listener.started(directory, 1)
    listener.ended(directory, status, final=True)
    assert watcher.close() == []
    return record.read(directory)


def test_a_trial_that_was_stopped_before_it_could_say_so_is_interrupted_and_runs_again(study):
    planned = study()
    found = lost(planned, worker.STOPPED, Silent())
    assert found.status == "interrupted"
    assert "run it again" in found.error
    assert not planned.is_done(planned.trials[0])


def test_a_trial_that_is_killed_again_and_again_has_failed_and_says_what_may_help(study):
    found = lost(study(), -9, Silent())
    assert found.status == "failed"
    assert "SIGKILL" in found.error
    assert "resources.memory_gb" in found.error


def test_a_begun_trial_keeps_its_threads(study):
    first = study(overrides=["threads=2"])
    (trial,) = first.trials
    (again,) = study(overrides=["threads=1", "train.log_every=60"]).trials
    assert again.id == trial.id
    running = record.read_json(first.directory_of(trial) / "trial.json")["running"]
    assert (running["threads"], running["train"]["log_every"]) == (2, 60)


def test_a_folder_that_holds_another_trial_is_not_written_over(study):
    one, other = study(seeds=(0, 1)).trials
    place = study().directory_of(one)
    with pytest.raises(GenbenchError, match=rf"holds trial {one.id} \(toy, seed 0\), not {other.id}; remove it$"):
        write_trial(other, place)


def test_a_trial_whose_folder_cannot_be_made_is_refused(study, tmp_path):
    (trial,) = study().trials
    (tmp_path / "file").touch()
    with pytest.raises(GenbenchError, match=r"cannot be written: Not a directory; choose another folder with --res"):
        write_trial(trial, tmp_path / "file" / "trial")


class Scripted:
    """An engine that does to each trial's folder what it is told, and says that its worker then failed."""

    def __init__(self, *deeds, after=None):
        self._deeds, self._after = deeds, after

    def run(self, directories, listener):
        """Do it."""
        for directory in directories:
            listener.started(directory, 1)
        listener.tick()
        for directory, deed in zip(directories, self._deeds, strict=True):
            deed(directory)
            listener.tick()
            listener.ended(directory, worker.FAILED, final=True)
        if self._after:
            raise self._after


def take_away(directory):
    shutil.rmtree(directory)
    directory.touch()


def write_nonsense(directory):
    (directory / "record.json").write_text("nonsense")


def put_folders_in_the_way(directory):
    for name in ("record.json", "metrics.jsonl", "log.txt"):
        (directory / name / "in the way").mkdir(parents=True)


def leave_nothing(directory):
    pass


@pytest.mark.parametrize("deed", [take_away, write_nonsense, put_folders_in_the_way])
def test_a_trial_whose_folder_cannot_be_written_or_read_has_failed_and_costs_no_other(study, deed):
    planned, shown = study(seeds=(0, 1)), []

    class Shows(Silent):
        def ended(self, trial, record):
            shown.append((trial.seed, record.status))

    outcome = run_study(planned, Scripted(deed, leave_nothing), observers=[], display=Shows())
    assert shown == [(0, "failed"), (1, "failed")]
    assert [found.seed for found in outcome.unsaved.values()] == [0]
    assert str(planned.directory_of(planned.trials[0])) in next(iter(outcome.unsaved.values())).error
    assert [(found.seed, found.status) for found in outcome.records(planned)] == [(0, "failed"), (1, "failed")]
    assert planned.record_of(planned.trials[1]).status == "failed"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), GenbenchError("the cluster is gone")])
def test_an_engine_that_cannot_go_on_says_that_what_is_saved_is_safe(study, error):
    with pytest.raises(UnfinishedError) as raised:
        run_study(study(), Scripted(leave_nothing, after=error), observers=[], display=Silent())
    assert str(getattr(error, "strerror", None) or error) in str(raised.value)
    assert "safe" in str(raised.value)
    assert "run the same command again" in str(raised.value)


def test_what_an_engine_refuses_before_it_starts_is_an_error_of_the_command(study):
    class Refuses:
        def run(self, directories, listener):
            raise GenbenchError("no cluster")

    with pytest.raises(GenbenchError, match="no cluster") as raised:
        run_study(study(), Refuses(), observers=[], display=Silent())
    assert not isinstance(raised.value, UnfinishedError)


def test_an_observer_that_cannot_be_used_is_refused_before_study_json_is_written(study):
    planned = study()
    with pytest.raises(UnknownNameError):
        run_study(planned, Scripted(), observers=["nobody"], display=Silent(), command="genbench run")
    assert not (planned.directory / "study.json").exists()
