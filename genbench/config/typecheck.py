"""Kinds of settings: whether plain values, as JSON has them, are of the types that a settings' class declares; and its
object made from them.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from genbench.errors import SettingsError


def built(cls: type, values: Any) -> Any:
    """An object of a settings' class; raises SettingsError for anything that its fields cannot be."""
    if not isinstance(values, Mapping):
        raise SettingsError(
            f"{cls.__name__} is not made from {values!r}; the trial was planned by another version, or is damaged"
        )
    hints = typing.get_type_hints(cls)
    for key, value in values.items():
        if key not in hints or not fits(value, hints[key]):
            raise SettingsError(
                f"{cls.__name__} has no setting {key}={value!r}; the trial was planned by another version, or is"
                " damaged"
            )
    try:
        return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
    except (TypeError, ValueError) as error:  # a part that is missing, or the class's own check
        raise SettingsError(f"{cls.__name__}: {error}") from error


def fits(value: object, hint: Any) -> bool:
    """Whether a value is an int, float, bool, str, Literal, tuple[X, ...], Sequence[X], Mapping[str, X], X | None or of
    a class, as the hint says.

    A whole number will do for a float, a list for a tuple; a bool is no number.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return True
    if origin is Literal:
        return any(value == choice and type(value) is type(choice) for choice in arguments)
    if origin is Mapping:
        return isinstance(value, dict) and all(
            fits(key, arguments[0]) and fits(item, arguments[1]) for key, item in value.items()
        )
    if origin in (tuple, Sequence):
        return isinstance(value, list | tuple) and all(fits(item, arguments[0]) for item in value)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, argument) for argument in arguments)
    return type(value) in ((int, float) if hint is float else (hint,))
