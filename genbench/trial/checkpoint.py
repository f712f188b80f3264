"""Checkpoints of a trial: saved atomically, the last two and the best kept, verified by sha256, loaded without running
any code.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import textwrap
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import nn

from genbench import files
from genbench.errors import CheckpointError, GenbenchError
from genbench.trial.log import Progress
from genbench.trial.schema import made
from genbench.trial.trial import Trial

KEPT = 2
BEST = "best.pt"
LONGEST_SUM = 1000
"""Bytes of the file with a checkpoint's sum."""
LONGEST_REASON = 300
"""Characters of what torch says about a state that does not fit, which may name a thousand tensors."""

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


def latest(folder: Path, trial: Trial) -> dict[str, Any] | None:
    """The state of the newest good checkpoint, or None when there is no checkpoint.

    A damaged one, or one of another trial, is named in the log and the older one is taken. Raises CheckpointError when
    none can be used.
    """
    problems: list[str] = []
    for path in reversed(_all(folder)):
        try:
            state = load(path, trial)
        except CheckpointError as error:
            problems.append(str(error))
            continue
        for problem in problems:
            logger.warning("%s; going on from the older %s", problem, path.name)
        return state
    if problems:
        raise CheckpointError(
            f"no checkpoint in {folder} can be used: {'; '.join(problems)}; remove the folder to start the trial again"
        )
    return None


def load(path: Path, trial: Trial) -> dict[str, Any]:
    """The state in one file of a trial; raises CheckpointError that names the file and what is wrong with it."""
    try:
        content = files.read_bytes(path)
        expected = files.read_text(_sum_file(path), most=LONGEST_SUM).split()[0]
    except (OSError, IndexError, UnicodeDecodeError) as error:
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
        case {"trainer": dict(), "progress": {"updates": int()} as progress}:
            pass
        case _:
            raise CheckpointError(f"checkpoint {path} is refused: it does not hold a trainer's state and its progress")
    try:
        trial.own(state.get("trial"), path, files="it")
        clocks = {key: value for key, value in progress.items() if key != "chosen_by"}
        made(Progress, clocks, str(path), "remove it")
    except GenbenchError as error:
        raise CheckpointError(f"checkpoint {path} is refused: {error}") from error
    return dict(state)


def into(module: nn.Module, state: Mapping[str, Any], folder: Path) -> None:
    """Load the state that a checkpoint in a trial's folder has of a module; raises CheckpointError when it is another
    module's.
    """
    try:
        module.load_state_dict(state)
    except Exception as error:  # torch raises RuntimeError, an optimizer's state ValueError, KeyError and others
        reason = textwrap.shorten(f"{type(error).__name__}: {error}", LONGEST_REASON)
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
    try:
        with files.creating(temporary) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):  # a full disk is not to hold half a checkpoint as well
            temporary.unlink(missing_ok=True)
        raise
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
