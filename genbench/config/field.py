"""A setting, as a field of a dataclass: its meaning, range and source; and values that name where they come from."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from genbench.errors import SettingsError

LARGEST = 2**63 - 1
"""Of whole numbers, as torch has them."""


class Cited(NamedTuple):
    """A value and where it comes from."""

    value: Any
    source: str


def cite(value: Any, source: str) -> Cited:
    """A value for `presets`, `variants` or a data set's defaults, with its source: `cite(5e-5, "Li et al. 2017")`."""
    return Cited(value, source)


def cited(source: str, **values: Any) -> dict[str, Cited]:
    """Several values that share a source: `cited("paper, app. A.1", lr=1e-3, features=10)`."""
    return {name: Cited(value, source) for name, value in values.items()}


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without their sources."""
    return {key: value.value if isinstance(value, Cited) else value for key, value in settings.items()}


def setting(
    default: Any,
    help: str,
    *,
    source: str = "",
    at_least: float | None = None,
    above: float | None = None,
    below: float | None = None,
    numbers: bool = True,
    later: bool = False,
) -> Any:
    """A dataclass field with a meaning, a source and a range; `genbench show` prints them.

    numbers: whether the value can change a trial's numbers; if not, it stays out of the trial's id. later: whether it
    was added once there were trials; at its default, which must never change, it stays out of the id, too, so that the
    ids of those trials are what they were.
    """
    metadata = {
        "help": help,
        "source": source,
        "at_least": at_least,
        "above": above,
        "below": below,
        "numbers": numbers,
        "later": later,
    }
    return dataclasses.field(default=default, metadata=metadata)


def check_range(name: str, value: Any, metadata: Mapping[str, Any]) -> None:
    """Raise SettingsError where a value, or one of several, is not finite or leaves the range of its field."""
    low, above, below = (metadata.get(bound) for bound in ("at_least", "above", "below"))
    for item in value if isinstance(value, tuple) else (value,):
        if not isinstance(item, int | float):
            continue
        if isinstance(item, float) and not math.isfinite(item):
            raise SettingsError(f"{name} must be finite, got {item}")
        if isinstance(item, int) and abs(item) > LARGEST:
            raise SettingsError(f"{name} must lie between -2^63 and 2^63, got {item}")
        if low is not None and item < low:
            raise SettingsError(f"{name} must be at least {low}, got {item}")
        if above is not None and item <= above:
            raise SettingsError(f"{name} must be above {above}, got {item}")
        if below is not None and item >= below:
            raise SettingsError(f"{name} must be below {below}, got {item}")


def describe(config: type) -> Iterator[tuple[str, Any, str, str]]:
    """(name, default, meaning, source) of every setting of a dataclass."""
    for f in dataclasses.fields(config):
        yield f.name, f.default, f.metadata.get("help", ""), f.metadata.get("source", "")
