"""Mutants of a plugin: its modules with one sign, factor, number, order or detach changed in what a step comes to."""

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

from genbench.contract import registry
from genbench.contract.trainer import Method

OPPOSITE: dict[type, type] = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}

ACTS = ("next", "noise", "uniform", "normal", "descend")


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change, in words; where it is; and what it makes of the source of its module."""

    module: str
    function: str
    line: int
    what: str
    source: str

    @property
    def name(self) -> str:
        return f"{self.module}.{self.function}: {self.what}"


def folder_of(method: str) -> Path:
    return Path(inspect.getfile(registry.load("methods", method).trainer)).parent


def sources(method: str) -> dict[str, str]:
    """The modules of a method's plugin, the main one last."""
    main = registry.load("methods", method).trainer.__module__
    names = sorted((path.stem for path in folder_of(method).glob(f"{main}*.py")), key=lambda name: name == main)
    return {name: (folder_of(method) / f"{name}.py").read_text() for name in names}


def loaded(modules: dict[str, str]) -> Method:
    """The method of a plugin's sources; nobody else sees them."""
    with patch.dict(sys.modules):
        for name, source in modules.items():
            sys.modules[name] = module = ModuleType(name)
            exec(compile(source, f"<{name}>", "exec"), vars(module))
        return module.METHOD


def mutants(method: str) -> Iterator[Mutant]:
    """All of them, in the order of the source."""
    trees = {name: ast.parse(source) for name, source in sources(method).items()}
    reached = functions_of_a_step(trees)
    for name, tree in trees.items():
        for place, (function, node, parent) in enumerate(_nodes(tree)):
            for number in range(len(_changes(node, parent))) if function in reached else ():
                changed = deepcopy(tree)
                what, line, change = _changes(*list(_nodes(changed))[place][1:])[number]
                change()
                yield Mutant(
                    module=name,
                    function=function,
                    line=line,
                    what=what,
                    source=ast.unparse(changed),
                )


def functions_of_a_step(trees: dict[str, ast.Module]) -> set[str]:
    """The names of the functions that a trainer's step and its making come to, by the names that are in them."""
    named = {
        node.name: {one.id if isinstance(one, ast.Name) else one.attr for one in ast.walk(node) if _is_name(one)}
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    reached, left = set(), {"step", "__init__"}
    while left:
        reached |= left
        left = {name for one in left for name in named[one] if name in named} - reached
    return reached


def _is_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Name | ast.Attribute)


def _nodes(tree: ast.Module) -> Iterator[tuple[str, ast.AST, ast.AST]]:
    """What is in the bodies of functions, with the name of the outermost function and with what it is part of."""
    for function in (node for parent in tree.body for node in [parent, *getattr(parent, "body", [])]):
        if isinstance(function, ast.FunctionDef):
            yield function.name, function, function
            for parent in (node for statement in function.body for node in ast.walk(statement)):
                for node in ast.iter_child_nodes(parent):
                    yield function.name, node, parent


def _changes(node: ast.AST, parent: ast.AST) -> list[tuple[str, int, Callable[[], None]]]:
    """What may be done to a node, in words; the line of it; and what does it."""
    line, change = getattr(node, "lineno", 0), partial(setattr, node)
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPPOSITE:
        other = OPPOSITE[type(node.op)]()
        return [(f"{ast.unparse(node)} with {type(other).__name__}", line, partial(change, "op", other))]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return [(f"{ast.unparse(node)} with its sign dropped", line, partial(change, "op", ast.UAdd()))]
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        twice = 2 * node.value or 1
        return [(f"{_short(parent)} with {twice} for {node.value}", line, partial(change, "value", twice))]
    if isinstance(node, ast.Attribute) and node.attr == "detach":
        return [(f"{ast.unparse(node.value)} not detached", line, partial(change, "attr", "clone"))]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("descend"):
        pairs = [pair for pair in node.args if isinstance(pair, ast.Tuple)]
        return [(f"ascend {ast.unparse(pair.elts[1])}", line, partial(_negate, pair)) for pair in pairs]
    return [
        (f"{_short(one)} after {_short(other)}", one.lineno, partial(_swap, body, place))
        for body in (getattr(node, field, []) for field in ("body", "orelse"))
        if isinstance(body, list)
        for place, (one, other) in enumerate(pairwise(body))
        if _tied(one, other)
    ]


def _tied(one: ast.stmt, other: ast.stmt) -> bool:
    """Whether the order of two statements may matter: one changes what the other reads or changes, both act on the
    world, or one of them returns. A docstring has no order.
    """
    if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant):
        return False
    (reads, changes, acts), (others, changed, too) = (_deeds(statement) for statement in (one, other))
    leaves = any(isinstance(node, ast.Return) for node in ast.walk(one))
    return bool(changes & (others | changed) or changed & reads or (acts and too) or leaves)


def _deeds(statement: ast.stmt) -> tuple[set[str], set[str], bool]:
    """The names that a statement reads, those that it changes, and whether it calls what draws, takes or moves."""
    reads, changes, acts = set(), set(), isinstance(statement, ast.Return)
    for node in ast.walk(statement):
        if isinstance(node, ast.Name | ast.Attribute):
            (reads if isinstance(node.ctx, ast.Load) else changes).add(ast.unparse(node))
        elif isinstance(node, ast.Call):
            last = ast.unparse(node.func).rpartition(".")[2]
            acts = acts or last in ACTS or ast.unparse(node.func).startswith(("self.", "critic"))
            if last.endswith("_"):
                changes |= {ast.unparse(one) for one in ast.walk(node.func) if isinstance(one, ast.Name)}
    return reads, changes, acts


def _short(node: ast.AST) -> str:
    return ast.unparse(node).partition("\n")[0]


def _negate(pair: ast.Tuple) -> None:
    pair.elts[1] = ast.UnaryOp(op=ast.USub(), operand=pair.elts[1])


def _swap(body: list[ast.stmt], place: int) -> None:
    body[place : place + 2] = reversed(body[place : place + 2])
