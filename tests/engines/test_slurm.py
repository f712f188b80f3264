"""Trials as jobs of a real Slurm of two nodes: the same records as on one machine, whatever happens to jobs, nodes and
supervisors.
"""

import itertools
import json
import logging
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from disturbed import Linger, small
from slurm_cluster import ask, cluster

from genbench.engines import slurm_queue
from genbench.engines.local import Local
from genbench.engines.slurm import Slurm
from genbench.engines.slurm_job import Note, attempts
from genbench.engines.slurm_resources import parameters
from genbench.errors import GenbenchError
from genbench.study.plan import Study, plan_study
from genbench.study.run import Silent, run_study, write_trial
from genbench.trial import checkpoint
from genbench.trial.json_file import read_json, write_json
from genbench.trial.log import Tail
from genbench.trial.record import read
from genbench.trial.trial import Trial

pytestmark = [pytest.mark.slurm, pytest.mark.slow]

SMALL = [*small(log_every=40, save_every=2000), "resources.memory_gb=1.5", "resources.minutes=10"]
LONG = ["train.updates=1500"]
"""A trial that can be caught while it trains."""
NUMBERS = itertools.count()


class Watching(Silent):
    """A display that remembers which attempts began."""

    def __init__(self):
        self.starts = []

    def started(self, trial, attempt):
        self.starts.append((trial, attempt))


class Supervisor(threading.Thread):
    """Runs a study in the background."""

    def __init__(self, study, **options):
        super().__init__(daemon=True)
        self.study, self.display, self.engine, self.problem = study, Watching(), Slurm(poll_seconds=1, **options), None
        self.start()

    def run(self):
        try:
            run_study(self.study, self.engine, observers=[], display=self.display)
        except BaseException as problem:
            self.problem = problem

    def finish(self):
        """Wait for its end; the attempts that began."""
        self.join(300)
        assert not self.is_alive(), ask("squeue", "--array", "--states=all")
        if self.problem:
            raise self.problem
        return self.display.starts


def plan(folder, *overrides, methods=("toy",), seeds=(0,), name=None):
    """A study whose name no other test's jobs have."""
    name = name or f"s{next(NUMBERS)}"
    words = list({word.partition("=")[0]: word for word in (*SMALL, *overrides)}.values())
    return plan_study(methods, ["ring"], seeds, words, name=name, results=folder)


def folder_of(study):
    (trial,) = study.trials
    return study.directory_of(trial)


def until(ready, what, seconds=120):
    deadline = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < deadline, f"{what}:\n{ask('squeue', '--array', '--states=all')}{ask('sinfo', '-N')}"
        time.sleep(0.05)
    return found


def until_it_trains(directory):
    """The id of the job that trains the trial, after some updates."""
    until(lambda: len(Tail(directory).rows()) >= 50, "no progress")
    return Note.read(directory).job


def outcome(directory):
    """All of a trial's outcome that no disturbance may change."""
    record = read(directory)
    state = checkpoint.latest(directory / "checkpoint", Trial.read(directory))["trainer"]
    rows = [(row["images"], row["updates"], row["values"]) for row in Tail(directory).rows()]
    hashes = (record.data_hash, record.batches_hash, record.generator_hash)
    weights = {key: value.tolist() for key, value in state.items() if torch.is_tensor(value)}
    return record.status, record.metrics, record.protocol, hashes, weights, rows


def jobs_of(study):
    """Every job of the study that Slurm remembers."""
    listed = ask("squeue", "--noheader", "--array", "--states=all", "-o", "%i %j")
    return [line.split()[0] for line in listed.splitlines() if line.split()[1].startswith(f"genbench-{study.name}-")]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("slurm") / "cluster") as running:
        yield running


