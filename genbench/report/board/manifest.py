"""manifest.json: the SHA-256 of every file of a folder that is handed on, so that a changed one can be named."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from genbench import files
from genbench.errors import GenbenchError
from genbench.trial.json_file import read_json, write_json
from genbench.version import __version__

NAME = "manifest.json"
OFTEN = 1 << 20
"""Bytes that are read at once."""


def write(folder: Path, kind: str) -> str:
    """Write the manifest of everything in a folder; return its own SHA-256, by which the folder can be announced.

    kind: what the folder is, `study` or `board`.
    """
    hashes = {name: sha256(folder / name) for name in _names(folder) if name != NAME}
    write_json({"kind": kind, "genbench": __version__, "files": hashes}, folder / NAME)
    return sha256(folder / NAME)


def check(folder: Path) -> str:
    """Raise GenbenchError that names the first file of a folder that is not as its manifest has it, is missing, or is
    not in it; return the SHA-256 of the manifest.
    """
    listed = _listed(folder)
    for name, expected in listed.items():
        path = folder / name
        if not _inside(name) or path.is_symlink() or not path.is_file():
            raise GenbenchError(f"{path} is missing, though {folder / NAME} lists it; get the folder again")
        if (found := sha256(path)) != expected:
            raise GenbenchError(
                f"{path} was changed after it was published: its SHA-256 is {found[:12]}…, {NAME} has"
                f" {expected[:12]}…; get the folder again"
            )
    for name in _names(folder):
        if name not in listed and name != NAME and not _is_hidden(name):
            raise GenbenchError(f"{folder / name} was not published: {NAME} does not list it; remove it")
    return sha256(folder / NAME)


def check_replaceable(folder: Path, kind: str) -> None:
    """Raise GenbenchError unless writing a folder anew loses nothing: it is missing, empty, or was written as this kind
    and is as it was.
    """
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        raise GenbenchError(f"{folder} is there and is no folder; name another one with -o")
    own = list(folder.iterdir())
    if not own:
        return
    if not (folder / NAME).exists():
        raise GenbenchError(
            f"{folder} holds files that genbench did not write ({sorted(own)[0].name}); empty it, or name another"
            " folder with -o"
        )
    try:
        if read_json(folder / NAME).get("kind") != kind:
            raise GenbenchError(f"it holds no {kind}")
        check(folder)
        if hidden := [name for name in _names(folder) if _is_hidden(name)]:
            raise GenbenchError(f"{folder / hidden[0]} was not written by genbench")
    except GenbenchError as error:
        raise GenbenchError(f"{folder} is not overwritten: {error}; or name another folder with -o") from error


def put_in_place(made: Path, folder: Path) -> None:
    """Give a finished folder its name, in the place of the one that had it: what stands there is always whole."""
    old = folder.with_name(f".{folder.name}.old-{os.getpid()}")
    if folder.exists():
        os.replace(folder, old)
    os.replace(made, folder)
    shutil.rmtree(old, ignore_errors=True)


def sha256(path: Path) -> str:
    """The SHA-256 of a file."""
    digest = hashlib.sha256()
    with files.reading(path) as file:
        while part := file.read(OFTEN):
            digest.update(part)
    return digest.hexdigest()


def _listed(folder: Path) -> Mapping[str, str]:
    """The files that a manifest lists, and their SHA-256."""
    listed = read_json(folder / NAME, sealed=True).get("files")
    if not isinstance(listed, dict) or not all(isinstance(value, str) for value in listed.values()):
        raise GenbenchError(f"{folder / NAME} is damaged: it lists no files; get the folder again")
    return listed


def _names(folder: Path) -> Iterator[str]:
    """Everything in a folder that is no folder, by its path from there."""
    for path in sorted(files.below(folder)):
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(folder).as_posix()


def _inside(name: str) -> bool:
    return not name.startswith("/") and ".." not in Path(name).parts


def _is_hidden(name: str) -> bool:
    """Whether a file is one that systems leave behind, beside what was published and not among the trials."""
    return name.rpartition("/")[2].startswith(".") and not name.startswith("trials/")
