"""The sqlite file of MLflow's store: what is damage, what is not, and what is done about it."""

import sqlite3
import subprocess
import sys

import pytest

from genbench.observers import database


@pytest.fixture
def path(tmp_path):
    """A small database that looks like MLflow's."""
    path = tmp_path / "a folder" / "mlflow.db"
    path.parent.mkdir()
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE alembic_version (version_num)")
        made.execute("INSERT INTO alembic_version VALUES ('b7e4c1a90f23')")
        made.execute("CREATE TABLE runs (name)")
        made.executemany("INSERT INTO runs VALUES (?)", [(str(number) * 100,) for number in range(400)])
    return path


def test_a_database_that_is_whole_is_not_damaged_nor_one_that_is_not_there(path, tmp_path):
    (tmp_path / "empty").touch()
    assert [database.damage(one) for one in (path, tmp_path / "nothing", tmp_path / "empty")] == ["", "", ""]


@pytest.mark.parametrize("content", [b"no database at all", bytes(5000)])
def test_a_file_that_is_no_database_is_damaged(path, content):
    path.write_bytes(content)
    assert database.damage(path) == "file is not a database"


@pytest.mark.parametrize("bytes_left", [100, 4096, 5000, 20000])
def test_a_database_that_was_cut_is_damaged(path, bytes_left):
    path.write_bytes(path.read_bytes()[:bytes_left])
    assert database.damage(path)


def test_a_database_with_a_broken_page_is_damaged(path):
    content = bytearray(path.read_bytes())
    content[-4096:-2048] = bytes(range(256)) * 8
    path.write_bytes(content)
    assert database.damage(path)


@pytest.mark.parametrize("statement", ["DROP TABLE alembic_version", "DELETE FROM alembic_version"])
def test_a_database_without_a_version_was_left_half_made(path, statement):
    with sqlite3.connect(path) as changed:
        changed.execute(statement)
    assert database.damage(path) == "it was left half made"


def test_a_database_that_is_locked_is_not_damaged(path):
    with sqlite3.connect(path, isolation_level=None) as other, pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "PATIENCE", 0.1)
        other.execute("BEGIN EXCLUSIVE")
        assert database.damage(path) == ""


def test_damage_is_found_in_what_an_error_of_sqlite_was_wrapped_in(path):
    with pytest.raises(sqlite3.Error) as raised, sqlite3.connect(path) as store:
        store.execute("CREATE TABLE runs (name)")
    wrapped = ValueError("wrapped")
    wrapped.__cause__ = raised.value
    assert database.damage_in(wrapped) == "table runs already exists"
    assert database.damage_in(ValueError("something else")) == ""


def test_a_database_is_put_aside_under_the_first_free_name_with_what_belongs_to_it(path):
    path.with_name("mlflow.db-journal").write_text("journal")
    path.with_name("mlflow.db.damaged-1").touch()
    content = path.read_bytes()
    assert database.put_aside(path) == path.with_name("mlflow.db.damaged-2")
    assert path.with_name("mlflow.db.damaged-2").read_bytes() == content
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "mlflow.db.damaged-1",
        "mlflow.db.damaged-2",
        "mlflow.db.damaged-2-journal",
    ]


@pytest.mark.slow
def test_a_store_that_could_not_be_made_to_its_end_leaves_nothing_and_is_made_the_next_time(tmp_path):
    script = f"""
import resource
from pathlib import Path
from genbench.observers.store import connect
import mlflow
for limit in (200_000, 700_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        connect(Path({str(tmp_path)!r}))
    except Exception as error:
        print(type(error).__name__)
    print(*[file.name for file in Path({str(tmp_path)!r}).iterdir()])
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
connect(Path({str(tmp_path)!r}))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines() == 2 * ["OperationalError", ".mlflow.lock"], done
    assert done.returncode == 0, done.stderr
    assert database.damage(tmp_path / "mlflow.db") == ""