@pytest.fixture(autouse=True)
def _no_jobs_left(slurm):
    yield
    ask("scancel", "--user=root")
    until(lambda: not ask("squeue", "--noheader"), "jobs that do not end")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The outcome of the long trial on one machine."""
    study = plan(tmp_path_factory.mktemp("local"), *LONG)
    run_study(study, Local(1, []), observers=[], display=Silent())
    return outcome(folder_of(study))


@pytest.fixture(scope="module")
def mixed(slurm, tmp_path_factory):
    """A study in which trials finish and fail in every way, under Slurm, and its undisturbed trials under Local."""
    folder = tmp_path_factory.mktemp("mixed")
    once = folder / "once"
    once.mkdir()
    (once / "1").touch()
    words = [
        "train.updates=140",
        "toy.lr=1e-3",
        "toy-fails.at=134",
        "toy-fails.how=raise,nan,kill",
        f"toy-fails.marker='',{once}",
    ]
    planned = plan(folder / "slurm", *words, methods=["toy", "toy-fails"], name="mixed")
    wanted = {("raise", ""), ("nan", ""), ("kill", str(once))}
    trials = [
        t
        for t in planned.trials
        if t.method == "toy" or (t.settings["method"]["how"], t.settings["method"]["marker"]) in wanted
    ]
    study = Study(name=planned.name, results=planned.results, trials=tuple(trials))
    warnings = []
    handler = logging.Handler()
    handler.emit = lambda record: warnings.append(record.getMessage())
    logging.getLogger("genbench").addHandler(handler)
    starts = Supervisor(study).finish()
    logging.getLogger("genbench").removeHandler(handler)
    local = plan(folder / "local", *words[:2], name="mixed")
    run_study(local, Local(1, []), observers=[], display=Silent())
    directories = {
        (t.settings["method"].get("how", ""), Path(t.settings["method"].get("marker", "")).name): study.directory_of(t)
        for t in trials
    }
    attempts_of = {
        key: [number for trial, number in starts if study.directory_of(trial) == path]
        for key, path in directories.items()
    }
    return study, directories, attempts_of, folder_of(local), warnings


def test_a_job_leaves_what_a_local_process_leaves(mixed):
    _, directories, _, local, _ = mixed
    assert outcome(directories["", ""]) == outcome(local)
    assert read(directories["", ""]).settings == read(local).settings


def test_a_killed_job_goes_on_from_its_checkpoint_and_ends_with_the_bits_of_an_undisturbed_one(mixed, fault):
    _, directories, attempts_of, _, _ = mixed
    killed = directories["kill", "once"]
    assert attempts_of["kill", "once"] == [1, 2]
    assert read(killed).resumes == 1
    one, other = (outcome(path) for path in (directories["", ""], killed))
    assert one[:4] == other[:4]
    assert one[5] == other[5]
    assert all(other[4][key] == value for key, value in one[4].items() if key.startswith("generator."))
    fault("Slurm: SIGKILL of a job")


def test_an_exception_and_a_divergence_are_not_tried_again(mixed):
    _, directories, attempts_of, _, _ = mixed
    assert attempts_of["raise", ""] == attempts_of["nan", ""] == [1]
    assert [read(directories[how, ""]).status for how in ("raise", "nan")] == ["failed", "diverged"]
    assert "the toy is broken" in read(directories["raise", ""]).error


def test_without_accounting_it_says_so_once(mixed):
    *_, warnings = mixed
    assert len([line for line in warnings if "accounting" in line]) == 1


def test_a_study_leaves_no_notes_and_writes_nothing_beside_its_folder(mixed):
    study, directories, *_ = mixed
    assert not any((path / name).exists() for path in directories.values() for name in ("job.json", "attempts.jsonl"))
    assert {path.name for path in study.directory.iterdir()} == {"trials", "jobs"}
    assert "starts" in (directories["", ""] / "log.txt").read_text()


def test_a_preempted_trial_is_requeued_by_its_job_and_that_is_no_attempt(slurm, tmp_path, undisturbed, fault):
    linger = Linger(tmp_path)
    study = plan(tmp_path, *LONG, *linger.words)
    supervisor = Supervisor(study)
    job = until_it_trains(folder_of(study))
    urgent = ask(
        "sbatch",
        "--parsable",
        "--partition=high",
        "--nodes=2",
        "--exclusive",
        f"--output={tmp_path}/urgent",
        "--wrap=true",
    ).strip()
    assert urgent
    until(lambda: attempts(folder_of(study), job) == [75], "the trial did not stop")
    linger.over()
    starts = supervisor.finish()
    assert ask("squeue", "--noheader", "--states=all", "--jobs", urgent, "-o", "%T").strip() == "COMPLETED"
    assert jobs_of(study) == [job]
    assert [number for _, number in starts] == [1, 1]
    assert outcome(folder_of(study)) == undisturbed
    fault("Slurm: preemption")


def test_a_trial_that_is_warned_of_its_time_limit_saves_and_goes_on(slurm, tmp_path, undisturbed, fault):
    linger = Linger(tmp_path)
    study = plan(tmp_path, *LONG, *linger.words)
    supervisor = Supervisor(study)
    job = until_it_trains(folder_of(study))
    assert subprocess.run(["timeout", "15", "scancel", "--signal=USR2", job]).returncode == 0
    until(lambda: attempts(folder_of(study), job) == [75], "the trial did not stop")
    linger.over()
    starts = supervisor.finish()
    assert jobs_of(study) == [job]
    assert [number for _, number in starts] == [1, 1]
    assert read(folder_of(study)).resumes == 1
    assert outcome(folder_of(study)) == undisturbed
    fault("Slurm: time limit")


def test_the_time_limit_of_a_job_warns_it_and_a_cancelled_study_stays_cancelled(slurm, tmp_path):
    study = plan(tmp_path, "train.updates=1000000", "resources.minutes=1", seeds=(0, 1))
    directories = [study.directory_of(trial) for trial in study.trials]
    supervisor = Supervisor(study, slots=1)
    until(lambda: list(slurm_queue.states(directories).values()) == ["running", "queued"], "not one job runs")
    job = Note.read(directories[0]).job
    until(lambda: attempts(directories[0], job)[:1] == [75], "no warning before the time limit")
    until(
        lambda: ask("squeue", "--noheader", "--array", "--jobs", job, "-o", "%T").strip() == "PENDING",
        "the job is not requeued",
    )
    assert slurm_queue.cancel(directories) == 2
    supervisor.finish()
    assert slurm_queue.states(directories) == {}
    until(lambda: not ask("squeue", "--noheader"), "a cancelled job comes back")


def test_a_trial_whose_node_is_lost_goes_on_at_another(slurm, tmp_path, undisturbed, fault):
    linger = Linger(tmp_path)
    study = plan(tmp_path, *LONG, *linger.words)
    supervisor = Supervisor(study)
    job = until_it_trains(folder_of(study))
    node = ask("squeue", "--noheader", "--array", "--jobs", job, "-o", "%N").strip()
    slurm.lose_node(node)
    linger.over()
    starts = supervisor.finish()
    slurm.start_node(node)
    until(
        lambda: ask("sinfo", "-h", "-N", "-p", "low", "-o", "%T").split() == ["idle", "idle"],
        "the node does not come back",
    )
    assert [number for _, number in starts] == [1, 2]
    assert outcome(folder_of(study)) == undisturbed
    fault("Slurm: loss of a node")


def test_ranks_on_two_nodes_leave_what_two_ranks_of_one_machine_leave(slurm, tmp_path):
    words = ["train.updates=40", "world=2"]
    study, local = (
        plan(tmp_path / "slurm", *words, "resources.nodes=2", name="ranks"),
        plan(tmp_path / "local", *words, name="ranks"),
    )
    assert [number for _, number in Supervisor(study).finish()] == [1]
    run_study(local, Local(1, [], 2), observers=[], display=Silent())
    assert outcome(folder_of(study)) == outcome(folder_of(local))


SUPERVISE = """
import sys
from pathlib import Path
from genbench.study.run import Silent, run_study
from genbench.engines.slurm import Slurm
from genbench.study.plan import plan_study
study = plan_study(["toy"], ["ring"], [0], sys.argv[3:], name=sys.argv[2], results=Path(sys.argv[1]))
run_study(study, Slurm(poll_seconds=1), observers=[], display=Silent())
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=lambda number: number.name)
def test_the_jobs_of_a_supervisor_that_is_gone_are_found_again_and_no_trial_runs_twice(
    slurm, tmp_path, undisturbed, how, fault
):
    linger = Linger(tmp_path)
    study = plan(tmp_path, *LONG, *linger.words)
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(tmp_path), study.name, *SMALL, *LONG, *linger.words],
        stderr=subprocess.PIPE,
        text=True,
    )
    job = until_it_trains(folder_of(study))
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    assert how == signal.SIGKILL or "KeyboardInterrupt" in said
    linger.over()
    starts = Supervisor(study).finish()
    assert jobs_of(study) == [job]
    assert [number for _, number in starts] == [1]
    assert outcome(folder_of(study)) == undisturbed
    fault(f"Slurm: {how.name} of the supervisor")


