"""Reading YAML strictly: a key that is there twice, an unknown key and a value of another type are each said in one
line; the home of yaml.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Hashable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

import yaml

from genbench import files
from genbench.errors import SettingsError, UnknownNameError

LARGEST, MOST_NODES = 2**17, 50_000
"""Bytes of a file, and values in it, those that an alias stands for counted wherever it stands: 400 bytes of aliases of
aliases may mean a million values."""
LARGEST_WHOLE = 2**63 - 1
LONGEST_TEXT, MOST_TEXTS, MOST_WHOLES = 10_000, 1_000, 10_000
"""Characters of a text, and items of a list."""
LONGEST = 60
"""Characters of a value in a message."""
MERGE, BOOL, TEXT = "tag:yaml.org,2002:merge", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:str"

T = TypeVar("T")


def read_yaml(path: Path) -> Any:
    """What a YAML file holds; raises SettingsError that names the file and the line."""
    try:
        return _loaded(files.read_text(path, most=LARGEST))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SettingsError(f"{path}{line}: {error.problem or error.context}") from error
    except (
        yaml.YAMLError,
        ValueError,
        OverflowError,
        RecursionError,
    ) as error:  # bytes that are no text, an impossible date, a number too large for a float, a thousand brackets
        raise SettingsError(f"{path} cannot be read: {' '.join(str(error).split())}") from error


class Node:
    """A value of a document and where it stands there; what it is not, it says in one line."""

    def __init__(self, value: Any, path: Path, trail: str = "") -> None:
        self.value = value
        self._path, self._trail = path, trail

    def mapping(self, *, required: Sequence[str] = (), optional: Sequence[str] = ()) -> dict[str, Node]:
        """Its values by key; every key must be known and every required one there."""
        node = self.open_mapping()
        for key in node:
            if key not in (*required, *optional):
                self.fail(str(UnknownNameError("key", key, (*required, *optional))))
        for key in required:
            if key not in node:
                self.fail(f"the key '{key}' is missing")
        return node

    def open_mapping(self) -> dict[str, Node]:
        """Its values by key, whatever the keys are called."""
        if not isinstance(self.value, dict):
            self.refuse("keys and values")
        for key in self.value:
            if not isinstance(key, str):
                self.fail(f"the key '{key}' is no text; write it in quotes")
        return {key: Node(value, self._path, f"{self._trail}.{key}".lstrip(".")) for key, value in self.value.items()}

    def sequence(self, what: str, *, at_most: int = MOST_NODES) -> list[Node]:
        """Its items, of which `what` is the plural."""
        if not isinstance(self.value, list):
            self.refuse(f"a list of {what}")
        if len(self.value) > at_most:
            self.fail(f"expected at most {at_most:,} {what}, got {len(self.value):,}")
        return [Node(value, self._path, f"{self._trail}[{number}]") for number, value in enumerate(self.value)]

    def text(self) -> str:
        """A text that is not empty; line breaks in it are spaces."""
        if not isinstance(self.value, str) or not self.value.strip():
            self.refuse("a text")
        if len(self.value) > LONGEST_TEXT:
            self.refuse(f"a text of at most {LONGEST_TEXT:,} characters")
        return " ".join(self.value.split())

    def texts(self) -> tuple[str, ...]:
        """Texts, none of them twice."""
        return self._once(tuple(node.text() for node in self.sequence("texts", at_most=MOST_TEXTS)))

    def whole(self, *, at_least: int = 0) -> int:
        """A whole number from `at_least`."""
        if type(self.value) is not int or self.value < at_least:
            self.refuse(f"a whole number from {at_least}")
        return self.value

    def wholes(self) -> tuple[int, ...]:
        """Whole numbers from 0, none of them twice."""
        return self._once(tuple(node.whole() for node in self.sequence("whole numbers", at_most=MOST_WHOLES)))

    def number(self) -> float:
        """A number."""
        if type(self.value) not in (int, float) or not math.isfinite(self.value):
            self.refuse("a number")
        return float(self.value)

    def choices(self) -> tuple[Any, ...]:
        """The values of a setting: one, or those of a list, of which an item may be a list itself."""
        values = self.value if isinstance(self.value, list) else [self.value]
        if not values:
            self.refuse("a value, or a list of those to try")
        for value in values:
            for item in value if isinstance(value, list) else [value]:
                if not (item is None or isinstance(item, bool | int | float | str)):
                    self.refuse(
                        "a value, or a list of those to try; a setting that is a list itself is written [[a, b]]"
                    )
        return tuple(values)

    def refuse(self, expected: str) -> NoReturn:
        """Raise SettingsError that says what was expected and what is there."""
        shown = "nothing" if self.value is None else f"'{self.value}'"
        self.fail(f"expected {expected}, got {shown if len(shown) <= LONGEST else shown[:LONGEST] + '…'}")

    def fail(self, problem: str) -> NoReturn:
        """Raise SettingsError that says where the problem is."""
        raise SettingsError(f"{self._path}: {self._trail}{': ' if self._trail else ''}{problem}")

    def _once(self, values: tuple[T, ...]) -> tuple[T, ...]:
        for value, count in Counter(values).items():
            if count > 1:
                self.fail(f"'{value}' is there twice")
        if not values:
            self.refuse("at least one")
        return values


def _loaded(text: str) -> Any:
    """What a text holds, by libyaml's parser where PyYAML has it, which is ten times as fast; what that one does not
    take is for PyYAML's own to refuse, whose messages are better.
    """
    if _Fast is not None:
        with suppress(yaml.YAMLError, ValueError, OverflowError, RecursionError):
            return yaml.load(text, _Fast)
    return yaml.load(text, _Loader)


class _Strict(yaml.composer.Composer, yaml.constructor.SafeConstructor):
    """Plain data, in which a key that is there twice is an error, and so is an alias that stands for too much."""

    def _begin(self) -> None:
        self._sizes: dict[yaml.Node, int] = {}
        """Values in each value that has been composed."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """The next value, whose size is known from then on."""
        event = cast(Any, self).peek_event()  # the parser's, of one or the other
        node = super().compose_node(parent, index)
        if node is None:
            return None
        if not isinstance(event, yaml.AliasEvent):
            parts = node.value if isinstance(node, yaml.CollectionNode) else ()
            pairs = [one for part in parts for one in (part if isinstance(part, tuple) else (part,))]
            self._sizes[node] = 1 + sum(self._sizes[one] for one in pairs)
        elif node not in self._sizes:
            raise yaml.composer.ComposerError(None, None, "a value that holds itself", node.start_mark)
        if max(self._sizes[node], len(self._sizes)) > MOST_NODES:
            problem = f"more than {MOST_NODES:,} values, aliases written out"
            raise yaml.composer.ComposerError(None, None, problem, node.start_mark)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """The keys and values of a mapping."""
        seen = set()
        for key, _ in node.value:
            if key.tag == BOOL:  # YAML 1.1 takes the key `on` for true
                key.tag = TEXT
            name = key.value if key.tag == MERGE else self.construct_object(key, deep=True)
            if not isinstance(name, Hashable):
                continue  # which is refused below
            if name in seen:
                raise yaml.constructor.ConstructorError(None, None, f"'{name}' is there twice", key.start_mark)
            seen.add(name)
        plain: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return plain


class _Loader(_Strict, yaml.SafeLoader):
    """The same from PyYAML's own parser."""

    def __init__(self, stream: str) -> None:
        yaml.SafeLoader.__init__(self, stream)
        self._begin()


