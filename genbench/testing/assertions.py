"""What a check reports: `ContractError`, an error in one line, and where two states differ."""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from genbench.contract.trainer import Method
from genbench.errors import GenbenchError


class ContractError(AssertionError):
    """A clause of the contract that a method breaks; the message is written for the method's author."""


def demand(holds: bool, message: str) -> None:
    """Raise ContractError with the message unless a clause holds."""
    if not holds:
        raise ContractError(message)


def kind(value: object) -> str:
    """What a value is, in words."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    return f"{'an' if type(value).__name__[0] in 'aeiou' else 'a'} {type(value).__name__}"


def problem(error: Exception, method: Method) -> str:
    """An error in one line; one that is not for the user with its type and the last line of the author's file on its
    way.
    """
    if isinstance(error, ContractError | GenbenchError):
        return str(error)
    text = "".join(traceback.format_exception(error)).rstrip()
    return f"{text.splitlines()[-1]}{_place(text, method.trainer)}"


def difference(a: Any, b: Any, path: str = "") -> str:
    """Where two nested states first differ, or an empty string; tensors are equal to the bit or not at all."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        if missing := set(a) ^ set(b):
            return f"{path}{min(map(str, missing))}"
        return next((found for key in a if (found := difference(a[key], b[key], f"{path}{key}."))), "")
    if isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b):
        return next(
            (
                found
                for number, pair in enumerate(zip(a, b, strict=True))
                if (found := difference(*pair, f"{path}{number}."))
            ),
            "",
        )
    tensors = isinstance(a, Tensor) and isinstance(b, Tensor)
    same = a.dtype == b.dtype and torch.equal(a, b) if tensors else type(a) is type(b) and a == b
    return "" if same else path.rstrip(".") or "the value"


def place(error: Exception, method: Method, about: str | None = None) -> str:
    """The file and line of a plugin to look at, `genbench_x.py, line 12`; nothing where its source cannot be found.

    The last line of the author's file on an error's way, or else the first of what the check is about: a function of
    the trainer, its `class`, or the class of the settings, `config`; None: `step`.
    """
    raised = _place("".join(traceback.format_exception(error)), method.trainer)
    if raised:
        return raised.strip(" ()")
    things: dict[str, Any] = {"class": method.trainer, "config": method.config}
    thing: Any = things.get(about or "step") or getattr(method.trainer, about or "step", method.trainer)
    try:
        return f"{Path(inspect.getfile(thing)).name}, line {inspect.getsourcelines(thing)[1]}"
    except (TypeError, OSError):  # what is no class, or was typed at a prompt, has no file
        return ""


def _place(text: str, trainer: type) -> str:
    """The last line of a traceback that lies in the file of a class, as " (file, line 12)"; nothing if there is
    none.
    """
    try:
        file = Path(inspect.getfile(trainer))
    except (TypeError, OSError):  # what is no class, or was typed at a prompt, has no file
        return ""
    lines = re.findall(rf'File "{re.escape(str(file))}", line (\d+)', text)
    return f" ({file.name}, line {lines[-1]})" if lines else ""
