"""Security: no code from files, nothing written or sent from outside a folder, no port open to others, no secret in a
file.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import pickle
import platform
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torchvision
from process_tree import LOOPBACK, descendants, listening, listening_files
from trial_files import trial_of

import genbench
from genbench import cli
from genbench.contract import registry
from genbench.data import torchvision as published
from genbench.data.export import export
from genbench.data.prepared import Part, Recipe, prepared
from genbench.engines.ray_connection import private_folder
from genbench.errors import CheckpointError, DataError, GenbenchError, PluginError
from genbench.metrics.cache import cached
from genbench.observers import store
from genbench.study.run import write_trial
from genbench.study.status import supervising
from genbench.training import worker
from genbench.trial import checkpoint
from genbench.trial.json_file import read_json, write_json
from genbench.trial.record import read, write
from genbench.trial.trial import Trial

SMALL = ["data.points=800", "train.batch=20", "net.width=8", "evaluate.samples=100", "train.log_every=40"]
UPDATES = "train.updates=2"


@pytest.fixture
def call(capsys, tmp_path, monkeypatch):
    """call(words…): exit code and stderr of a command run in an empty folder; its refusals are one line."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(*words):
        with pytest.raises(SystemExit) as end:
            cli.main([str(word) for word in words])
        err = capsys.readouterr().err
        if end.value.code == 2:
            assert re.fullmatch(r"genbench: [^\n]+\n", err.splitlines(keepends=True)[-1])
        return end.value.code, err

    return run


@pytest.fixture
def directory(trained):
    """The folder of a finished trial that keeps its best checkpoint too."""
    return trained("evaluate.every=200")


class Malice:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark):
        self._mark = str(mark)

    def __reduce__(self):
        return os.mkdir, (self._mark,)


# Checkpoints and pickles ----------------------------------------------------------------------------------------------


