"""One composed set of settings: what a sweep gives, and a trial is made of."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class Point(NamedTuple):
    """One composed set of settings, as plain nested mappings."""

    architecture: str
    settings: Mapping[str, Any]
    """What determines the numbers."""
    running: Mapping[str, Any]
    """What does not: devices, threads, how often to log and save."""
    swept: Mapping[str, Any]
    """The settings that a sweep varies, dotted name to value."""
    numerics: Mapping[str, int] = MappingProxyType({})
    """The numerics revisions of what it is composed for: see `Trial.numerics`."""
