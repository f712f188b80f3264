"""The JSON files of trials and studies: written whole and with a seal, read only if they are as they were written."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from genbench import files
from genbench.errors import GenbenchError

SEAL = "seal"
"""The key under which a file has the hash of all its other values: one flipped bit is not another number."""

LARGEST = 2**26
"""Bytes of a file: a manifest of a hundred thousand files has fewer."""


def write_json(plain: Mapping[str, Any], path: Path) -> None:
    """Write JSON to a file that is either the old one or the new one, never half of one; raises GenbenchError where it
    cannot be.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        with files.creating(temporary) as file:
            file.write(json.dumps({**plain, SEAL: seal(plain)}, indent=1).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise GenbenchError(
            f"{path} cannot be written: {error.strerror}; what has been saved is safe: fix this and run the same"
            " command again"
        ) from error


def read_json(path: Path, *, sealed: bool = False) -> dict[str, Any]:
    """A JSON object from a file, without its seal; raises GenbenchError that names the file when it was changed.

    sealed: refuse a file without a seal too, which version 0.1.0 wrote.
    """
    try:
        plain = json.loads(files.read_text(path, most=LARGEST))
    except OSError as error:
        raise GenbenchError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise GenbenchError(f"{path} is damaged: it holds no JSON ({error})") from error
    if not isinstance(plain, dict):
        raise GenbenchError(f"{path} is damaged: it holds no JSON object")
    given = plain.pop(SEAL, None)
    if given is None and sealed:
        raise GenbenchError(f"{path} is damaged: it has no seal")
    if given is not None and given != seal(plain):
        raise GenbenchError(f"{path} was changed or is damaged: its seal is not that of what it holds")
    return plain


def seal(plain: Mapping[str, Any]) -> str:
    """Sixteen hexadecimal digits: a hash of plain data, however its keys are ordered and its JSON is laid out.

    >>> seal({"a": 1, "b": (2.5,)}) == seal({"b": [2.5], "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]