def put(state, path):
    """A checkpoint of anybody's making, with the sum that goes with it."""
    torch.save(state, path)
    path.with_name(f"{path.name}.sha256").write_text(hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.mark.parametrize("where", ["trainer", "progress"])
def test_a_malicious_checkpoint_is_refused_and_named_by_everything_that_reads_one(directory, call, tmp_path, where):
    mark, folder = tmp_path / "mark", directory / "checkpoint"
    state = {"trainer": {}, "progress": {"updates": 1}, where: Malice(mark)}
    newest = sorted(folder.glob("[0-9]*.pt"))
    for path in (*newest, folder / "best.pt"):
        put(state, path)
    for words, name in (
        (("sample", directory), newest[-1].name),
        (("sample", directory, "--checkpoint", "best"), "best.pt"),
        (("evaluate", directory), newest[-1].name),
        (("evaluate", directory, "--checkpoint", "best"), "best.pt"),
    ):
        code, err = call(*words)
        assert code == 2
        assert f"{folder / name} is refused" in err
    for which in ("last", "best"):
        with pytest.raises(CheckpointError, match="refused"):
            genbench.Generator.load(directory, which)
    (directory / "record.json").unlink()
    assert call("trial", directory)[0] == worker.FAILED
    assert f"{newest[-1]} is refused" in read(directory).error
    assert not mark.exists()


@pytest.mark.parametrize(
    "state", [[], {"trainer": {}}, {"trainer": {}, "progress": {}}, {"trainer": {}, "progress": {"updates": "many"}}]
)
def test_plain_data_that_are_no_checkpoint_are_refused(tmp_path, state):
    put(state, tmp_path / "1.pt")
    with pytest.raises(CheckpointError, match="does not hold a trainer's state and its progress"):
        checkpoint.load(tmp_path / "1.pt", trial_of())


def test_bytes_that_are_no_checkpoint_are_refused_whatever_torch_raises(tmp_path):
    checkpoint.save({"trainer": {"w": torch.zeros(3)}, "progress": {"updates": 1}}, tmp_path, 1)
    path = tmp_path / "0000000001.pt"
    content = path.read_bytes()
    for place in range(0, len(content), len(content) // 60):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        path.with_name(f"{path.name}.sha256").write_text(hashlib.sha256(path.read_bytes()).hexdigest())
        try:
            assert checkpoint.load(path, trial_of())["progress"]["updates"] == 1
        except CheckpointError as error:
            assert path.name in str(error)  # noqa: PT017 - a changed byte of a weight is a weight


def test_the_checkpoint_of_another_trial_is_named_as_that(directory, call):
    put(
        {
            "trial": Trial.read(directory).id,
            "trainer": {"generator.0.weight": torch.zeros(2)},
            "progress": {"updates": 1},
        },
        sorted((directory / "checkpoint").glob("[0-9]*.pt"))[-1],
    )
    code, err = call("sample", directory)
    assert code == 2
    assert "is not of this trial" in err


def test_cifars_pickles_are_not_read_before_their_checksums(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_DATA", str(tmp_path / "cache"))
    folder = tmp_path / "root" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for name in published.CIFAR10.files:
        (folder / name).write_bytes(pickle.dumps(Malice(tmp_path / "mark")))
    with pytest.raises(DataError, match="data_batch_1 is damaged"):
        published.load_cifar10(published.CifarData(root=str(tmp_path / "root")))
    assert not (tmp_path / "mark").exists()


def test_an_archive_is_not_unpacked_before_its_checksum(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_DATA", str(tmp_path / "cache"))
    (tmp_path / "evil").touch()
    archive = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        for name in ("../../evil", "/evil", "cifar-10-batches-py/../../../evil"):
            packed.add(tmp_path / "evil", name)
    (tmp_path / "evil").unlink()
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "url", archive.as_uri())
    with pytest.raises(DataError, match="could not be downloaded"):
        published.load_cifar10(published.CifarData(root=str(tmp_path / "root"), download=True))
    assert list(tmp_path.rglob("evil*")) == []


# Names and links ------------------------------------------------------------------------------------------------------

UNFIT = ["../up", "..", ".", "/abs", "a/b", "a\\b", "a b", "a\n", "-a", "_a", "ü", "a" * 101, "\x1b[31m"]


@pytest.mark.parametrize("name", [*UNFIT, "CON", "nul", "com1.txt", "a.", "mlflow.db", "mlartifacts"])
def test_a_name_that_would_leave_or_disturb_the_results_folder_is_no_studys(study, name):
    with pytest.raises(GenbenchError, match="cannot name a study"):
        study(name=name)


@pytest.mark.parametrize("name", ["a", "0", "A.b_c-d", "a" * 100, "console", "com"])
def test_a_word_is_a_studys_name(study, name):
    assert study(name=name).directory.name == name


@pytest.mark.parametrize("kind", registry.KINDS)
@pytest.mark.parametrize("name", [name for name in UNFIT if name == name.strip() and "\n" not in name])
def test_a_plugins_name_that_could_not_stand_in_a_files_is_broken(tmp_path, monkeypatch, kind, name):
    folder = tmp_path / "genbench_x-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: genbench-x\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[genbench.{kind}]\n{name} = json\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    (found,) = [entry for entry in registry.installed(kind) if entry.origin == "genbench-x 1.0"]
    assert "rename it" in found.problem
    with pytest.raises(PluginError, match="rename it"):
        registry.load(kind, found.name)


def test_a_trials_file_cannot_name_a_study_elsewhere(directory, call):
    plain = read_json(directory / "trial.json") | {"study": "../../up"}
    with pytest.raises(GenbenchError, match=r"cannot name a study"):
        Trial.from_dict(plain)
    write_json(plain, directory / "trial.json")
    for words in (
        ("sync", directory.parents[2], "--observers", "tensorboard"),
        ("evaluate", directory),
        ("status", "s", "--results", directory.parents[2]),
    ):
        assert call(*words)[0] == 2
    assert not (directory.parents[2].parent / "up").exists()


def test_settings_that_were_changed_in_a_trials_file_are_told_by_its_id(directory, call):
    text = (directory / "trial.json").read_text()
    (directory / "trial.json").write_text(text.replace('"lr": 0.002', '"lr": 0.003'))
    code, err = call("sample", directory)
    assert code == 2
    assert f"{directory / 'trial.json'} was changed" in err


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("world", "x"),
        ("world", 0),
        ("threads", 1.5),
        ("resources", []),
        ("resources", {"nodes": 0}),
        ("device", None),
        ("new", 1),
    ],
)
def test_what_a_trial_cannot_run_with_is_refused_before_it_runs(directory, call, key, value):
    (directory / "record.json").unlink()
    plain = read_json(directory / "trial.json")
    write_json(plain | {"running": plain["running"] | {key: value}}, directory / "trial.json")
    code, err = call("trial", directory)
    assert code in (2, worker.FAILED)
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "name",
    [
        "lock",
        "log.txt",
        "metrics.jsonl",
        "record.json",
        "checkpoint",
        "samples",
        "samples/x.png",
        "checkpoint/.0000000040.pt.tmp",
    ],
)
def test_a_link_that_leaves_a_trials_folder_has_nothing_outside_written_or_sent(directory, call, tmp_path, name):
    outside, link = tmp_path / "outside", directory / name
    if link.is_dir():
        shutil.move(link, outside)
    else:
        outside.write_text(link.read_text() if link.exists() and link.suffix != ".png" else "a secret\n")
        link.unlink(missing_ok=True)
    link.symlink_to(outside)
    content = outside.read_text() if outside.is_file() else sorted(path.name for path in outside.iterdir())
    for words in (
        ("evaluate", directory),
        ("trial", directory),
        ("sync", directory.parents[2], "--observers", "tensorboard"),
    ):
        code, err = call(*words)
        assert code == 2
        assert f"{link} is a link that leaves the trial's folder" in err
    with pytest.raises(GenbenchError, match="is a link"):
        write_trial(Trial.read(directory), directory)
    assert content == (outside.read_text() if outside.is_file() else sorted(path.name for path in outside.iterdir()))


