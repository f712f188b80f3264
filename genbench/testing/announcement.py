"""What a method announces: its name, its settings, its presets and variants."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Mapping
from typing import Any

from genbench.config.compose import Schema, compose
from genbench.config.nested import merge
from genbench.config.settings import RESERVED, DataSettings, restore
from genbench.contract.trainer import Method, Trainer
from genbench.errors import GenbenchError
from genbench.testing.assertions import ContractError, demand, problem
from genbench.testing.miniature import VECTORS, TinyNet, TinyRun


def announcement(method: Method) -> None:
    """A method has a name that begins no setting, a complete trainer and a citation."""
    demand(
        method.name.isprintable() and method.name not in ("", *RESERVED) and not re.search(r"[\s/.,=]", method.name),
        f"the method is called '{method.name}', which cannot stand before a setting; choose a name without spaces, '/',"
        f" '.', ',' or '=' that is none of {', '.join(RESERVED)}",
    )
    demand(
        inspect.isclass(method.trainer) and issubclass(method.trainer, Trainer),
        f"Method.trainer is {method.trainer!r}; give it the class that extends genbench.plugin.Trainer",
    )
    missing = sorted(getattr(method.trainer, "__abstractmethods__", ()))
    demand(
        not missing,
        f"{method.trainer.__name__} does not define {' and '.join(missing)}; define what is missing, with the signature"
        " that Trainer gives it",
    )
    demand(
        bool(method.paper.strip()),
        "Method.paper is empty; say where the method comes from, as in 'Goodfellow et al. 2014, arXiv 1406.2661'",
    )


def settings(method: Method) -> None:
    """Settings are a frozen, hashable, keyword-only dataclass of plain types with a default for every field."""
    config = method.config
    demand(
        inspect.isclass(config) and dataclasses.is_dataclass(config),
        f"Method.config is {config!r}, not a dataclass; write @dataclass(frozen=True, kw_only=True) above the class of"
        " the settings",
    )
    fields = dataclasses.fields(config)
    for f in fields:
        demand(
            f.default is not dataclasses.MISSING or f.default_factory is not dataclasses.MISSING,
            f"{config.__name__}.{f.name} has no default; write {f.name}: … = setting(default, 'what it means')",
        )
    demand(
        all(f.kw_only for f in fields),
        f"{config.__name__} takes its settings by position, so that a new one changes the meaning of old calls; write"
        " @dataclass(frozen=True, kw_only=True)",
    )
    demand(
        config.__dataclass_params__.frozen,  # type: ignore[attr-defined]
        f"{config.__name__} is not frozen: a trainer could change the settings that the record shows; write"
        " @dataclass(frozen=True, kw_only=True)",
    )
    default = config()
    try:
        hash(default)
    except TypeError as error:
        raise ContractError(
            f"{config.__name__}() cannot be hashed ({error}); use a tuple where it holds a list, a dict or a set"
        ) from error
    untouched = composed(method, {})
    demand(
        untouched == default,
        f"{config.__name__}() is {default}, but composed from a command line without overrides it is {untouched}; "
        "use defaults of the declared types: int, float, bool, str, Literal, tuple[X, ...] or X | None",
    )


def choices(method: Method) -> None:
    """Presets and variants name settings that exist and give them values that they can take."""
    for label, values in _choices(method).items():
        try:
            composed(method, values)
        except GenbenchError as error:
            raise ContractError(f"{label} of '{method.name}' cannot be composed: {error}") from error


def variants(method: Method) -> None:
    """Every preset and every variant makes a step."""
    for label, values in _choices(method).items():
        try:
            TinyRun(method.trainer, composed(method, values), VECTORS).step()
        except Exception as error:  # whatever a plugin raises is the plugin's fault and must be shown as such
            raise ContractError(f"{label} of '{method.name}' cannot make a step: {problem(error, method)}") from error


def composed(method: Method, values: Mapping[str, Any]) -> Any:
    """The method's settings with some values laid over the defaults, as a study does it."""
    layers = [{"train.updates": 1}, {f"method.{key}": value for key, value in values.items()}]
    schema = Schema(method.name, method.config, "tiny", DataSettings, "tiny", TinyNet, layers)
    point = compose(schema, [], [method.name])[0]
    return restore(merge(point.settings, point.running), method.config, DataSettings, TinyNet).method


def _choices(method: Method) -> dict[str, Mapping[str, Any]]:
    presets = {f"preset '{name}'": values for name, values in method.presets.items()}
    return presets | {f"variant '{name}'": values for name, values in method.variants.items()}
