"""The sqlite file of an MLflow store: made whole or not at all, told apart when it is damaged, and put aside."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from mlflow import MlflowClient

DAMAGED = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"""Results of sqlite that do not pass by themselves: a table that is missing or there too early, as in a store that was
left half made; broken pages; a file that is no database. One that is locked, or on a full disk, gives others."""
PATIENCE = 5.0
"""Seconds that a database may be locked while it is looked at."""
COMPANIONS = ("-journal", "-wal", "-shm")
"""What sqlite keeps beside a database, by the ends of their names."""


def opened(path: Path) -> MlflowClient:
    """A client of the store in a file, which is created if it is missing: under another name first, so that a full disk
    or a kill leaves no half of one. Only one process at a time may do that in a folder.
    """
    from mlflow import MlflowClient

    if not path.exists() or path.stat().st_size == 0:
        growing = path.with_name(f".{path.name}.{uuid.uuid4().hex}")  # MLflow keeps connections to names that it had
        try:
            MlflowClient(address(growing))
            os.replace(growing, path)
        finally:
            for left in path.parent.glob(f".{path.name}.*"):
                left.unlink()
    return MlflowClient(address(path))


def address(path: Path) -> str:
    """The file as MLflow takes it."""
    return f"sqlite:///{path}"


def damage(path: Path) -> str:
    """What is wrong with a database, in a few words; empty for one that is whole, not there, or cannot be read now."""
    if not path.exists() or path.stat().st_size == 0:
        return ""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=PATIENCE)) as database:
            (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                return " ".join(str(found).split())
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if tables and not ("alembic_version" in tables and _version(database)):
                return "it was left half made"
    except sqlite3.Error as error:
        return damage_in(error)
    return ""


def damage_when_opened(path: Path) -> str:
    """What is wrong with a database as MLflow finds out, whose tables may contradict each other; empty as above."""
    from mlflow import MlflowClient

    try:
        # By another name: MLflow keeps its connections to the file, which may be put aside.
        MlflowClient(f"{address(path.parent)}/./{path.name}")
    except Exception as error:  # MLflow passes on what sqlalchemy, alembic and sqlite raise
        return damage_in(error)
    return ""


def damage_in(error: BaseException) -> str:
    """What an error of sqlite's, or one that was raised from it, says is wrong with the database; empty where it may
    well be whole.
    """
    for one in _causes(error):
        if isinstance(one, sqlite3.Error) and getattr(one, "sqlite_errorcode", -1) & 0xFF in DAMAGED:
            return str(one)
    return ""


def put_aside(path: Path) -> Path:
    """Rename a database, and what belongs to it, to the first NAME.damaged-N that is free; its new path."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    os.rename(path, aside)
    for end in COMPANIONS:
        with suppress(FileNotFoundError):
            os.rename(f"{path}{end}", f"{aside}{end}")
    return aside


def _version(database: sqlite3.Connection) -> bool:
    return database.execute("SELECT version_num FROM alembic_version").fetchone() is not None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those that it was raised from, or while they were handled."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__