def test_a_link_within_a_trials_folder_and_one_to_the_folder_are_let_be(directory, run_trial, tmp_path):
    (directory / "newest.pt").symlink_to("checkpoint")
    (tmp_path / "elsewhere").symlink_to(directory)
    assert run_trial(tmp_path / "elsewhere") == worker.DONE


@pytest.mark.long
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", ["a FIFO", "a socket"])
@pytest.mark.parametrize(
    "name",
    [
        "trial.json",
        "record.json",
        "metrics.jsonl",
        "lock",
        "log.txt",
        "job.json",
        "samples/final.png",
        "checkpoint/best.pt",
        "checkpoint/best.pt.sha256",
        "../../study.json",
    ],
)
def test_nothing_waits_for_what_stands_in_the_place_of_a_trials_file(directory, call, name, kind):
    path, results = directory / name, directory.parents[2]
    path.unlink(missing_ok=True)
    if kind == "a FIFO":
        os.mkfifo(path)
    else:
        with socket.socket(socket.AF_UNIX) as own, contextlib.chdir(path.parent):  # the name of a socket must be short
            own.bind(path.name)
    for words in (
        ("status", "s", "--results", results),
        ("report", "s", "--results", results, "--format", "csv"),
        ("compare", "s", "s", "--results", results),
        ("evaluate", directory),
        ("sample", directory, "--checkpoint", "best"),
        ("sync", results, "--observers", "tensorboard"),
        ("trial", directory),
        ("cancel", "s", "--results", results),
    ):
        code, err = call(*words)
        assert code in (0, 1, 2)
        assert "Traceback" not in err
    with pytest.raises(GenbenchError, match=kind) if name.startswith(("trial", "record")) else contextlib.nullcontext():
        genbench.load(directory)
        write_trial(Trial.from_dict(read_json(directory / "trial.json")), directory.with_name("copy"))


