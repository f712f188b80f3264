"""The check of plain data from a file against the dataclass that it is made into: the home of pydantic."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, TypeVar

from genbench.errors import GenbenchError

T = TypeVar("T")

LARGEST = 2**63 - 1
"""Of whole numbers: what a column of a table can hold."""


def made(cls: type[T], plain: Mapping[str, Any], place: str, remedy: str) -> T:
    """An object of a dataclass from plain data, every field of the type that is declared: a text is no number.

    Raises GenbenchError that names the place, the first field that is wrong, what was got, and the remedy.
    """
    from pydantic import ValidationError

    kind: Any = cls
    try:
        checked = _model_of(kind).model_validate(dict(plain))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        got = "" if first["type"] == "missing" else f", got {_short(first['input'])}"
        raise GenbenchError(f"{place} is damaged: {where}: {first['msg'].lower()}{got}; {remedy}") from error
    return cls(**{name: getattr(checked, name) for name in type(checked).model_fields})


@cache
def _model_of(cls: Any) -> Any:
    """The dataclass as a strict model; whole numbers and clocks are neither negative nor too large for a table."""
    from pydantic import ConfigDict, Field, create_model

    hints = typing.get_type_hints(cls)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        if hint is int:
            hint = Annotated[int, Field(ge=field.metadata.get("least", 0), le=LARGEST)]
        if field.default_factory is not dataclasses.MISSING:
            fields[field.name] = (hint, Field(default_factory=field.default_factory))
        else:
            fields[field.name] = (hint, ... if field.default is dataclasses.MISSING else field.default)
    strict = ConfigDict(strict=True, extra="forbid", protected_namespaces=())
    return create_model(cls.__name__, __config__=strict, **fields)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
