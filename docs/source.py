"""What the source says beyond the objects it makes: docstrings under attributes, parameters as they are written, keys
of mappings.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any


def attribute_docs(config: type) -> dict[str, str]:
    """The docstrings under the attributes of a class, by name."""
    body = next(
        node.body
        for node in _module(inspect.getfile(config)).body
        if isinstance(node, ast.ClassDef) and node.name == config.__name__
    )
    return {target.id: doc for statement, doc in _documented(body) for target in _names(statement)}


def constants_doc(path: str, name: str) -> tuple[list[str], str]:
    """All names of the assignment at a module's top in which a constant is, and the docstring under it."""
    for statement, doc in _documented(_module(path).body):
        names = [target.id for target in _names(statement)]
        if name in names:
            return names, doc
    raise KeyError(name)


def definition(function: Callable[..., Any]) -> ast.FunctionDef:
    """A function as it is written."""
    written = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(written, ast.FunctionDef)
    return written


def arguments(function: Callable[..., Any], *, own: bool = False) -> str:
    """A function's parameters as its source has them; own: without the first, which is `self` or `cls`."""
    written = ast.unparse(definition(function).args)
    return written.partition(", ")[2] if own else written


def mapping_calls(path: str, function: str) -> Iterator[tuple[list[str], list[str]]]:
    """The keys, required and optional, of every call `.mapping(required=…, optional=…)` in a function, in the order of
    its lines.
    """
    body = next(node for node in _module(path).body if isinstance(node, ast.FunctionDef) and node.name == function)
    calls = [
        node
        for node in ast.walk(body)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "mapping"
    ]
    for call in sorted(calls, key=lambda node: node.lineno):
        keys = {keyword.arg: list(ast.literal_eval(keyword.value)) for keyword in call.keywords}
        yield keys.get("required", []), keys.get("optional", [])


@cache
def _module(path: str) -> ast.Module:
    return ast.parse(Path(path).read_text(encoding="utf-8"))


def _documented(body: Sequence[ast.stmt]) -> Iterator[tuple[ast.stmt, str]]:
    """Every assignment that has a docstring under it."""
    for statement, after in pairwise(body):
        if (
            isinstance(statement, ast.Assign | ast.AnnAssign)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            yield statement, str(after.value.value)


def _names(statement: ast.stmt) -> list[ast.Name]:
    targets = (
        statement.targets
        if isinstance(statement, ast.Assign)
        else [statement.target]
        if isinstance(statement, ast.AnnAssign)
        else []
    )
    flat = [element for target in targets for element in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return [target for target in flat if isinstance(target, ast.Name)]