@pytest.mark.long
def test_no_link_of_a_results_folder_is_written_through(directory, call, tmp_path):
    results, outside = directory.parents[2], tmp_path / "outside"
    outside.mkdir()
    commands = (
        ("report", "s", "--results", results, "--format", "html,md,csv,latex"),
        ("sync", results),
        (
            "run",
            "--methods",
            "toy",
            "--study",
            "s",
            "--results",
            results,
            "--observers",
            "none",
            *SMALL,
            "train.updates=2",
            "--mix-settings",
        ),
    )
    for words in commands:
        assert call(*words)[0] == 0
    names = {path.relative_to(results) for path in results.rglob("*") if path.is_file()}
    names = {name for name in names if "trials" not in name.parts}
    mine = os.getpid(), threading.get_ident()
    names |= {Path("s", f".report.html.{mine[0]}"), Path("s", f".study.json.{mine[0]}-{mine[1]}")}
    assert names >= {Path(".mlflow.lock"), Path("mlflow.db"), Path("s/study.json"), Path("s/report/report.html")}
    for number, name in enumerate(sorted(names)):
        (outside / str(number)).write_text("precious")
        (results / name).unlink(missing_ok=True)
        (results / name).symlink_to(outside / str(number))
    for words in commands:
        assert call(*words)[0] in (0, 1, 2)
    assert {path.read_text() for path in outside.iterdir()} == {"precious"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["report", "report/figures", "tensorboard"])
def test_a_folder_that_a_link_puts_elsewhere_is_not_written_into(directory, call, tmp_path, name):
    results, outside = directory.parents[2], tmp_path / "outside"
    outside.mkdir()
    (outside / "events.out.tfevents.1").touch()
    link = results / "s" / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside)
    for words in (
        ("report", "s", "--results", results, "--format", "md"),
        ("sync", results, "--observers", "tensorboard"),
    ):
        code, err = call(*words)
        if words[0] == ("sync" if name == "tensorboard" else "report"):
            assert code == 2
            assert "is a link that leaves" in err
    assert [path.name for path in outside.iterdir()] == ["events.out.tfevents.1"]


@pytest.mark.usefixtures("impatient")
def test_the_lock_of_the_store_is_no_link_to_be_emptied_and_no_fifo_to_be_waited_for(tmp_path):
    (tmp_path / "precious").write_text("a")
    lock = tmp_path / ".mlflow.lock"
    lock.symlink_to(tmp_path / "precious")
    with pytest.raises(DataError, match=r"\.mlflow\.lock cannot be used: it is a link"), store.locked(tmp_path):
        pass
    assert (tmp_path / "precious").read_text() == "a"
    lock.unlink()
    os.mkfifo(lock)
    with pytest.raises(DataError, match="it is a FIFO"), store.locked(tmp_path):
        pass
    lock.unlink()
    lock.write_text("kept")
    with store.locked(tmp_path):
        assert lock.read_text() == "kept"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mlflow.db", "mlartifacts"])
def test_a_store_that_is_a_link_is_not_opened(tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match=f"{name} is a link.*MLFLOW_TRACKING_URI"):
        store.connect(tmp_path)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_the_note_of_a_supervisor_is_not_written_through_a_link(tmp_path):
    (tmp_path / "precious").write_text("a")
    (tmp_path / f".supervisor-{platform.node()}-{os.getpid()}").symlink_to(tmp_path / "precious")
    with pytest.raises(GenbenchError, match="it is a link"), supervising(tmp_path):
        pass
    assert (tmp_path / "precious").read_text() == "a"


