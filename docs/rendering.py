"""Markdown from Python: tables, settings, the fields of a dataclass with the docstrings under them, signatures."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click
import source

from genbench.config.field import Cited
from genbench.config.overrides import literal
from genbench.config.settings import DataSettings, NetSettings

SETTINGS = (DataSettings, NetSettings)
"""Dataclasses whose fields are settings and have a page of their own."""
CODE = re.compile(r"(`[^`]*`)")


def prose(text: str | None) -> str:
    """A docstring as Markdown: its lines joined to paragraphs, characters of HTML outside code as themselves."""
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(text or ""))
    return "\n\n".join(escaped(" ".join(paragraph.split())) for paragraph in paragraphs)


def escaped(text: str) -> str:
    """Text in which `<` and `*` outside code stand for themselves."""
    return outside_code(text, {"<": "&lt;", "*": "\\*"})


def outside_code(text: str, replaced: Mapping[str, str]) -> str:
    """Text with some characters replaced, except those in code."""
    return "".join(
        part if part.startswith("`") else part.translate({ord(sign): instead for sign, instead in replaced.items()})
        for part in CODE.split(text)
    )


def sentence(text: str) -> str:
    """A phrase of the code as a separate sentence."""
    return f"{text[0].upper()}{escaped(text[1:])}{'' if text.endswith('.') else '.'}" if text else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; columns that are empty throughout are left out."""
    kept = [list(row) for row in rows]
    columns = [number for number in range(len(head)) if any(row[number] for row in kept)]
    lines = [[head[number] for number in columns], ["---"] * len(columns)]
    lines += [[outside_code(row[number], {"|": "\\|"}) for number in columns] for row in kept]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if kept else ""


def settings_table(
    config: type | Sequence[dataclasses.Field[Any]], prefix: str, hints: Mapping[str, Any] | None = None
) -> str:
    """The settings of a dataclass, or some of its fields: name, type and range, default, meaning, source."""
    fields = dataclasses.fields(config) if isinstance(config, type) else config
    hints = hints or typing.get_type_hints(config)
    rows = []
    for f in fields:
        mark = "" if f.metadata.get("numbers", True) else " †"
        kind = " ".join(filter(None, [kind_of(hints[f.name]), range_of(f.metadata)]))
        rows.append(
            [
                f"`{prefix}{f.name}`{mark}",
                kind,
                code(f.default),
                escaped(f.metadata.get("help", "")),
                escaped(f.metadata.get("source", "")),
            ]
        )
    return table(["setting", "type", "default", "meaning", "source"], rows)


def values_table(values: Mapping[str, Any]) -> str:
    """Settings that a layer lays over the defaults, each with its source."""
    return table(["setting", "value", "source"], _values(values, ""))


def layers_table(layers: Mapping[str, Mapping[str, Any]], head: str, prefix: str) -> str:
    """Several layers of settings: the names of those that are alike, then their settings."""
    alike: dict[str, list[str]] = {}
    for layer, values in layers.items():
        alike.setdefault(repr(values), []).append(layer)
    rows = []
    for names in alike.values():
        found = _values(layers[names[0]], prefix) or [["the defaults", "", ""]]
        rows += [
            [", ".join(f"`{name}`" for name in names) if number == 0 else "", *row] for number, row in enumerate(found)
        ]
    return table([head, "setting", "value", "source"], rows)


def code(value: Any) -> str:
    """A value as it is written on the command line."""
    written = literal(value)
    return f"`{written}`" if written else "empty"


def kind_of(hint: Any) -> str:
    """A setting's type in words."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin is tuple:
        return f"list of {kind_of(arguments[0])}"
    if origin in (typing.Union, types.UnionType):
        return " or ".join("none" if argument is type(None) else kind_of(argument) for argument in arguments)
    return str(hint.__name__)


def range_of(metadata: Mapping[str, Any]) -> str:
    """The range of a setting."""
    bounds = (("at_least", "≥"), ("above", ">"), ("below", "&lt;"))
    return ", ".join(f"{sign} {metadata[name]}" for name, sign in bounds if metadata.get(name) is not None)


def fields_table(config: type) -> str:
    """The fields of a dataclass, with the docstring that stands under each."""
    meanings = source.attribute_docs(config)
    rows = [[f"`{f.name}`", f"`{f.type}`", prose(meanings.get(f.name, ""))] for f in dataclasses.fields(config)]
    return table(["name", "type", "meaning"], rows)


def public(name: str, thing: Any) -> str:
    """A function or class as its user sees it: how it is called, what it does, and its public fields and methods."""
    parts = [f"## `{name}`"]
    if inspect.isfunction(thing):
        return "\n\n".join([*parts, signature(thing, name), prose(thing.__doc__)])
    parts.append(prose(thing.__doc__))
    has_fields = not issubclass(thing, SETTINGS) and dataclasses.is_dataclass(thing)
    parts.append(fields_table(thing) if has_fields else "")
    rows = []
    for key, value in vars(thing).items():
        function = getattr(value, "fget", None) or getattr(value, "func", None) or getattr(value, "__func__", value)
        if not key.startswith("_") and inspect.isfunction(function) and function.__doc__:
            call = (
                f".{key}"
                if function is not getattr(value, "__func__", value)
                else f".{key}({source.arguments(function, own=True)})"
            )
            rows.append([f"`{call}`", prose(function.__doc__).replace("\n\n", " ")])
    parts.append(table(["", "what it gives"], rows))
    return "\n\n".join(filter(None, parts))


def signature(function: Callable[..., Any], name: str = "") -> str:
    """How a function is called, as a block of code; a long one has a line for each parameter."""
    definition = source.definition(function)
    returns = f" -> {ast.unparse(definition.returns)}" if definition.returns else ""
    inside = source.arguments(function)
    if len(inside) > 80:
        inside = "".join(f"\n    {part}," for part in re.split(r", (?=\w+:|\*)", inside)) + "\n"
    return f"```text\n{name or function.__name__}({inside}){returns}\n```"


def command(name: str, found: click.Command) -> str:
    """A command of the command line: its usage, what it does, its options, its examples."""
    context = click.Context(found, info_name=f"genbench {name}")
    usage = " ".join([f"genbench {name}", *found.collect_usage_pieces(context)])
    rows = []
    for parameter in (one for one in found.params if isinstance(one, click.Option)):
        names, words = parameter.get_help_record(context) or ("", "")
        meaning, _, notes = words.partition("  [")
        default = re.match(r"default: ([^]]*?)(?:; [\d<=]*x[<=>\d]*)?\]", notes)
        rows.append(
            [f"`{names.replace('INTEGER RANGE', 'N')}`", escaped(meaning), escaped(default[1]) if default else ""]
        )
    parts = [f"## `genbench {name}`", f"```text\n{usage}\n```", prose(found.help)]
    parts += [table(["option", "meaning", "default"], rows)]
    if found.epilog:
        parts.append(f"```text\n{textwrap.dedent(found.epilog.removeprefix(chr(8))).strip()}\n```")
    return "\n\n".join(filter(None, parts))


def _values(values: Mapping[str, Any], prefix: str) -> list[list[str]]:
    cited = {name: value if isinstance(value, Cited) else Cited(value, "") for name, value in values.items()}
    return [[f"`{prefix}{name}`", code(value.value), escaped(value.source)] for name, value in cited.items()]