_Fast: Any = None
if yaml.__with_libyaml__:

    class _FromLibyaml(_Strict, yaml.CSafeLoader):
        """The same from libyaml's."""

        def __init__(self, stream: str) -> None:
            yaml.CSafeLoader.__init__(self, stream)
            yaml.composer.Composer.__init__(self)
            self._begin()

    _Fast = _FromLibyaml


def _whole(loader: _Strict, node: yaml.ScalarNode) -> int:
    """A whole number in decimal digits: YAML 1.1 takes 010 for 8 and 1:30 for 90, and hardly anybody means that."""
    if not re.fullmatch(r"[-+]?(0|[1-9][0-9_]*)", node.value):
        problem = f"{node.value[:LONGEST]} is no plain number; write it in decimal digits, or as a text in quotes"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    value: int = loader.construct_yaml_int(node)
    if abs(value) > LARGEST_WHOLE:
        raise yaml.constructor.ConstructorError(None, None, "a whole number beyond 2^63", node.start_mark)
    return value


def _number(loader: _Strict, node: yaml.ScalarNode) -> float:
    """A number as everybody writes it: 1:30.5 is none."""
    if ":" in node.value:
        problem = f"{node.value[:LONGEST]} is no plain number; write it in decimal digits, or as a text in quotes"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    value: float = loader.construct_yaml_float(node)
    return value


_one: Any
for _one in filter(None, (_Loader, _Fast)):
    _one.add_constructor("tag:yaml.org,2002:int", _whole)
    _one.add_constructor("tag:yaml.org,2002:float", _number)
    # YAML 1.1 takes 1e-4 for a text, for it has no point.
    _one.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+$"), list("-+0123456789")
    )