@pytest.mark.parametrize("make", [os.symlink, os.link])
def test_pictures_arrays_and_caches_are_not_written_through_a_link_of_a_guessed_name(tmp_path, monkeypatch, make):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "features"
    folder.mkdir(parents=True)
    name = f"{hashlib.sha256(b'{}').hexdigest()[:32]}.npz"
    guessed = [
        tmp_path / f".x-{os.getpid()}.png",
        tmp_path / f".x-{os.getpid()}.npz",
        tmp_path / ".0000000001.pt.tmp",
        tmp_path / f".x.json.{os.getpid()}-{threading.get_ident()}",
        folder / f".{name}.{os.getpid()}-{threading.get_ident()}",
    ]
    (tmp_path / "precious").write_text("a")
    for path in guessed:
        make(tmp_path / "precious", path)
    images = torch.zeros(2, 4, 4, 1, dtype=torch.uint8)
    splits = SimpleNamespace(is_images=True)
    export(images, splits, tmp_path / "x.png")
    export(images, splits, tmp_path / "x.npz")
    checkpoint.save({"trainer": {}, "progress": {"updates": 1}}, tmp_path, 1)
    write_json({}, tmp_path / "x.json")
    cached({}, lambda: {"a": images.numpy()})
    assert (folder / name).exists()
    assert (tmp_path / "precious").read_text() == "a"


def test_a_note_in_the_cache_of_images_cannot_lead_out_of_it(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_DATA", str(tmp_path / "cache"))
    (tmp_path / "file").touch()
    recipe = Recipe(dataset="some", version=1, settings={}, root=tmp_path, files=["file"])
    images = torch.zeros(2, 4, 4, 1, dtype=torch.uint8).numpy()

    def make(scratch):
        return Part(images.shape, [images]), Part(images.shape, [images])

    content = prepared(recipe, make).content
    (note,) = (tmp_path / "cache" / "prepared" / "seen").iterdir()
    note.write_text("x/../../../../up")
    assert prepared(recipe, make).content == content
    assert not (tmp_path / "up").exists()


# What listens ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def served(tmp_path, monkeypatch):
    """served(words…): what `genbench ui` would have run for a results folder with a store, of no study."""
    (tmp_path / "mlflow.db").touch()
    monkeypatch.setattr("genbench.observers.pages.studies", lambda results, address: {})

    def run(*words):
        found = []
        monkeypatch.setattr(os, "execvpe", lambda file, command, environment: found.append(command))
        with pytest.raises(SystemExit) as end:
            cli.main(["ui", "--results", str(tmp_path), *words])
        return end.value.code, found[0] if found else None

    return run


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.168.1.5", "example.org", "", "127.1", "localhost.example.org", "::ffff:10.0.0.1", "0"],
)
def test_the_pages_are_for_this_machine_alone_unless_they_are_exposed(served, capsys, host):
    assert served("--host", host) == (2, None)
    assert "--expose" in capsys.readouterr().err
    code, command = served("--host", host, "--expose")
    assert code == 0
    assert command[command.index("--host") + 1] == host


@pytest.mark.parametrize(
    ("words", "host"),
    [
        ((), "127.0.0.1"),
        (("--host", "::1"), "::1"),
        (("--host", "127.0.0.9"), "127.0.0.9"),
        (("--host", "localhost"), "localhost"),
    ],
)
def test_this_machines_own_addresses_need_no_flag(served, words, host):
    code, command = served(*words)
    assert code == 0
    assert command[command.index("--host") + 1] == host


def test_an_exposed_server_answers_to_its_own_name_alone(served):
    command = served("--host", "10.0.0.5", "--expose", "--port", "77")[1]
    assert command[command.index("--allowed-hosts") + 1].startswith("10.0.0.5:77,")
    assert command[command.index("--cors-allowed-origins") + 1] == "http://10.0.0.5:77"


