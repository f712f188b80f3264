"""Trials as tasks of a real Ray on this machine: the same records as under the local engine, whatever happens to tasks,
workers and nodes.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from disturbed import Linger
from process_tree import LOOPBACK, descendants, listening, parent

from genbench.engines import ray as engine
from genbench.engines import ray_connection
from genbench.engines.local import Local
from genbench.engines.ray import Ray
from genbench.errors import GenbenchError
from genbench.study.plan import Study, plan_study
from genbench.study.run import Silent, run_study
from genbench.trial import checkpoint
from genbench.trial.json_file import read_json, write_json
from genbench.trial.log import Tail
from genbench.trial.record import read
from genbench.trial.trial import Trial

pytestmark = [pytest.mark.ray, pytest.mark.slow]

SMALL = [
    "data.points=800",
    "train.batch=20",
    "net.width=8",
    "evaluate.samples=100",
    "train.log_every=40",
    "train.save_every=2000",
]
SMALL += ["resources.memory_gb=1", "resources.cpus=2"]
LONG = ["train.updates=1500"]
"""A trial that can be caught while it trains."""
PRELOAD = ["toys"]
SUPERVISOR = """
import json, pathlib, sys
from genbench.study.run import Silent, run_study
from genbench.engines.ray import Ray
from genbench.errors import GenbenchError
from genbench.study.plan import plan_study
folder, address, words = json.loads(sys.argv[1])
study = plan_study(["toy"], ["ring"], [0], words, name="s", results=pathlib.Path(folder))
try:
    run_study(study, Ray(address), observers=[], display=Silent())
except KeyboardInterrupt:
    sys.exit(130)
except GenbenchError as error:
    sys.exit(str(error))
"""


class Watching(Silent):
    """A display that remembers which attempts began and ended, and does something once when the trials train."""

    def __init__(self, act=None, *, trials=1):
        self.act, self.trials, self.training, self.starts, self.events = act, trials, set(), [], []

    def started(self, trial, attempt):
        self.starts.append((trial, attempt))
        self.events.append(("started", trial.id))

    def progress(self, trial, row):
        self.training |= {trial.id} if row["updates"] >= 150 else set()
        if self.act and len(self.training) == self.trials:
            act, self.act = self.act, None
            act()

    def ended(self, trial, record):
        self.events.append(("ended", trial.id))


def plan(folder, *overrides, methods=("toy",), seeds=(0,), name="s"):
    words = list({word.partition("=")[0]: word for word in (*SMALL, *overrides)}.values())
    return plan_study(methods, ["ring"], seeds, words, name=name, results=folder)


def folder_of(study):
    (trial,) = study.trials
    return study.directory_of(trial)


def run(study, address, act=None, **options):
    """Run a study under Ray; the display that watched it."""
    display = Watching(act, trials=len(study.trials))
    assert run_study(study, Ray(address, preload=PRELOAD, **options), observers=[], display=display).problems == []
    assert display.act is None
    return display


def outcome(directory):
    """All of a trial's outcome that no disturbance may change."""
    record = read(directory)
    state = checkpoint.latest(directory / "checkpoint", Trial.read(directory))["trainer"]
    rows = [(row["images"], row["updates"], row["values"]) for row in Tail(directory).rows()]
    hashes = (record.data_hash, record.batches_hash, record.generator_hash)
    weights = {key: value.tolist() for key, value in state.items() if torch.is_tensor(value)}
    return record.status, record.metrics, record.protocol, hashes, weights, rows


def worker_of(directory):
    return int((directory / "lock").read_text().split()[0])


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it has ended by itself


