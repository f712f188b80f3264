"""Overrides: the `key=value` words of the command line, in Hydra's grammar; a word that cannot be read is named."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from genbench.errors import SettingsError

MOST_VALUES = 10_000
"""Of one setting's sweep, and combinations of all: what is more than that was typed by mistake."""
SHOWN = 100
"""Characters of a word that a message quotes."""


class Override(NamedTuple):
    """One `key=value` of the command line; more than one value is a sweep."""

    key: str
    values: tuple[Any, ...]

    @property
    def is_sweep(self) -> bool:
        """Whether it has more than one value."""
        return len(self.values) > 1


def parse(words: Iterable[str | Override]) -> list[Override]:
    """Overrides in Hydra's grammar: `train.batch=200`, `gram.lr=1e-4,5e-5`, `net.latent=range(2,5)`.

    An Override among the words is taken as it is. Raises SettingsError for anything that is not `key=value`.
    """
    overrides = [word if isinstance(word, Override) else _parsed(word) for word in words]
    keys = [override.key for override in overrides]
    for key in keys:
        if keys.count(key) > 1:
            raise SettingsError(f"'{key}' is set {keys.count(key)} times; set it once, or sweep: {key}=a,b")
    return overrides


def _parsed(word: str) -> Override:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    shown = word if len(word) <= SHOWN else f"{word[:SHOWN]}…"
    if not word.partition("=")[0] or "=" not in word:
        raise SettingsError(f"cannot read '{shown}': an override is written key=value, as in train.batch=200")
    try:
        override = OverridesParser.create().parse_override(word)
        if override.is_add() or override.is_force_add() or override.is_delete() or override.package is not None:
            raise SettingsError(
                f"cannot read '{shown}': settings can be changed, not added, removed or moved; write key=value"
            )
        values = _values(override, shown)
    except (
        HydraException,
        ValueError,
        ArithmeticError,
        RecursionError,
    ) as error:  # numbers too long for Python, ranges to nan, a thousand brackets
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SettingsError(
            f"cannot read '{shown}': {reason}; a text with special characters is written key='text'"
        ) from error
    return Override(override.key_or_group, tuple(values))


def _values(override: Any, shown: str) -> list[Any]:
    """The values of an override as it was read: one, or those of a sweep."""
    if not override.is_sweep_override():
        return [override.value()]
    if override.is_range_sweep():
        sweep = override.value()
        if not sweep.step or not (sweep.stop - sweep.start) / sweep.step <= MOST_VALUES:
            raise SettingsError(f"'{shown}' sweeps over more than {MOST_VALUES:,} values")
    values = [_unquoted(value) for value in override.sweep_iterator()]
    if not values:
        raise SettingsError(f"'{shown}' sweeps over no value at all")
    return values


def _unquoted(value: Any) -> Any:
    """A value of a sweep with the texts in it as plain strings; Hydra does that for single values only."""
    from hydra.core.override_parser.types import QuotedString

    if isinstance(value, QuotedString):
        return value.text
    return [_unquoted(item) for item in value] if isinstance(value, list) else value
