"""Installed plugins: their names without importing them, one of them by name, and what is wrong with broken ones."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal

import pluggy

from genbench.config.settings import RESERVED
from genbench.contract import hooks
from genbench.errors import PluginError, UnknownNameError

Kind = Literal["methods", "datasets", "architectures", "metrics", "extractors", "observers"]
KINDS: tuple[Kind, ...] = ("methods", "datasets", "architectures", "metrics", "extractors", "observers")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
HOOKS = tuple(name for name in vars(hooks) if name.startswith("genbench_"))


@dataclass(frozen=True)
class Entry:
    """An installed name: what provides it, and why it cannot be used, if so."""

    kind: Kind
    name: str
    module: str
    origin: str
    variants: tuple[str, ...] = ()
    problem: str = ""


def installed(kind: Kind) -> list[Entry]:
    """Every installed name of a kind, sorted, from package metadata and source text only: nothing is imported.

    The names come from the entry-point group `genbench.<kind>`; variants of methods from `genbench.variants`, where
    each is listed as `method/variant`.
    """
    return list(_installed(kind, tuple(sys.path)))


def load(kind: Kind, name: str) -> Any:
    """The Method, Dataset, Architecture, Metric or Extractor of that name; for observers, the module's plugin manager.

    Raises UnknownNameError, or PluginError that says which distribution is broken and how.
    """
    entries = [entry for entry in installed(kind) if entry.name == name]
    if not entries:
        noun = kind.removesuffix("s")
        hint = "install a plugin that provides it" if kind == "methods" else ""
        raise UnknownNameError(noun, name, [entry.name for entry in installed(kind)], hint)
    entry = entries[0]
    if conflict := _conflict(kind, name, [entry.origin for entry in entries]):
        raise PluginError(f"{kind.removesuffix('s')} '{name}' {conflict}")
    manager = _manager(entry)
    if kind == "observers":
        return manager
    hook = getattr(manager.hook, f"genbench_{kind}")
    try:
        things = {thing.name: thing for answer in hook() for thing in answer}
    except Exception as error:  # whatever a plugin's hook raises is the plugin's fault and must be shown as such
        reason = f"{type(error).__name__}: {error}"
        raise PluginError(f"{entry.origin}: genbench_{kind}() in {entry.module} raises {reason}") from error
    if name not in things:
        provided = sorted(things) or "nothing"
        raise PluginError(
            f"{entry.origin} announces {kind.removesuffix('s')} '{name}', but genbench_{kind}() in {entry.module}"
            f" provides {provided}"
        )
    return things[name]


def choose(labels: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs (method, variant) from labels `method` or `method/variant`; raises UnknownNameError with a guess."""
    chosen = []
    for label in labels:
        name, _, variant = label.partition("/")
        method = load("methods", name)
        if "/" in label and variant not in method.variants:
            raise UnknownNameError(f"variant of {name}", variant, method.variants)
        chosen.append((name, variant))
    return chosen


@cache
def _installed(kind: Kind, path: tuple[str, ...]) -> tuple[Entry, ...]:
    everything = _entry_points(path)
    variants = [point.name for point in everything.select(group="genbench.variants")]
    points = sorted(everything.select(group=f"genbench.{kind}"), key=lambda point: (point.name, _origin(point)))
    found = []
    for point in points:
        same = [_origin(other) for other in points if other.name == point.name]
        own = sorted(name.partition("/")[2] for name in variants if name.startswith(f"{point.name}/"))
        found.append(Entry(kind, point.name, point.module, _origin(point), tuple(own), _problem(kind, point, same)))
    return tuple(found)


@cache
def _entry_points(path: tuple[str, ...]) -> Any:
    """All entry points of the environment; reading them again costs 40 ms."""
    return entry_points()


@cache
def _manager(entry: Entry) -> pluggy.PluginManager:
    """A plugin manager that holds just this entry's module, its hooks checked."""
    manager = pluggy.PluginManager("genbench")
    manager.add_hookspecs(hooks)
    try:
        module = importlib.import_module(entry.module)
    except Exception as error:  # whatever a plugin's import raises is the plugin's fault and must be shown as such
        raise PluginError(
            f"{entry.kind.removesuffix('s')} '{entry.name}' from {entry.origin} cannot be imported:"
            f" {type(error).__name__}: {error}"
        ) from error
    try:
        manager.register(module, name=entry.module)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        unknown = [name for name in vars(module) if name.startswith("genbench_") and name not in HOOKS]
        reason = UnknownNameError("hook", unknown[0], HOOKS) if unknown else " ".join(str(error).split())
        raise PluginError(f"{entry.origin}: {reason}") from error
    return manager


def _origin(point: EntryPoint) -> str:
    return _named(point.dist) if point.dist else "an unknown distribution"


@cache
def _named(distribution: Distribution) -> str:
    """Its name and version; for each of the two all of its metadata are parsed."""
    return f"{distribution.name} {distribution.version}"


def _problem(kind: Kind, point: EntryPoint, claimants: list[str]) -> str:
    """What can be seen to be wrong with an entry point without importing it, or an empty string."""
    if conflict := _conflict(kind, point.name, claimants):
        return conflict
    try:
        spec = importlib.util.find_spec(point.module)
    except Exception as error:  # to find a.b, Python imports a, which may raise anything
        return f"module {point.module} cannot be found: {type(error).__name__}: {error}"
    if spec is None or spec.origin is None:
        return f"module {point.module} cannot be found; reinstall {point.dist.name if point.dist else point.module}"
    if point.module.partition(".")[0] == "genbench":
        return ""
    return _problem_in_source(Path(spec.origin))


def _conflict(kind: Kind, name: str, claimants: list[str]) -> str:
    """Why nothing can be called by this name, or an empty string."""
    if len(claimants) > 1:
        return f"is claimed by {' and by '.join(claimants)}; uninstall all but one"
    if not NAME.fullmatch(name):  # names of files are made from it
        return (
            "has a name that could not stand in a file's; rename it: letters, digits, '.', '_' and '-', beginning with"
            " a letter or digit"
        )
    if kind == "methods" and name in RESERVED:
        return "has a name that is taken by the settings; rename it"
    return ""


def _problem_in_source(path: Path) -> str:
    """Why Python cannot compile a module, or an empty string; whether its import works is known when it is imported."""
    try:
        compile(path.read_bytes(), path.name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:  # the latter for a NUL in the source
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        return f"{type(error).__name__}: {error.args[0]} ({path.name}{line})"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    return ""
