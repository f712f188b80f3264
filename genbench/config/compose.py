"""Composing settings: layers, overrides and sweeps over the settings' dataclasses; with `overrides` the home of hydra
and omegaconf.

Order: class defaults < data set < presets[data set] < variant < study < command line. The result is frozen back into
the plain dataclasses: a trainer never sees a node of a configuration library.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import partial
from itertools import product
from typing import Any, Literal, NamedTuple

from genbench.config.overrides import MOST_VALUES, Override, parse
from genbench.config.point import Point
from genbench.config.settings import (
    SECTIONS,
    SINGLES,
    EvaluateSettings,
    FeatureSettings,
    ResourceSettings,
    SeedSettings,
    Settings,
    TrainSettings,
    plain,
    split,
    validate,
)
from genbench.errors import SettingsError, UnknownNameError

__all__ = ["Override", "Schema", "compose", "parse"]


class Schema(NamedTuple):
    """The dataclasses that one cell of a study is composed from, and the layers that its parts lay over them.

    Layers map dotted names to values: `{"train.batch": 200}`; the method's own settings are under `method`.
    """

    method: str
    method_config: type
    dataset: str
    data_config: type
    architecture: str
    net_config: type
    layers: Sequence[Mapping[str, Any]] = ()


def compose(schema: Schema, overrides: Sequence[Override], methods: Sequence[str]) -> list[Point]:
    """The points of a sweep over one method on one data set, each validated in full.

    methods: the names of all methods of the study; an override that begins with another one of them is passed over.
    Raises UnknownNameError for a key, SettingsError for a value.
    """
    from omegaconf import OmegaConf

    base = _composed(schema)
    own = []
    for override in overrides:
        root, _, rest = override.key.partition(".")
        if root in methods and rest:
            if root == schema.method:
                own.append((override, rest if rest.startswith("resources.") else f"method.{rest}"))
        else:
            own.append((override, override.key))
    known = [_shown(schema, key) for key in _keys(base)]
    for override, key in own:
        if key not in _keys(base) or override.key.startswith("method."):
            raise UnknownNameError("setting", override.key, known, _hint(override.key, methods))
        if (count := [other.key for other, _ in own].count(override.key)) > 1:
            raise SettingsError(f"'{override.key}' is set {count} times; set it once")
    if (count := math.prod(len(override.values) for override, _ in own)) > MOST_VALUES:
        raise SettingsError(
            f"the sweep has {count:,} combinations, more than {MOST_VALUES:,}; split it into several studies"
        )
    points = []
    for combination in product(*(override.values for override, _ in own)):
        config = OmegaConf.create(base)
        # What is said of one method has the last word.
        for (override, key), value in sorted(
            zip(own, combination, strict=True), key=lambda pair: pair[0][0].key.partition(".")[0] in methods
        ):
            _update(config, key, value, shown=override.key)
        settings = _frozen(schema, config)
        validate(settings, schema.method)
        numbers, running = split(settings)
        swept = {
            override.key: value for (override, _), value in zip(own, combination, strict=True) if override.is_sweep
        }
        points.append(Point(schema.architecture, numbers, running, swept))
    return points


def _composed(schema: Schema) -> Any:
    """Hydra's composition of the schema with its layers, as an open, typed OmegaConf node."""
    from hydra import compose as hydra_compose
    from hydra import initialize
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    store.store(group="method", name=schema.method, node=_opened(schema.method_config))
    store.store(group="data", name=schema.dataset, node=_opened(schema.data_config))
    store.store(group="net", name=schema.architecture, node=_opened(schema.net_config))
    store.store(
        name="genbench",
        node={
            "defaults": [{"method": schema.method}, {"data": schema.dataset}, {"net": schema.architecture}, "_self_"],
            "train": _opened(TrainSettings),
            "evaluate": _opened(EvaluateSettings),
            "features": _opened(FeatureSettings),
            "seeds": _opened(SeedSettings),
            "resources": _opened(ResourceSettings),
            **{f.name: f.default for f in dataclasses.fields(Settings) if f.name in SINGLES},
        },
    )
    with initialize(version_base="1.3", config_path=None):
        config = hydra_compose(config_name="genbench")
    known = set(_keys(config))
    for layer in schema.layers:
        for key, value in plain(layer).items():
            if key not in known:
                raise UnknownNameError("setting", _shown(schema, key), [_shown(schema, name) for name in known])
            _update(config, key, value, shown=_shown(schema, key))
    return config