def test_a_job_whose_id_could_not_be_noted_is_found_by_its_name(slurm, tmp_path):
    study = plan(tmp_path, *LONG, *Linger(tmp_path).words)
    first = Supervisor(study)
    directory = folder_of(study)
    job = until_it_trains(directory)
    note = Note.read(directory)
    Note(name=note.name, index=note.index).write(directory)
    assert slurm_queue.find(directory) == note
    assert slurm_queue.cancel([directory]) == 1
    first.finish()
    assert read(directory).status == "interrupted"
    assert jobs_of(study) == [job]


def test_kills_are_counted_across_supervisors_and_the_third_is_the_last(slurm, tmp_path):
    marker = tmp_path / "marker"
    marker.mkdir()
    for number in range(9):
        (marker / str(number)).touch()
    words = ["train.updates=40", "toy-fails.at=34", "toy-fails.how=kill", f"toy-fails.marker={marker}"]
    study = plan(tmp_path / "results", *words, methods=["toy-fails"])
    directory = folder_of(study)
    write_trial(study.trials[0], directory)
    Note(name="genbench-s-gone", index=0, job="4000000000", killed=1).write(directory)
    (directory / "attempts.jsonl").write_text(json.dumps({"job": "4000000000", "time": 0.0}) + "\n")
    starts = Supervisor(study).finish()
    assert [number for _, number in starts] == [2, 3]
    assert read(directory).status == "failed"