def test_an_open_port_is_seen(tmp_path):
    with socket.socket() as everybody, socket.socket() as own, socket.socket(socket.AF_UNIX) as unix:
        everybody.bind(("0.0.0.0", 0))
        own.bind(("127.0.0.1", 0))
        unix.bind(str(tmp_path / "socket"))
        for one in (everybody, own, unix):
            one.listen()
        assert listening([os.getpid()]) >= {"00000000", "0100007F"}
        assert str(tmp_path / "socket") in listening_files([os.getpid()])


@pytest.mark.long
@pytest.mark.usefixtures("real_python")
@pytest.mark.parametrize(("world", "allowed"), [(1, set()), (2, LOOPBACK)])
def test_a_study_that_trains_listens_to_nobody_else(tmp_path, world, allowed):
    words = [
        "run",
        "--methods",
        "toy",
        "--results",
        tmp_path,
        "--observers",
        "tensorboard",
        *SMALL,
        "train.updates=100000",
        f"world={world}",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "genbench.cli", *map(str, words)],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + 240
        while not list(tmp_path.glob("*/trials/*/metrics.jsonl")):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        family = descendants(process.pid)
        assert len(family) >= 2 + world
        assert listening(family) <= allowed
        assert not listening_files(family)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def test_rays_sockets_are_in_a_folder_that_nobody_else_can_enter(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = private_folder()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert private_folder() == folder
    folder.chmod(0o755)
    with pytest.raises(GenbenchError, match="may be entered by others"):
        private_folder()
    folder.rmdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GenbenchError, match="may be entered by others"):
        private_folder()


# Secrets and modes ----------------------------------------------------------------------------------------------------

SECRETS = {
    name: f"s3cret-{number}-of-somebody"
    for number, name in enumerate(
        ["MLFLOW_TRACKING_TOKEN", "AWS_SECRET_ACCESS_KEY", "WANDB_API_KEY", "GENBENCH_SECRET"]
    )
}
PASSWORD = "p4ssword-of-somebody"


