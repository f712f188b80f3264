"""Composing settings: layers, overrides and sweeps over the settings' dataclasses; with `overrides` the home of hydra
and omegaconf.

Order: class defaults < data set < presets[data set] < variant < study < command line. The result is frozen back into
the plain dataclasses: a trainer never sees a node of a configuration library.
"""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from genbench.config.field import plain
from genbench.config.overrides import MOST_VALUES, Override, check, parse
from genbench.config.point import Point
from genbench.config.settings import SECTIONS, SHARED, SINGLES, Settings, flatten, split, validate
from genbench.config.typecheck import as_declared, defaults
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

    @property
    def classes(self) -> Mapping[str, type]:
        """The dataclass of every section."""
        own = {"method": self.method_config, "data": self.data_config, "net": self.net_config}
        return {**own, **SHARED}


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
    keys = _keys(base)
    known = [_shown(schema, key) for key in keys]
    for override, key in own:
        if key not in keys or override.key.startswith("method."):
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
    """The schema's defaults with its layers, as an OmegaConf node of plain values."""
    config = deepcopy(_defaults(schema._replace(layers=())))
    known = set(_keys(config))
    for layer in schema.layers:
        for key, value in plain(layer).items():
            if key not in known:
                raise UnknownNameError("setting", _shown(schema, key), [_shown(schema, name) for name in known])
            _update(config, key, value, shown=_shown(schema, key))
    return config


@lru_cache(maxsize=100)  # it is most of the time that planning takes, and the cells of a study share schemas
def _defaults(schema: Schema) -> Any:
    """Hydra's composition of a schema without layers; whoever changes it copies it first."""
    from hydra import compose as hydra_compose
    from hydra import initialize
    from hydra.core.config_store import ConfigStore
    from omegaconf import OmegaConf

    store = ConfigStore.instance()
    chosen = {"method": schema.method, "data": schema.dataset, "net": schema.architecture}
    classes = schema.classes
    for group, name in chosen.items():
        store.store(group=group, name=name, node=defaults(classes[group]))
    shared = {section: defaults(config) for section, config in classes.items() if section not in chosen}
    singles = {f.name: f.default for f in dataclasses.fields(Settings) if f.name in SINGLES}
    choices = [{group: name} for group, name in chosen.items()]
    store.store(name="genbench", node={"defaults": [*choices, "_self_"], **shared, **singles})
    with initialize(version_base="1.3", config_path=None):
        config = hydra_compose(config_name="genbench")
    for key, value in flatten(typing.cast(dict[str, Any], OmegaConf.to_container(config, resolve=False))).items():
        check(_shown(schema, key), value)  # a class's defaults refer to nothing either
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

    check(shown, value)
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


def _frozen(schema: Schema, config: Any) -> Settings:
    """The plain dataclasses back from an OmegaConf node; raises SettingsError for a value of another type."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    def build(cls: type, section: str) -> Any:
        shown = schema.method if section == "method" else section
        hints = typing.get_type_hints(cls)
        try:
            container = OmegaConf.to_container(config[section], resolve=False, throw_on_missing=True)
            assert isinstance(container, dict)
            values = {str(key): value for key, value in container.items()}
            return cls(**{key: _taken(value, hints[key], f"{shown}.{key}") for key, value in values.items()})
        except (OmegaConfBaseException, ValueError) as error:
            # Of a value that is missing, or of the class's own check.
            raise SettingsError(f"{shown}: {_reason(error)}") from error

    for f in dataclasses.fields(Settings):
        if f.name in SINGLES and type(config[f.name]) is not type(f.default):
            raise SettingsError(f"{f.name}: value {config[f.name]!r} is not of type {type(f.default).__name__}")
    sections = {section: build(cls, section) for section, cls in schema.classes.items()}
    return Settings(**sections, **{name: config[name] for name in SINGLES})


def _taken(value: Any, hint: Any, shown: str) -> Any:
    try:
        return as_declared(value, hint)
    except ValueError as error:
        raise SettingsError(f"{shown} {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """The first line of what an error says; OmegaConf's others are about its own nodes."""
    return next(iter(str(error).splitlines()), type(error).__name__)