def until(ready, what, seconds=240):
    deadline = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def cluster():
    """A cluster of two nodes with two cores each on loopback, where one trial has room on each."""
    environment = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_worker_niceness": "0"}
    before = {name: os.environ.get(name) for name in environment}
    os.environ |= environment
    ray_connection.library(local=True)
    from ray.cluster_utils import Cluster

    room = {"num_cpus": 2, "memory": 2 * 2**30, "object_store_memory": ray_connection.STORE_BYTES}
    running = Cluster(initialize_head=True, head_node_args={**room, "include_dashboard": False})
    try:
        running.room = room
        running.add_node(**room)
        yield running
    finally:
        running.shutdown()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The outcome of the long trial under the local engine, for two seeds."""
    study = plan(tmp_path_factory.mktemp("local"), *LONG, seeds=(0, 1))
    run_study(study, Local(1, PRELOAD), observers=[], display=Silent())
    return {trial.seed: outcome(study.directory_of(trial)) for trial in study.trials}


@pytest.fixture(scope="module")
def mixed(cluster, tmp_path_factory):
    """A study in which trials finish and fail in every way, under Ray, and its undisturbed trials under Local."""
    folder = tmp_path_factory.mktemp("mixed")
    once, often = folder / "once", folder / "often"
    for marker, count in ((once, 1), (often, 9)):
        marker.mkdir()
        for number in range(count):
            (marker / str(number)).touch()
    words = [
        "train.updates=140",
        "toy.lr=1e-3",
        "toy-fails.at=134",
        "toy-fails.how=raise,nan,kill",
        f"toy-fails.marker='',{once},{often}",
    ]
    planned = plan(folder / "ray", *words, methods=["toy", "toy-fails"], name="mixed")
    wanted = {
        ("", ""): "undisturbed",
        ("raise", ""): "raise",
        ("nan", ""): "nan",
        ("kill", str(once)): "kill once",
        ("kill", str(often)): "kill often",
    }
    keys = {
        trial.id: (trial.settings["method"].get("how", ""), trial.settings["method"].get("marker", ""))
        for trial in planned.trials
    }
    trials = {wanted[keys[trial.id]]: trial for trial in planned.trials if keys[trial.id] in wanted}
    study = Study(name=planned.name, results=planned.results, trials=tuple(trials.values()))
    display = run(study, cluster.address)
    alone = Study(name=planned.name, results=folder / "local", trials=(trials["undisturbed"],))
    run_study(alone, Local(1, PRELOAD), observers=[], display=Silent())
    return study, display, trials, alone.directory_of(trials["undisturbed"])


def test_a_trial_under_ray_ends_with_the_bits_of_one_under_the_local_engine(mixed):
    study, _, trials, alone = mixed
    assert outcome(study.directory_of(trials["undisturbed"])) == outcome(alone)


def test_a_trial_whose_worker_is_killed_goes_on_from_its_checkpoint(mixed, fault):
    study, display, trials, alone = mixed
    killed = study.directory_of(trials["kill once"])
    assert [attempt for trial, attempt in display.starts if trial == trials["kill once"]] == [1, 2]
    assert read(killed).resumes == 1
    assert read(killed).metrics == read(alone).metrics
    fault("Ray: SIGKILL of the worker")


def test_a_trial_that_is_killed_every_time_is_given_up_after_three_attempts(mixed):
    study, display, trials, _ = mixed
    assert [attempt for trial, attempt in display.starts if trial == trials["kill often"]] == [1, 2, 3]
    assert "SIGKILL 3 times" in study.record_of(trials["kill often"]).error


@pytest.mark.parametrize(("how", "status"), [("raise", "failed"), ("nan", "diverged")])
def test_an_exception_and_a_divergence_are_not_tried_again(mixed, how, status):
    study, display, trials, _ = mixed
    assert [attempt for trial, attempt in display.starts if trial == trials[how]] == [1]
    assert study.record_of(trials[how]).status == status


@pytest.mark.parametrize("generations", [0, 1, 2], ids=["worker", "fork server", "Ray's own worker"])
def test_whichever_process_of_a_trial_is_killed_it_is_tried_again_and_ends_with_the_same_bits(
    cluster, undisturbed, tmp_path, generations, fault
):
    linger = Linger(tmp_path)
    study = plan(tmp_path, *LONG, *linger.words)

    def act():
        pid = worker_of(folder_of(study))
        for _ in range(generations):
            pid = parent(pid)
        os.kill(pid, signal.SIGKILL)
        linger.over()

    display = run(study, cluster.address, act)
    assert [attempt for _, attempt in display.starts] == [1, 2]
    assert read(folder_of(study)).resumes == 1
    assert outcome(folder_of(study)) == undisturbed[0]
    fault(f"Ray: SIGKILL {generations} processes above the trial")


def test_preemption_is_no_attempt(cluster, undisturbed, tmp_path, fault):
    linger = Linger(tmp_path)
    study = plan(tmp_path, *LONG, *linger.words)

    def act():
        os.kill(worker_of(folder_of(study)), signal.SIGUSR2)
        linger.over()

    display = run(study, cluster.address, act)
    assert [attempt for _, attempt in display.starts] == [1, 1]
    assert outcome(folder_of(study)) == undisturbed[0]
    fault("Ray: preemption")


def test_no_more_trials_run_at_once_than_there_are_slots(cluster, tmp_path):
    display = run(plan(tmp_path, "train.updates=20", seeds=(0, 1)), cluster.address, slots=1)
    assert [event for event, _ in display.events] == ["started", "ended", "started", "ended"]


def test_a_trial_whose_node_is_lost_is_tried_again_on_another_and_ends_with_the_same_bits(
    cluster, undisturbed, tmp_path, fault
):
    linger = Linger(tmp_path)
    study = plan(tmp_path, *LONG, *linger.words, seeds=(0, 1))
    lost = []

    def lose():
        (node,) = cluster.worker_nodes
        (raylet,) = node.all_processes["raylet"]
        gone = descendants(raylet.process.pid)
        lost.extend(trial for trial in study.trials if worker_of(study.directory_of(trial)) in gone)
        for pid in gone:
            kill(pid)
        cluster.remove_node(node, allow_graceful=False)
        linger.over()

    display = run(study, cluster.address, lose)
    cluster.add_node(**cluster.room)
    (moved,) = lost
    assert sorted(attempt for _, attempt in display.starts) == [1, 1, 2]
    assert (moved, 2) in display.starts
    assert {trial.seed: outcome(study.directory_of(trial)) for trial in study.trials} == undisturbed
    fault("Ray: loss of a node")


def supervise(folder, address, *overrides, **environment):
    """A supervisor in a separate process, as from a terminal."""
    words = list({word.partition("=")[0]: word for word in (*SMALL, *overrides)}.values())
    command = [sys.executable, "-c", SUPERVISOR, json.dumps([str(folder), address, words])]
    kept = {name: value for name, value in os.environ.items() if address or not name.startswith("RAY_")}
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**kept, **environment},
    )


def until_it_trains(directory, process):
    until(
        lambda: (
            process.poll() is not None or ((directory / "metrics.jsonl").exists() and len(Tail(directory).rows()) >= 75)
        ),
        "no progress",
    )
    assert process.poll() is None, process.communicate()


def test_a_local_ray_listens_on_loopback_alone_and_an_interrupt_leaves_checkpoints_and_no_process(
    undisturbed, tmp_path, fault
):
    linger = Linger(tmp_path)
    study = plan(tmp_path, *LONG, *linger.words)
    process = supervise(tmp_path, None, *LONG, *linger.words, HOME=str(tmp_path))
    until_it_trains(folder_of(study), process)
    family = descendants(process.pid)
    assert listening(family) <= LOOPBACK
    assert (tmp_path / ".ray" / "auth_token").exists()
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(120) == 130, process.communicate()
    assert process.communicate()[1] == ""
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family), "a process is left")
    assert read(folder_of(study)).status == "interrupted"
    linger.over()
    run_study(study, Local(1, PRELOAD), observers=[], display=Silent())
    assert read(folder_of(study)).resumes == 1
    assert outcome(folder_of(study)) == undisturbed[0]
    fault("Ray: SIGINT of the supervisor")


def test_sigterm_to_the_supervisor_has_the_workers_save_and_stop(cluster, tmp_path, fault):
    linger = Linger(tmp_path)
    study = plan(tmp_path, *LONG, *linger.words)
    process = supervise(tmp_path, cluster.address, *LONG, *linger.words)
    until_it_trains(folder_of(study), process)
    worker = worker_of(folder_of(study))
    process.terminate()
    assert process.wait(120) == 130, process.communicate()
    assert not Path(f"/proc/{worker}").exists()
    assert read(folder_of(study)).status == "interrupted"
    assert checkpoint.latest(folder_of(study) / "checkpoint", Trial.read(folder_of(study)))
    fault("Ray: SIGTERM of the supervisor")


def test_a_killed_supervisor_leaves_no_worker_behind(cluster, tmp_path, fault):
    linger = Linger(tmp_path)
    study = plan(tmp_path, *LONG, *linger.words)
    process = supervise(tmp_path, cluster.address, *LONG, *linger.words)
    until_it_trains(folder_of(study), process)
    worker = worker_of(folder_of(study))
    process.kill()
    process.communicate()
    until(lambda: not Path(f"/proc/{worker}").exists(), "the worker goes on")
    assert checkpoint.latest(folder_of(study) / "checkpoint", Trial.read(folder_of(study)))
    fault("Ray: SIGKILL of the supervisor")


def test_what_this_machine_could_never_hold_is_refused_in_a_line(tmp_path):
    process = supervise(tmp_path, None, "resources.memory_gb=100000", HOME=str(tmp_path))
    _, said = process.communicate(timeout=240)
    assert process.returncode == 1
    assert "100000.0 GB of memory" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    "address", ["127.0.0.1:1", "nowhere.invalid:6379", "rubbish", "127.0.0.1:port", "ray://127.0.0.1:10001", "silent"]
)
def test_an_address_without_a_cluster_is_refused_in_a_line(address, study):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}" if address == "silent" else address
        with pytest.raises(GenbenchError, match="there is no Ray cluster to connect to") as refused:
            run_study(study(), Ray(address), observers=[], display=Silent())
    assert "\n" not in str(refused.value)


def test_without_ray_a_line_says_what_to_install(study, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(GenbenchError, match=r"genbench\[ray\]"):
        run_study(study(), Ray(), observers=[], display=Silent())


def test_the_module_can_be_imported_without_ray_and_the_task_without_torch():
    code = (
        "import sys; sys.modules['ray'] = None; import genbench.engines.ray_task; assert 'torch' not in sys.modules;"
        " import genbench.engines.ray"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_task_asks_for_what_all_ranks_of_its_trial_need(study):
    planned = study(overrides=["threads=3", "resources.memory_gb=1.5"])
    directory = folder_of(planned)
    plain = read_json(directory / "trial.json")
    plain["running"]["world"] = 4
    write_json(plain, directory / "trial.json")
    assert engine._request(directory, accelerated=False) == {"num_cpus": 12, "num_gpus": 0, "memory": 6 * 2**30}
    assert engine._request(directory, accelerated=True)["num_gpus"] == 4
    plain["running"]["resources"] |= {"cpus": 2, "gpus": 2}
    write_json(plain, directory / "trial.json")
    assert engine._request(directory, accelerated=True) == {"num_cpus": 8, "num_gpus": 8, "memory": 6 * 2**30}
    plain["running"] = {"device": "cpu"}
    write_json(plain, directory / "trial.json")
    assert engine._request(directory, accelerated=True) == {"num_cpus": 1, "num_gpus": 0, "memory": 4 * 2**30}
