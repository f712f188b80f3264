"""The tracker's store: damaged, locked, on a full disk, at an address that is none; what every command makes of it."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest
from disks import fill, small_disk
from disturbed import SMALL, command

from genbench.observers import database

QUICK = [*SMALL, "train.updates=40"]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A results folder with two trials of a study and the store that shows them."""
    results = tmp_path_factory.mktemp("filled") / "results"
    done = call(results, "run", "--seeds", "0,1")
    assert done.returncode == 0, done.stderr
    return results


def call(results, name, *words, environment=()):
    """One command on a results folder."""
    base = command(results, "--observers", "mlflow", "--study", "s", *QUICK)
    whole = {
        "run": base,
        "report": [*base[:3], "report", "s", "--results", str(results), "--format", "csv"],
        "sync": [*base[:3], "sync", str(results)],
        "status": [*base[:3], "status", "s", "--results", str(results)],
        "ui": [*base[:3], "ui", "--results", str(results), "--port", "5999"],
    }[name]
    environment = {**os.environ, **dict(environment)}
    return subprocess.run([*whole, *words], capture_output=True, text=True, env=environment, timeout=200)


def of(filled, folder):
    """A copy of the results to damage."""
    return shutil.copytree(filled, folder / "results")


def check(done, code, *, said=""):
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert said in done.stderr, done.stderr


def statuses(results):
    return sorted(
        path.parent.name.partition("-seed")[2][:1] for path in (results / "s" / "trials").glob("*/record.json")
    )


def make_garbage(path):
    path.write_bytes(b"no database at all")


def cut(path):
    path.write_bytes(path.read_bytes()[:400_000])


def leave_half_made(path):
    with closing(sqlite3.connect(path)) as store:
        for table in ("runs", "latest_metrics"):
            store.execute(f"DROP TABLE {table}")
        store.execute("UPDATE alembic_version SET version_num = 'acf3f17fdcc7'")
        store.commit()


@pytest.mark.parametrize("damage", [make_garbage, cut, leave_half_made])
def test_a_damaged_store_costs_no_command_anything_and_sync_builds_it_again(filled, tmp_path, fault, damage):
    results = of(filled, tmp_path)
    damage(results / "mlflow.db")
    damaged = (results / "mlflow.db").read_bytes()
    check(call(results, "run"), 0, said="warning: ")  # nothing is left to do
    check(call(results, "run", "--seeds", "0,1,2"), 0, said="`genbench sync")
    assert statuses(results) == ["0", "1", "2"]
    check(call(results, "report"), 0, said="warning: MLflow was not given the report")
    check(call(results, "status"), 0)
    if damage is not leave_half_made:
        check(call(results, "ui"), 2, said="genbench sync")
    assert (results / "mlflow.db").read_bytes() == damaged or damage is leave_half_made
    check(call(results, "sync"), 0, said="it is kept as ")
    assert (results / "mlflow.db.damaged-1").exists()
    assert database.damage(results / "mlflow.db") == ""
    again = call(results, "run", "--seeds", "0,1,2")
    check(again, 0)
    assert "compareRunsMode=CHART" in again.stdout
    assert "warning" not in again.stderr
    fault("a damaged store of MLflow")


@contextmanager
def held(path):
    """The store while another program writes into it."""
    words = "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None)"
    words += "; c.execute('BEGIN EXCLUSIVE'); print('held', flush=True); time.sleep(600)"
    process = subprocess.Popen([sys.executable, "-c", words, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "held\n"
        yield
    finally:
        process.kill()
        process.wait()


def test_a_locked_store_is_a_warning_and_is_not_put_aside(filled, tmp_path, fault):
    results = of(filled, tmp_path)
    with held(results / "mlflow.db"):
        check(call(results, "run", "--seeds", "0,1,2"), 0, said="locked")
        check(call(results, "report"), 0, said="warning: MLflow was not given the report")
        check(call(results, "sync"), 2, said="locked")
        check(call(results, "status"), 0)
    assert statuses(results) == ["0", "1", "2"]
    assert not list(results.glob("*.damaged-*"))
    check(call(results, "sync"), 0)
    fault("a store of MLflow that is locked")


def test_a_store_for_which_the_disk_has_no_room_is_a_warning_and_the_next_sync_makes_it(tmp_path, fault):
    with small_disk(tmp_path / "disk", size="3m") as disk:
        results = disk / "results"
        ballast = disk / "ballast"
        (tmp_path / "roomy").mkdir()
        results.mkdir()
        (results / "s").symlink_to(tmp_path / "roomy")  # a trial that writes while the store grows has room
        ballast.write_bytes(bytes(2_300_000))
        check(call(results, "run", "--seeds", "0"), 0, said="`genbench sync")
        assert statuses(results) == ["0"]
        check(call(results, "report"), 0)
        check(call(results, "sync"), 2, said="next sync")
        assert not (results / "mlflow.db").exists()
        ballast.unlink()
        check(call(results, "sync"), 0)
        fill(ballast, 4096)
        check(call(results, "report", "-o", str(disk / "new")), 2, said="No space left")
        check(call(results, "status"), 0)
    fault("a store of MLflow on a full disk")


@pytest.mark.parametrize("address", ["http://[::1", "localhost:5000", "ftp://me:secret@tracker"])
def test_an_address_that_is_none_starts_nothing(filled, tmp_path, fault, address):
    results, environment = of(filled, tmp_path), {"MLFLOW_TRACKING_URI": address}
    before = (results / "s" / "study.json").read_bytes()
    for words in (("run", "--seeds", "0,1,2"), ("sync",)):
        done = call(results, *words, environment=environment)
        check(done, 2, said="MLFLOW_TRACKING_URI is no address")
        assert "secret" not in done.stderr
    assert statuses(results) == ["0", "1"]
    assert len(list((results / "s" / "trials").iterdir())) == 2
    assert (results / "s" / "study.json").read_bytes() == before
    check(call(results, "report", environment=environment), 0, said="warning: MLflow was not given the report")
    check(call(results, "status", environment=environment), 0)
    fault("an address of no tracking server")


def test_an_address_that_only_mlflow_knows_to_be_wrong_is_a_warning(filled, tmp_path, fault):
    results = of(filled, tmp_path)
    environment = {"MLFLOW_TRACKING_URI": "postgresql://me:secret@tracker/db"}
    done = call(results, "run", "--seeds", "0,1,2", environment=environment)
    check(done, 0, said="warning: observer 'mlflow' was dropped")
    assert "secret" not in done.stdout + done.stderr
    assert statuses(results) == ["0", "1", "2"]
    fault("a tracking server that cannot be used")
