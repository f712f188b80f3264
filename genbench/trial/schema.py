"""Plain data from a file against the dataclass that it is made into: checked, and put into sections.

pydantic does the same and takes 0.4 to 1.3 seconds to be imported and to build its models, in every command and every
worker: more than the rest of `genbench status`.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypeVar

from genbench.errors import GenbenchError

T = TypeVar("T")

LARGEST = 2**63 - 1
"""Of whole numbers: what a column of a table can hold."""
LATEST = 253_402_300_799
"""The last second of the year 9999, counted from 1970."""
NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", types.NoneType: "null"}


def made(cls: type[T], plain: Mapping[str, Any], place: str, remedy: str) -> T:
    """An object of a dataclass from plain data, every field of the type that is declared: a text is no number.

    Whole numbers are neither negative, unless the field's metadata says `signed`, nor too large for a table; a field
    that is a single number is a time, a rate or an amount, and has their range. Raises GenbenchError that names the
    place, the first field that is wrong, what was got, and the remedy.
    """
    kind: Any = cls
    fields = _fields(kind)
    wrong = [f"{name}: there is no such field" for name in plain if name not in fields]
    for name, (hint, signed, needed) in fields.items():
        if name in plain:
            problem = _problem(plain[name], hint, name, signed=signed)
            if not problem and hint is float and not 0 <= plain[name] <= LATEST:
                problem = f"{name}: a number from 0 to {LATEST:,} was expected, got {_short(plain[name])}"
            wrong += [problem] if problem else []
        elif needed:
            wrong.append(f"{name}: it is missing")
    if wrong:
        raise GenbenchError(f"{place} is damaged: {wrong[0]}; {remedy}")
    return cls(**plain)


def sections(row: Mapping[str, Any], names: Sequence[str], place: str, remedy: str) -> dict[str, dict[str, Any]]:
    """The nested mappings of which the dotted keys of a flat row are the leaves: `settings.train.batch` in `settings`.

    Keys of other sections are left out. Raises GenbenchError where a key is a section and a value.
    """
    nested: dict[str, dict[str, Any]] = {name: {} for name in names}
    for key, value in row.items():
        above, _, name = key.rpartition(".")
        if above.partition(".")[0] not in nested:
            continue
        node: Any = nested
        for section in above.split("."):
            node = node.setdefault(section, {})
            if not isinstance(node, dict):
                raise GenbenchError(f"{place} is damaged: {key} is in no section; {remedy}")
        if isinstance(node.get(name), dict):
            raise GenbenchError(f"{place} is damaged: {key} is a section and a value; {remedy}")
        node[name] = value
    return nested


@cache
def _fields(cls: Any) -> dict[str, tuple[Any, bool, bool]]:
    """The fields of a dataclass by name: the type, whether it may be negative, whether it must be there."""
    hints, missing = typing.get_type_hints(cls), dataclasses.MISSING
    return {
        field.name: (
            hints[field.name],
            field.metadata.get("signed", False),
            field.default is missing and field.default_factory is missing,
        )
        for field in dataclasses.fields(cls)
    }


def _problem(value: Any, hint: Any, where: str, *, signed: bool = False) -> str:
    """Where a value is not of a type, and what it is instead; empty where it is."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        problems = [_problem(value, argument, where, signed=signed) for argument in arguments]
        return "" if "" in problems else problems[0]
    inner: list[str] = []
    if hint is Any:
        fits = True
    elif origin is Literal:
        fits = isinstance(value, str) and value in arguments
    elif typing.is_typeddict(hint):
        hints = _typed(hint)
        fits = isinstance(value, dict) and set(value) == set(hints)
        inner = [_problem(value[key], own, f"{where}.{key}", signed=True) for key, own in hints.items()] if fits else []
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        fits = isinstance(value, dict)
        pairs = value.items() if fits else ()
        inner = [
            _problem(key, arguments[0], where) or _problem(it, arguments[1], f"{where}.{key}") for key, it in pairs
        ]
    elif isinstance(origin, type) and issubclass(origin, Sequence):
        fits = isinstance(value, list | tuple)
        inner = [_problem(it, arguments[0], where, signed=True) for it in value] if fits else []
    elif hint is int:
        fits = type(value) is int and (-LARGEST if signed else 0) <= value <= LARGEST
    else:
        fits = type(value) in ((int, float) if hint is float else (hint,))
    if not fits:
        return f"{where}: {_named(hint, signed=signed)} was expected, got {_short(value)}"
    return next(filter(None, inner), "")


@cache
def _typed(hint: Any) -> dict[str, Any]:
    return typing.get_type_hints(hint)


def _named(hint: Any, *, signed: bool) -> str:
    """A type in words."""
    if typing.get_origin(hint) is Literal:
        return f"one of {', '.join(typing.get_args(hint))}"
    if hint is int and not signed:
        return "a whole number from 0 up"
    return NAMES.get(hint, "a list" if "Sequence" in str(hint) or "list" in str(hint) else "a mapping")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
