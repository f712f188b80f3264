"""Settings as nested mappings of plain values: split by whether they determine the numbers, merged, flattened."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from genbench.config.settings import Settings


def split(settings: Settings) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings as nested plain mappings: what determines the numbers, and what does not.

    A setting that was added later is in neither while it has its default.
    """

    def part(node: Any, numbers: bool) -> dict[str, Any]:
        chosen: dict[str, Any] = {}
        for f in dataclasses.fields(node):
            value = getattr(node, f.name)
            if dataclasses.is_dataclass(value):
                chosen[f.name] = part(value, numbers)
            elif f.metadata.get("numbers", True) is numbers and not (f.metadata.get("later") and value == f.default):
                chosen[f.name] = list(value) if isinstance(value, tuple) else value
        return chosen

    return part(settings, True), part(settings, False)


def merge(numbers: Mapping[str, Any], running: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `split`: one nested mapping from the two."""
    merged = dict(numbers)
    for key, value in running.items():
        before = merged.get(key, {})
        merged[key] = {**before, **value} if isinstance(value, Mapping) and isinstance(before, Mapping) else value
    return merged


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one level of dotted names."""
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
