"""How a trial's process computes: TF32, algorithms that repeat; and what its record says of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from genbench.config.settings import TrainSettings
from genbench.errors import GenbenchError

WORKSPACE = ":4096:8"
"""Of cuBLAS, which else shares buffers between streams and sums in any order (NVIDIA's cuBLAS, results
reproducibility)."""


def pick_device(name: str) -> torch.device:
    """The device of that name, `auto` for cuda if there is one; raises GenbenchError for one that is not there.

    Nothing is left on the device: a supervisor that asks takes no memory from the trials.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        if device.type == "cuda":
            _check_cuda(device.index)
        else:
            torch.zeros(1, device=device).item()  # a device without numbers, meta, is found out too
    except (RuntimeError, AssertionError) as error:
        raise GenbenchError(
            f"device '{name}' cannot be used: {str(error).splitlines()[0]}; try device=cpu or device=auto"
        ) from error
    return device


def check_place(device: str, world: int, precision: str) -> None:
    """Raise GenbenchError for ranks that would share the one device that is named, and for a precision that the device
    does not have.
    """
    if world > 1 and re.fullmatch(r"cuda:\d+", device):
        raise GenbenchError(f"world={world} ranks cannot share device={device}; use device=cuda, or world=1")
    if precision == "fp64" and device.partition(":")[0] == "mps":
        raise GenbenchError(f"device={device} has no fp64; use train.precision=fp32, or device=cpu")


def settle(device: torch.device, train: TrainSettings) -> str:
    """Have this process compute as the settings say; what it then does, in the words of a record.

    On a CPU a trial repeats bit for bit at equal threads, whatever is asked for.
    """
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = train.deterministic or device.type != "cuda"
    tf32 = train.tf32 and device.type == "cuda"
    torch.backends.cudnn.allow_tf32 = tf32
    if device.type != "cuda":
        return "deterministic" if device.type == "cpu" else "not deterministic"
    if device.index is not None:
        torch.cuda.set_device(device)
    torch.backends.cuda.matmul.allow_tf32 = tf32
    if train.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", WORKSPACE)
    torch.use_deterministic_algorithms(train.deterministic)
    return in_force()


def in_force() -> str:
    """How products and sums are computed on a GPU, as torch itself says."""
    words = ["deterministic" if torch.are_deterministic_algorithms_enabled() else "not deterministic"]
    if torch.backends.cudnn.allow_tf32 or torch.backends.cuda.matmul.allow_tf32:
        words.append("TF32")
    return ", ".join(words)


@contextmanager
def forgiving() -> Iterator[None]:
    """Let algorithms that do not repeat pass with a warning: a trained generator is scored all the same."""
    strict = torch.are_deterministic_algorithms_enabled()
    if strict:
        torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        if strict:
            torch.use_deterministic_algorithms(True)


def _check_cuda(index: int | None) -> None:
    """Raise RuntimeError where there is no such GPU."""
    if not torch.cuda.is_available():
        raise RuntimeError("torch finds no CUDA device")
    if index is not None and index >= (count := torch.cuda.device_count()):
        raise RuntimeError(f"there are {count}, cuda:0 to cuda:{count - 1}")
