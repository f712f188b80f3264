"""What was computed from real images, kept on disk under everything that it depends on."""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import threading
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genbench import files

Arrays = dict[str, npt.NDArray[np.float32 | np.float64]]

logger = logging.getLogger("genbench")


def folder() -> Path:
    """Where it is kept: `features` in $GENBENCH_CACHE, or else in the user's cache folder for genbench."""
    if own := os.environ.get("GENBENCH_CACHE"):
        return Path(own).expanduser() / "features"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "genbench" / "features"


def cached(key: Mapping[str, str | int], compute: Callable[[], Arrays]) -> Arrays:
    """The arrays kept under a key, or else compute(), which is then kept.

    The key is part of the file and compared in full, and the file is a zip archive whose checksums are verified: one
    that is damaged or holds something else is computed again, and the log says so. When several processes need the
    same arrays, one computes them. Without a folder that can be written, nothing is kept.
    """
    text, path = _text(key), path_of(key)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = files.locking(path.with_suffix(".lock"))
    except OSError as error:
        logger.warning("features of real images cannot be kept in %s: %s", path.parent, error.strerror)
        return compute()
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # held until the file is closed, however the process ends
        found = _read(path, text)
        if found is None:
            found = compute()
            _write(path, text, found)
    return found


def path_of(key: Mapping[str, str | int]) -> Path:
    """The file in which the arrays of a key are kept, if there could be one."""
    return folder() / f"{hashlib.sha256(_text(key).encode()).hexdigest()[:32]}.npz"


def _text(key: Mapping[str, str | int]) -> str:
    return json.dumps(key, sort_keys=True)


def _read(path: Path, key: str) -> Arrays | None:
    if not path.exists():
        return None
    try:
        with files.reading(path) as file, np.load(file, allow_pickle=False) as archive:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.zip.infolist()):
                raise ValueError("it is compressed, and what it would grow to is not known")
            arrays = {name: archive[name] for name in archive.files}
        if str(arrays.pop("key")) == key:
            return arrays
        problem = "it was written for something else"
    except (OSError, ValueError, KeyError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        problem = str(error) or type(error).__name__
    logger.warning("%s is damaged (%s) and computed again", path, problem)
    return None


def _write(path: Path, key: str, arrays: Arrays) -> None:
    """Write a file that is complete, or none."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        with files.creating(temporary) as file:
            np.savez(file, allow_pickle=False, key=np.array(key), **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        logger.warning("%s cannot be written: %s", path, error.strerror)