def test_a_job_that_runs_out_of_memory_is_killed_and_given_up_after_three_attempts(slurm, tmp_path):
    study = plan(tmp_path, *LONG, "resources.memory_gb=0.1")
    Supervisor(study).finish()
    directory = folder_of(study)
    assert read(directory).status == "failed"
    assert len(jobs_of(study)) == 3
    assert "exceeded memory limit" in "".join(path.read_text() for path in (study.directory / "jobs").glob("*.err"))
    assert (directory / "log.txt").read_text().count("is over") == 3


def test_no_more_jobs_run_at_once_than_there_are_slots(slurm, tmp_path, monkeypatch):
    planned = plan(tmp_path, "train.updates=20", "resources.minutes=5,6", seeds=(0, 1))
    study = Study(name=planned.name, results=planned.results, trials=planned.trials[:3])
    spans = []
    forget = Note.remove

    def remember(directory):
        if (directory / "attempts.jsonl").exists():
            spans.append(
                [json.loads(line)["time"] for line in (directory / "attempts.jsonl").read_text().splitlines() if line]
            )
        forget(directory)

    monkeypatch.setattr(Note, "remove", staticmethod(remember))
    Supervisor(study, slots=1).finish()
    assert len(spans) == len(study.trials)
    ordered = sorted(spans)
    assert all(earlier[-1] <= later[0] for earlier, later in itertools.pairwise(ordered))