@pytest.mark.slow
def test_no_secret_of_the_environment_is_in_a_file_or_said_and_nothing_is_for_all_to_write(tmp_path):
    overrides = [*SMALL, "train.updates=6", "toy-fails.how=raise,segfault", "toy-fails.at=3"]
    words = [
        "run",
        "--methods",
        "toy,toy-fails",
        "--results",
        str(tmp_path / "results"),
        "--observers",
        "mlflow,tensorboard",
        *overrides,
    ]
    server = {
        "MLFLOW_TRACKING_URI": f"http://somebody:{PASSWORD}@127.0.0.1:9",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "no_proxy": "*",
    }
    done = subprocess.run(
        [sys.executable, "-m", "genbench.cli", *words],
        capture_output=True,
        env={**os.environ, **SECRETS, **server},
        umask=0o022,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1, said.decode()
    files = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    statuses = {json.loads(path.read_text())["status"] for path in files if path.name == "record.json"}
    assert statuses == {"finished", "failed"}
    assert len([path for path in files if path.name == "log.txt"]) == 3
    for secret in (*SECRETS.values(), PASSWORD):
        holders = [str(path) for path in files if secret.encode() in path.read_bytes()]
        assert holders == []
        assert secret.encode() not in said
    assert [
        str(path)
        for path in (tmp_path / "results").rglob("*")
        if path.lstat().st_mode & stat.S_IWOTH and not path.is_symlink()
    ] == []


TOKEN = "t0ken-of-somebody"
ADDRESSES = {
    "server": f"http://somebody:{PASSWORD}@127.0.0.1:9/path?token={TOKEN}#{TOKEN}",
    "several @": f"http://somebody:x@{PASSWORD}@127.0.0.1:9/path",
    "token": f"http://127.0.0.1:9?token={TOKEN}",
    "token of a user": f"https://{TOKEN}@127.0.0.1:9",
    "without scheme": f"somebody:{PASSWORD}@127.0.0.1:9/path",
    "database": f"postgresql://somebody:{PASSWORD}@127.0.0.1:9/db?sslmode=require&password={TOKEN}",
    "file": f"sqlite:////proc/no/{TOKEN}.db?key={PASSWORD}",
    "unknown scheme": f"what://somebody:{PASSWORD}@127.0.0.1:9/db?key={TOKEN}",
    "no port": f"http://somebody:{PASSWORD}@127.0.0.1:port/?key={TOKEN}",
    "no host": f"http://[{PASSWORD}:{TOKEN}@/",
}


@pytest.mark.long
@pytest.mark.parametrize("kind", ADDRESSES)
def test_no_command_shows_the_secrets_of_the_trackers_address_or_writes_them_into_the_results(
    directory, capfd, tmp_path, monkeypatch, kind
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", ADDRESSES[kind])
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(os, "execvpe", lambda *words: None)
    results = directory.parents[2]
    (results / "mlflow.db").touch()
    for words in (
        ("run", "--methods", "toy", "--study", "t", "--results", results, *SMALL, UPDATES),
        ("run", "--methods", "toy", "--study", "t", "--results", results, "--dry-run", *SMALL, UPDATES),
        ("report", "s", "--results", results, "--format", "html,md,csv"),
        ("sync", results),
        ("sync", results, "--observers", "mlflow,tensorboard"),
        ("ui", "--results", results),
        ("status", "s", "--results", results),
        ("compare", "s", "t", "--results", results),
        ("evaluate", directory),
        ("trial", directory),
        ("sample", directory),
        ("cancel", "s", "--results", results),
        ("show", "--environment"),
        ("show", "toy"),
        ("list",),
    ):
        with pytest.raises(SystemExit) as end:
            cli.main([str(word) for word in words])
        said = "".join(capfd.readouterr())
        assert end.value.code in (0, 1, 2)
        for secret in (PASSWORD, TOKEN):
            if kind != "file" or secret != TOKEN:  # a file's path is no secret
                assert secret not in said, words
    for path in results.rglob("*"):
        assert PASSWORD not in str(path)
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes(), path
            assert TOKEN.encode() not in path.read_bytes() or kind == "file", path


# What comes from outside ----------------------------------------------------------------------------------------------

REFERENCE = "${oc.env:GENBENCH_SECRET}"
STUDY = """
title: a
question: b?
runs:
  - methods: [toy]
    datasets: [ring]
    seeds: [0]
    settings: {features.weights: "VALUE"}
"""


@pytest.mark.slow
@pytest.mark.parametrize("value", [REFERENCE, "\\\\" + REFERENCE, "x${oc.decode:${oc.env:GENBENCH_SECRET}}"])
@pytest.mark.parametrize("way", ["file", "words", "python", "evaluate", "sweep", "data root"])
def test_no_variable_of_the_environment_is_looked_up_for_what_comes_from_outside(
    request, call, tmp_path, monkeypatch, value, way
):
    monkeypatch.setenv("GENBENCH_SECRET", PASSWORD)
    base = ["run", "--methods", "toy", "--results", tmp_path / "results", "--observers", "none"]
    if way == "file":
        (tmp_path / "s.yaml").write_text(STUDY.replace("VALUE", value))
        code, err = call(*base, "--study-file", tmp_path / "s.yaml", *SMALL, UPDATES)
        assert "s.yaml: features.weights" in err
    elif way == "python":
        with pytest.raises(GenbenchError, match=r"features\.weights: .* refers to another value") as error:
            genbench.run(methods=["toy"], overrides=[*SMALL, UPDATES, f"features.weights='{value}'"])
        code, err = 2, str(error.value)
    elif way == "evaluate":
        code, err = call("evaluate", request.getfixturevalue("directory"), f"features.weights='{value}'")
    elif way == "data root":
        code, err = call(*base, "--data-root", value, *SMALL, UPDATES)
    else:
        words = f"features.weights={'x,' * (way == 'sweep')}'{value}'"
        code, err = call(*base, *SMALL, UPDATES, words)
    assert code == 2
    assert "refers to another value" in err
    assert PASSWORD not in err
    assert [path for path in tmp_path.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()] == []


def test_what_somebody_elses_trial_refers_to_is_not_looked_up(directory, call, monkeypatch):
    monkeypatch.setenv("GENBENCH_SECRET", PASSWORD)
    path = directory / "trial.json"
    plain = read_json(path)
    plain["settings"]["features"]["weights"] = REFERENCE
    plain["id"] = dataclasses.replace(Trial.from_dict(read_json(path)), settings=plain["settings"]).id
    found = dataclasses.replace(read(directory), id=plain["id"])
    write_json(plain, path)
    write(found, directory)
    code, err = call("evaluate", directory)
    assert code == 2
    assert "features.weights: '${oc.env:GENBENCH_SECRET}' refers to another value" in err
    (directory / "record.json").unlink()
    for words in (("trial", directory), ("status", "s", "--results", directory.parents[2])):
        call(*words)
    assert [one for one in directory.rglob("*") if one.is_file() and PASSWORD.encode() in one.read_bytes()] == []


ENDLESS = "a" * 100_000


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("run", ENDLESS),
        ("run", "--methods", ENDLESS),
        ("run", "--methods", f"toy/{ENDLESS}"),
        ("run", "--methods", ",".join(f"m{number}" for number in range(20_000))),
        ("run", "--dataset", ENDLESS),
        ("run", "--seeds", ENDLESS),
        ("run", "--seeds", ",".join(map(str, range(20_000)))),
        ("run", "--seeds", "9" * 100_000),
        ("run", "--study", ENDLESS),
        ("run", "--study-file", f"{ENDLESS}.yaml"),
        ("run", "--observers", ENDLESS),
        ("run", "--results", ENDLESS),
        ("run", "--engine", ENDLESS),
        ("run", "--ray-address", ENDLESS, "--engine", "ray"),
        ("run", f"{ENDLESS}=1"),
        ("run", "--methods", "toy", f"device={ENDLESS[:9000]}"),
        ("run", "--methods", "toy", f"net={ENDLESS[:9000]}"),
        ("run", "--methods", "toy", f"toy.{ENDLESS[:9000]}=1"),
        ("run", "--methods", "toy", f"train.batch={ENDLESS[:9000]}"),
        ("run", "--methods", "toy", f"evaluate.metrics=[{ENDLESS[:9000]}]"),
        ("run", "--methods", "toy", f"train.sample_at=[{'1,' * 4000}1]", "train.updates=2", "--dry-run"),
        (f"--{ENDLESS}",),
        (ENDLESS,),
        ("run", f"--{ENDLESS}"),
        ("report", ENDLESS),
        ("report", "s", "--format", ENDLESS),
        ("compare", ENDLESS, f"{ENDLESS}:{ENDLESS}"),
        ("status", ENDLESS),
        ("show", ENDLESS),
        ("list", ENDLESS),
        ("check", ENDLESS),
        ("sample", ENDLESS),
        ("evaluate", ENDLESS),
        ("ui", "--host", ENDLESS),
        ("sync", ENDLESS),
    ],
    ids=lambda words: " ".join(words)[:60],
)
def test_a_name_without_end_is_refused_shortly_and_at_once(call, words):
    began = time.process_time()
    code, err = call(*words)
    assert code == 2 or "--dry-run" in words
    assert len(err) < 5000
    assert ENDLESS[:1000] not in err
    assert time.process_time() - began < 20


def test_a_study_of_more_seeds_than_anybody_trains_is_refused_before_it_is_planned():
    with pytest.raises(GenbenchError, match="200,000 trials, more than 20,000"):
        genbench.run(methods=["toy"], seeds=range(200_000), overrides=[*SMALL, UPDATES])
