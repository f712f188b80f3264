"""What the source of a plugin says of it without being imported: the names of the settings that it has."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from genbench.contract.registry import Entry


def setting_names(entry: Entry) -> list[str]:
    """The settings of a method, data set or architecture that the class in its `config=` has itself; none where that
    cannot be seen, as for a class that another module has.
    """
    try:
        spec = importlib.util.find_spec(entry.module)
        tree = ast.parse(Path(spec.origin).read_bytes()) if spec and spec.origin else ast.Module([], [])
    except Exception:  # whatever finding or reading a stranger's module raises: it has then no names to tell
        return []
    wanted = set(_configs(tree, entry.name)) or set(_configs(tree, None))
    return [
        field.target.id
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name in wanted
        for field in node.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    ]


def _configs(tree: ast.Module, name: str | None) -> Iterator[str]:
    """The classes that are given as `config=`, of the thing of that name or of all."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            given = {word.arg: word.value for word in node.keywords}
            config, own = given.get("config"), given.get("name")
            is_own = name is None or (isinstance(own, ast.Constant) and own.value == name)
            if isinstance(config, ast.Name) and is_own:
                yield config.id