def _shown(schema: Schema, key: str) -> str:
    """A dotted name as the user writes it: `method.lr` is written `gram.lr`."""
    return f"{schema.method}.{key.removeprefix('method.')}" if key.startswith("method.") else key


def _hint(key: str, methods: Sequence[str]) -> str:
    root = key.partition(".")[0]
    if key == "seed":
        return "seeds are given as --seeds 0,1,2"
    if root not in (*SECTIONS, *methods):
        return f"settings begin with {', '.join((*SECTIONS, *methods))}"
    return ""


def _keys(config: Any) -> list[str]:
    return [f"{section}.{key}" for section in config if hasattr(config[section], "keys") for key in config[section]] + [
        *SINGLES
    ]


def _update(config: Any, key: str, value: Any, *, shown: str) -> None:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    if isinstance(value, tuple):
        value = list(value)
    if OmegaConf.is_list(OmegaConf.select(config, key)) and not isinstance(value, list):
        raise SettingsError(
            f"{shown} is a list, got '{value}'; write {shown}=[{value}], or in a study's file {shown}: [[{value}]]"
        )
    try:
        OmegaConf.update(config, key, value, merge=False)
        OmegaConf.select(config, key, throw_on_missing=True)
    except (OmegaConfBaseException, OverflowError) as error:  # an int too large for a float is the latter
        raise SettingsError(f"{shown}: {_reason(error)}") from error


def _opened(config: type) -> type:
    """A mutable twin of a frozen dataclass: frozen ones cannot be overridden (Hydra #724)."""
    hints = typing.get_type_hints(config)
    fields: list[Any] = []
    for f in dataclasses.fields(config):
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise SettingsError(f"{config.__name__}.{f.name} has no default; every setting of a method needs one")
        default = f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default
        kind = _opened_type(hints[f.name], f.name)
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            default = kind(default)
        if isinstance(default, tuple):
            fields.append((f.name, kind, field(default_factory=partial(list, default))))
        else:
            fields.append((f.name, kind, field(default=default)))
    return dataclasses.make_dataclass(config.__name__, fields)


def _opened_type(hint: Any, name: str) -> Any:
    """The type as OmegaConf takes it: a Literal becomes an enum, a tuple a list, `X | None` an Optional."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return enum.Enum(name, {str(value): value for value in arguments})
    if origin is tuple:
        return list[_opened_type(arguments[0], name)]  # type: ignore[misc]
    if origin in (typing.Union, types.UnionType) and len(arguments) == 2 and arguments[1] is type(None):
        return typing.Union[_opened_type(arguments[0], name), None]  # noqa: UP007 - the inner type may be an enum made here
    if hint in (int, float, bool, str):
        return hint
    raise SettingsError(
        f"setting {name} has type {hint}; settings are int, float, bool, str, Literal, tuple[X, ...] or X | None"
    )


def _frozen(schema: Schema, config: Any) -> Settings:
    """The plain dataclasses back from an OmegaConf node."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    def values(node: Any) -> dict[str, Any]:
        container = OmegaConf.to_container(node, resolve=True, throw_on_missing=True)
        assert isinstance(container, dict)
        return {str(key): _value(value) for key, value in container.items()}

    def build(cls: type, section: str) -> Any:
        try:
            return cls(**values(config[section]))
        except (
            OmegaConfBaseException,
            ValueError,
        ) as error:  # of a value that refers to another one, or of the class's own check
            raise SettingsError(f"{schema.method if section == 'method' else section}: {_reason(error)}") from error

    for f in dataclasses.fields(Settings):
        if f.name in SINGLES and type(config[f.name]) is not type(f.default):
            raise SettingsError(f"{f.name}: value '{config[f.name]}' is not of type {type(f.default).__name__}")
    return Settings(
        method=build(schema.method_config, "method"),
        data=build(schema.data_config, "data"),
        net=build(schema.net_config, "net"),
        train=build(TrainSettings, "train"),
        evaluate=build(EvaluateSettings, "evaluate"),
        features=build(FeatureSettings, "features"),
        seeds=build(SeedSettings, "seeds"),
        resources=build(ResourceSettings, "resources"),
        **{name: config[name] for name in SINGLES},
    )


def _reason(error: Exception) -> str:
    """The first line of what an error says; OmegaConf's others are about its own nodes."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def _value(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    return tuple(_value(item) for item in value) if isinstance(value, list) else value
