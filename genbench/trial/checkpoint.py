"""Checkpoints of a trial: saved atomically, the last two and the best kept, verified by sha256, loaded without running
any code.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from genbench import files
from genbench.errors import CheckpointError

KEPT = 2
BEST = "best.pt"

logger = logging.getLogger(__name__)


def save(state: Mapping[str, Any], folder: Path, updates: int) -> Path:
    """Write `<updates>.pt` and its sha256 into the folder, then remove all but the newest two."""
    path = folder / f"{updates:010d}.pt"
    _save(state, path)
    for old in _all(folder)[:-KEPT]:
        old.unlink()
        _sum_file(old).unlink(missing_ok=True)
    return path


def save_best(state: Mapping[str, Any], folder: Path) -> Path:
    """Write `best.pt` and its sha256 into the folder, in place of the one before."""
    path = folder / BEST
    _save(state, path)
    return path


def latest(folder: Path) -> dict[str, Any] | None:
    """The state of the newest good checkpoint, or None when there is no checkpoint.

    A damaged one is named in the log and the older one is taken. Raises CheckpointError when every one is damaged.
    """
    paths = _all(folder)
    problems = []
    for path in reversed(paths):
        try:
            return load(path)
        except CheckpointError as error:
            problems.append(str(error))
            logger.warning("%s; going on from an older one", error)
    if problems:
        raise CheckpointError(
            f"no checkpoint in {folder} can be used: {'; '.join(problems)}; remove the folder to start the trial again"
        )
    return None


def load(path: Path) -> dict[str, Any]:
    """The state in one file; raises CheckpointError that names the file and what is wrong with it."""
    try:
        content = files.read_bytes(path)
        expected = files.read_text(_sum_file(path)).split()[0]
    except (OSError, IndexError) as error:
        raise CheckpointError(f"checkpoint {path} cannot be read: {error}") from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise CheckpointError(f"checkpoint {path} is damaged: its sha256 is not the one in {_sum_file(path).name}")
    try:
        with warnings.catch_warnings(
            action="ignore", category=UserWarning
        ):  # of torch, about a file that is refused anyway
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # of the many kinds that a reader of bytes made by somebody else can raise
        raise CheckpointError(
            f"checkpoint {path} is refused: it holds more than tensors and plain data, or is damaged"
        ) from error
    match state:
        case {"trainer": dict(), "progress": {"updates": int()}}:
            return dict(state)
    raise CheckpointError(f"checkpoint {path} is refused: it does not hold a trainer's state and its progress")


def into(module: nn.Module, state: Mapping[str, Any], folder: Path) -> None:
    """Load the state that a checkpoint in a trial's folder has of a module; raises CheckpointError when it is another
    module's.
    """
    try:
        module.load_state_dict(state)
    except Exception as error:  # torch raises RuntimeError, an optimizer's state ValueError, KeyError and others
        reason = " ".join(str(error).split())
        raise CheckpointError(
            f"the checkpoint in {folder} is not of this trial, or of another version of its method: {reason}"
        ) from error


def _save(state: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint, its sum first: so none exists without a sum, and one that is cut short does not match
    it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    content = buffer.getvalue()
    _replace(_sum_file(path), f"{hashlib.sha256(content).hexdigest()}  {path.name}\n".encode())
    _replace(path, content)


def _all(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9]*.pt"))


def _sum_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    with files.creating(temporary) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