def test_with_accounting_a_killed_job_is_tried_again_just_the_same(tmp_path_factory):
    folder = tmp_path_factory.mktemp("accounting")
    (folder / "marker").mkdir()
    (folder / "marker" / "1").touch()
    study = plan(
        folder / "r",
        "train.updates=140",
        "toy-fails.at=134",
        "toy-fails.how=kill",
        f"toy-fails.marker={folder}/marker",
        methods=["toy-fails"],
    )
    with cluster(folder / "cluster", accounting=True):
        assert slurm_queue.without_accounting() == ""
        supervisor = Supervisor(study)
        directory = folder_of(study)
        note = until(lambda: attempts_noted(directory), "no attempt")
        assert [number for _, number in supervisor.finish()] == [1, 2]
        until(lambda: slurm_queue.remembered(note) == "FAILED", "the accounting does not say how the first job ended")
    assert read(directory).status == "finished"


def attempts_noted(directory):
    note = Note.read(directory)
    return note if note and attempts(directory, note.job) else None


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("resources.partition=nowhere", "Slurm refuses the jobs: .*partition"),
        ("resources.memory_gb=500", "Slurm refuses the jobs"),
        ("resources.options=['licenses=moon']", "Slurm refuses the jobs: .*license"),
        ("resources.options=['output=x']", "genbench itself"),
        ("resources.options=['no-requeue']", "genbench itself"),
        ("resources.options=['Rm -rf']", "no option of sbatch"),
    ],
)
def test_what_slurm_would_not_run_is_refused_in_a_line_and_nothing_starts(slurm, tmp_path, setting, said):
    study = plan(tmp_path, "train.updates=2", setting, seeds=(0, 1))
    with pytest.raises(GenbenchError, match=said) as refused:
        run_study(study, Slurm(), observers=[], display=Silent())
    assert "\n" not in str(refused.value)
    assert not ask("squeue", "--noheader")
    assert not list(tmp_path.rglob("job.json"))
    assert not list(tmp_path.rglob("attempts.jsonl"))


def test_jobs_that_slurm_took_before_it_refused_others_are_cancelled(slurm, tmp_path):
    study = plan(tmp_path, "train.updates=2", "resources.partition=low,nowhere")
    with pytest.raises(GenbenchError, match="Slurm refuses the jobs"):
        run_study(study, Slurm(), observers=[], display=Silent())
    assert not list(tmp_path.rglob("job.json"))
    until(lambda: not ask("squeue", "--noheader"), "a job is left")


def test_without_slurm_nothing_starts(study, monkeypatch):
    planned = study()
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(GenbenchError, match="sbatch is not found"):
        run_study(planned, Slurm(), observers=[], display=Silent())


def test_a_line_that_a_lost_machine_cut_is_passed_over(tmp_path, fault):
    whole, cut = b'\n{"job": "7_1", "time": 1.0}\n', b'\n{"job": "7_1", "ti'
    (tmp_path / "attempts.jsonl").write_bytes(
        whole + cut + whole + b'\n{"job": "7_2", "time": 2.0}\n' + b'\n{"job": "7_1", "time": 2.0, "ended": 75}\n' + cut
    )
    assert attempts(tmp_path, "7_1") == [None, 75]
    assert attempts(tmp_path, "7_2") == [None]
    assert attempts(tmp_path, "7_3") == []
    fault("Slurm: a line cut by a lost machine")


def test_a_control_character_never_reaches_a_job_script(study):
    planned = study()
    directory = folder_of(planned)
    plain = read_json(directory / "trial.json")
    for field, value in (("partition", "low\nrm x"), ("options", ["comment=a\nrm x"])):
        resources = {**plain["running"].get("resources", {}), field: value}
        write_json({**plain, "running": {**plain["running"], "resources": resources}}, directory / "trial.json")
        with pytest.raises(GenbenchError, match="cannot be printed"):
            parameters(directory)


def test_a_job_asks_for_what_all_ranks_of_a_node_need(study):
    words = [
        "world=4",
        "threads=2",
        "resources.memory_gb=1.5",
        "resources.nodes=2",
        "resources.gpus=1",
        "resources.minutes=90",
    ]
    asked = parameters(folder_of(study(overrides=words)))
    expected = {
        "nodes": 2,
        "ntasks_per_node": 1,
        "cpus_per_task": 4,
        "mem": "3072M",
        "gpus_per_node": 2,
        "time": 90,
        "signal_delay_s": 120,
    }
    assert {key: asked[key] for key in expected} == expected
