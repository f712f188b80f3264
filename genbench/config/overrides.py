"""Overrides: the `key=value` words of the command line, in Hydra's grammar; what is wrong with one is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from genbench.errors import SettingsError
from genbench.errors.shown import one_line

MOST_VALUES = 10_000
"""Of one setting's sweep, and combinations of all: what is more than that was typed by mistake."""
LONGEST_WORD, LONGEST_TEXT = 10_000, 4096
"""Characters of one `key=value`, for Hydra's time grows with their square, and of a text in it."""
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
    for key, count in Counter(override.key for override in overrides).items():
        if count > 1:
            raise SettingsError(f"'{key}' is set {count} times; set it once, or sweep: {key}=a,b")
    return overrides


def literal(value: Any) -> str:
    """A setting's value as it is written on the command line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{','.join(map(literal, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def check(key: str, value: Any) -> None:
    """Raise SettingsError for a value of a setting that refers to anything else, or that is too long.

    Hydra and OmegaConf would put the value of another setting, of a variable of the environment or of a file in the
    place of `${...}`: a secret would end up in the records of a study that somebody else has written. So nothing that
    holds one comes to them, whether it is escaped or not.
    """
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and "${" in one:
            raise SettingsError(
                f"{key}: '{one}' refers to another value by ${{...}}, and genbench looks nothing up in the environment"
                " or elsewhere; write the value itself"
            )
        if isinstance(one, str) and len(one) > LONGEST_TEXT:
            raise SettingsError(f"{key}: a text of {len(one):,} characters; write at most {LONGEST_TEXT:,}")
        if isinstance(one, list | tuple | Mapping):
            if len(one) > MOST_VALUES:
                raise SettingsError(f"{key}: a list of {len(one):,} values; write at most {MOST_VALUES:,}")
            waiting += [*one, *one.values()] if isinstance(one, Mapping) else one


def _parsed(word: str) -> Override:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    quoted = one_line(word if len(word) <= SHOWN else f"{word[:SHOWN]}…")
    if len(word) > LONGEST_WORD:
        raise SettingsError(f"cannot read '{quoted}': it has {len(word):,} characters; write at most {LONGEST_WORD:,}")
    if not word.partition("=")[0] or "=" not in word:
        raise SettingsError(f"cannot read '{quoted}': an override is written key=value, as in train.batch=200")
    try:
        override = OverridesParser.create().parse_override(word)
        if override.is_add() or override.is_force_add() or override.is_delete() or override.package is not None:
            raise SettingsError(
                f"cannot read '{quoted}': settings can be changed, not added, removed or moved; write key=value"
            )
        values = _values(override, quoted)
    except (
        HydraException,
        ValueError,
        ArithmeticError,
        RecursionError,
    ) as error:  # numbers too long for Python, ranges to nan, a thousand brackets
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SettingsError(
            f"cannot read '{quoted}': {reason}; a text with special characters is written key='text'"
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
