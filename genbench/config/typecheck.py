"""The one check of settings' types: what a value is as its field declares it, wherever the value comes from, and a
settings' class built from plain values.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

from genbench.errors import SettingsError

TRUE, FALSE = ("true", "yes", "on", "y", "1"), ("false", "no", "off", "n", "0")
"""Words for a bool, as YAML and Hydra have them."""
NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def built(cls: type, values: Any) -> Any:
    """An object of a settings' class from plain values; raises SettingsError for anything that its fields cannot be."""
    if not isinstance(values, Mapping):
        raise SettingsError(
            f"{cls.__name__} is not made from {values!r}; the trial was planned by another version, or is damaged"
        )
    hints = typing.get_type_hints(cls)
    taken: dict[str, Any] = {}
    for key, value in values.items():
        try:
            taken[key] = as_declared(value, hints[key])
        except (KeyError, ValueError) as error:
            raise SettingsError(
                f"{cls.__name__} has no setting {key}={value!r}; the trial was planned by another version, or is"
                " damaged"
            ) from error
    try:
        return cls(**taken)
    except (TypeError, ValueError) as error:  # a part that is missing, or the class's own check
        raise SettingsError(f"{cls.__name__}: {error}") from error


def as_declared(value: Any, hint: Any) -> Any:
    """The value as a field of that type holds it; raises ValueError that says what was expected and what was got.

    hint: int, float, bool, str, Literal, tuple[X, ...], X | None, or another class, whose objects are taken as they
    are. A whole number becomes a float and a list a tuple where that is declared, a word a number or a bool if it is
    one; a bool is no number, and a fraction no whole number.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    kind = type(value)
    try:
        if origin is Literal:
            return next(one for one in arguments if value == str(one) or (value == one and kind is type(one)))
        if origin in (typing.Union, types.UnionType):
            (inner,) = [argument for argument in arguments if argument is not types.NoneType]
            return None if value is None else as_declared(value, inner)
        if origin is tuple and isinstance(value, list | tuple):
            return tuple(as_declared(item, arguments[0]) for item in value)
        if hint is bool and kind is str:
            return {**dict.fromkeys(TRUE, True), **dict.fromkeys(FALSE, False)}[value.lower()]
        if hint is bool and kind in (bool, int):
            return bool(value)
        if (hint is int and kind in (int, str)) or (hint is float and kind in (int, float, str)):
            return hint(value)
        if hint is str and kind in NAMES:
            return str(value)
        if hint is Any or kind is hint:
            return value
    except (StopIteration, KeyError, ValueError, OverflowError):  # the last of a whole number too large for a float
        pass
    raise ValueError(f"must be {_named(hint)}, got {'null' if value is None else repr(value)}")


def defaults(cls: type) -> dict[str, Any]:
    """The default of every field of a settings' class, lists for tuples; raises SettingsError for a field without one,
    or of a type that no setting can have.
    """
    hints = typing.get_type_hints(cls)
    found = {}
    for field in dataclasses.fields(cls):
        value = field.default
        if value is dataclasses.MISSING:
            if field.default_factory is dataclasses.MISSING:
                raise SettingsError(f"{cls.__name__}.{field.name} has no default; every setting of a method needs one")
            value = field.default_factory()
        if not _is_known(hints[field.name]):
            raise SettingsError(
                f"setting {field.name} has type {hints[field.name]}; settings are int, float, bool, str, Literal,"
                " tuple[X, ...] or X | None"
            )
        found[field.name] = list(value) if isinstance(value, tuple) else value
    return found


def _is_known(hint: Any) -> bool:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        return _is_known(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return len(arguments) == 2 and arguments[1] is types.NoneType and _is_known(arguments[0])
    return origin is Literal or hint in NAMES


def _named(hint: Any) -> str:
    """A type in words."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if origin is tuple:
        return f"a list, each item {_named(arguments[0])}"
    if origin in (typing.Union, types.UnionType):
        return f"{_named(arguments[0])} or null"
    return NAMES.get(hint, getattr(hint, "__name__", str(hint)))
