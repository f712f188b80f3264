"""The settings of a trial: typed, frozen dataclasses, and how overrides are laid over them.

Order: class defaults < data set < presets[data set] < variant < study < command line. This is the only module that
imports hydra and omegaconf; a trainer only ever sees the plain dataclass it declared.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any, Literal, NamedTuple

from genbench.errors import SettingsError, UnknownNameError
from genbench.trial import Point


class Cited(NamedTuple):
    """A value and where it comes from."""

    value: Any
    source: str


def cite(value: Any, source: str) -> Cited:
    """A value for `presets`, `variants` or a data set's defaults, with its source: `cite(5e-5, "Li et al. 2017")`."""
    return Cited(value, source)


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
    numbers: bool = True,
) -> Any:
    """A dataclass field with a meaning, a source and a range; `genbench show` prints them.

    numbers: whether the value can change a trial's numbers; if not, it stays out of the trial's id.
    """
    metadata = {"help": help, "source": source, "at_least": at_least, "above": above, "numbers": numbers}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """What every data set can be told; a data set's own settings extend it."""

    root: str = setting("", "folder to look for the data in; empty: $GENBENCH_DATA or the cache folder", numbers=False)


@dataclass(frozen=True, kw_only=True)
class NetSettings:
    """What every architecture can be told; an architecture's own settings extend it."""

    latent: int = setting(128, "dimension h of the generator's noise", source="paper, Table 5", at_least=1)
    prior: Literal["normal", "uniform"] = setting("normal", "law of the noise: N(0, 1) or U[-1, 1], per dimension")
    width: int = setting(32, "channels of the widest image, or units of a hidden layer", at_least=1)


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Training: the batch and the budget are the study's, the same for all its methods."""

    batch: int = setting(64, "images in a batch, over all ranks", source="paper, section 4", at_least=1)
    images: int | None = setting(None, "budget: images taken from the data", at_least=1)
    updates: int | None = setting(None, "budget: updates of the generator", at_least=1)
    seconds: float | None = setting(None, "budget: seconds inside the trainer's step", above=0)
    precision: Literal["fp32", "bf16", "fp64"] = setting("fp32", "of the networks; kernel losses are always fp64")
    log_every: int = setting(10_000, "images between two rows of metrics.jsonl", at_least=1, numbers=False)
    save_every: int = setting(100_000, "images between two checkpoints", at_least=1, numbers=False)
    sample_every: int = setting(100_000, "images between two pictures of samples", at_least=1, numbers=False)


@dataclass(frozen=True, kw_only=True)
class EvaluateSettings:
    """Scoring the trained generator."""

    samples: int = setting(2500, "samples that the metrics are computed on", at_least=2)
    metrics: tuple[str, ...] = setting((), "names of the metrics (genbench list metrics)")
    batch: int = setting(500, "samples made at once", at_least=1)
    seed: int = setting(0, "seed of the latents that are scored, the same for every training seed", at_least=0)


@dataclass(frozen=True, kw_only=True)
class SeedSettings:
    """Seeds of single sources of randomness; unset ones follow the trial's seed."""

    init: int | None = setting(None, "initial weights", at_least=0)
    data: int | None = setting(None, "order of the data", at_least=0)
    noise: int | None = setting(None, "noise during training", at_least=0)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a trial can be told, validated and frozen."""

    method: Any
    data: Any
    net: Any
    train: TrainSettings = TrainSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    seeds: SeedSettings = SeedSettings()
    device: str = setting("auto", "torch device; auto: cuda if there is one, else cpu", numbers=False)
    threads: int = setting(1, "CPU threads of one trial; results repeat bit for bit at equal threads", at_least=1, numbers=False)


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


SECTIONS = ("data", "net", "train", "evaluate", "seeds")
RESERVED = (*SECTIONS, "method", "seed", "device", "threads", "world")


class Override(NamedTuple):
    """One `key=value` of the command line; more than one value is a sweep."""

    key: str
    values: tuple[Any, ...]

    @property
    def is_sweep(self) -> bool:
        """Whether it has more than one value."""
        return len(self.values) > 1


def parse(words: Iterable[str]) -> list[Override]:
    """Overrides in Hydra's grammar: `train.batch=200`, `gram.lr=1e-4,5e-5`, `net.latent=range(2,5)`.

    Raises SettingsError for anything that is not `key=value`.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import QuotedString
    from hydra.errors import HydraException

    overrides = []
    for word in words:
        if not word.partition("=")[0] or "=" not in word:
            raise SettingsError(f"cannot read '{word}': an override is written key=value, as in train.batch=200")
        try:
            override = OverridesParser.create().parse_override(word)
            if override.is_add() or override.is_delete():
                raise SettingsError(f"cannot read '{word}': settings can be changed, not added or removed; write key=value")
            values = list(override.sweep_iterator()) if override.is_sweep_override() else [override.value()]
        except HydraException as error:
            reason = str(error.__cause__ or error).splitlines()[0]
            raise SettingsError(f"cannot read '{word}': {reason}") from error
        values = [value.text if isinstance(value, QuotedString) else value for value in values]
        if not values:
            raise SettingsError(f"'{word}' sweeps over no value at all")
        overrides.append(Override(override.key_or_group, tuple(values)))
    keys = [override.key for override in overrides]
    for key in keys:
        if keys.count(key) > 1:
            raise SettingsError(f"'{key}' is set {keys.count(key)} times; set it once, or sweep: {key}=a,b")
    return overrides


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
                own.append((override, f"method.{rest}"))
        else:
            own.append((override, override.key))
    known = [_shown(schema, key) for key in _keys(base)]
    for override, key in own:
        if key not in _keys(base):
            raise UnknownNameError("setting", override.key, known, _hint(override.key, methods))
    points = []
    for combination in product(*(override.values for override, _ in own)):
        config = OmegaConf.create(base)
        for (override, key), value in zip(own, combination, strict=True):
            _update(config, key, value, shown=override.key)
        settings = _frozen(schema, config)
        validate(settings, schema.method)
        numbers, running = split(settings)
        swept = {override.key: value for (override, _), value in zip(own, combination, strict=True) if override.is_sweep}
        points.append(Point(schema.architecture, numbers, running, swept))
    return points


def restore(plain: Mapping[str, Any], method: type, data: type, net: type) -> Settings:
    """Settings from the nested mappings of a trial.json, `settings` and `running` merged."""

    def build(cls: type, values: Mapping[str, Any]) -> Any:
        names = {f.name for f in dataclasses.fields(cls)}
        if extra := set(values) - names:
            raise SettingsError(f"{cls.__name__} has no setting {', '.join(sorted(extra))}; the trial was planned by another version")
        return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})

    classes = {"method": method, "data": data, "net": net, "train": TrainSettings, "evaluate": EvaluateSettings, "seeds": SeedSettings}
    restored: Settings = build(Settings, {key: build(classes[key], value) if key in classes else value for key, value in plain.items()})
    return restored


def split(settings: Settings) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings as nested plain mappings: what determines the numbers, and what does not."""

    def part(node: Any, numbers: bool) -> dict[str, Any]:
        chosen: dict[str, Any] = {}
        for f in dataclasses.fields(node):
            value = getattr(node, f.name)
            if dataclasses.is_dataclass(value):
                chosen[f.name] = part(value, numbers)
            elif f.metadata.get("numbers", True) is numbers:
                chosen[f.name] = list(value) if isinstance(value, tuple) else value
        return chosen

    return part(settings, True), part(settings, False)


def merge(numbers: Mapping[str, Any], running: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `split`: one nested mapping from the two."""
    merged = dict(numbers)
    for key, value in running.items():
        merged[key] = {**merged.get(key, {}), **value} if isinstance(value, Mapping) else value
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


def validate(settings: Settings, method: str) -> None:
    """Check ranges; raises SettingsError that names the setting, the value and the range."""

    def check(node: Any, prefix: str) -> None:
        for f in dataclasses.fields(node):
            value = getattr(node, f.name)
            name = f"{prefix}{f.name}"
            if dataclasses.is_dataclass(value):
                check(value, f"{method if f.name == 'method' else f.name}.")
                continue
            low, above = f.metadata.get("at_least"), f.metadata.get("above")
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, float) and not math.isfinite(item):
                    raise SettingsError(f"{name} must be finite, got {item}")
                if isinstance(item, int | float) and low is not None and item < low:
                    raise SettingsError(f"{name} must be at least {low}, got {item}")
                if isinstance(item, int | float) and above is not None and item <= above:
                    raise SettingsError(f"{name} must be above {above}, got {item}")

    check(settings, "")
    train = settings.train
    if train.images is None and train.updates is None and train.seconds is None:
        raise SettingsError("no budget: set train.images, train.updates or train.seconds")


def describe(config: type) -> Iterator[tuple[str, Any, str, str]]:
    """(name, default, meaning, source) of every setting of a dataclass."""
    for f in dataclasses.fields(config):
        yield f.name, f.default, f.metadata.get("help", ""), f.metadata.get("source", "")


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
            "seeds": _opened(SeedSettings),
            "device": "auto",
            "threads": 1,
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
    return [f"{section}.{key}" for section in config if hasattr(config[section], "keys") for key in config[section]] + ["device", "threads"]


def _update(config: Any, key: str, value: Any, *, shown: str) -> None:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    if isinstance(value, tuple):
        value = list(value)
    try:
        OmegaConf.update(config, key, value, merge=False)
        OmegaConf.select(config, key, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise SettingsError(f"{shown}: {str(error).splitlines()[0]}") from error


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
    raise SettingsError(f"setting {name} has type {hint}; settings are int, float, bool, str, Literal, tuple[X, ...] or X | None")


def _frozen(schema: Schema, config: Any) -> Settings:
    """The plain dataclasses back from an OmegaConf node."""
    from omegaconf import OmegaConf

    def values(node: Any) -> dict[str, Any]:
        container = OmegaConf.to_container(node, resolve=True)
        assert isinstance(container, dict)
        return {str(key): _value(value) for key, value in container.items()}

    def build(cls: type, section: str) -> Any:
        try:
            return cls(**values(config[section]))
        except ValueError as error:
            raise SettingsError(f"{schema.method if section == 'method' else section}: {error}") from error

    for name, kind in (("device", str), ("threads", int)):
        if type(config[name]) is not kind:
            raise SettingsError(f"{name}: value '{config[name]}' is not of type {kind.__name__}")
    return Settings(
        method=build(schema.method_config, "method"),
        data=build(schema.data_config, "data"),
        net=build(schema.net_config, "net"),
        train=build(TrainSettings, "train"),
        evaluate=build(EvaluateSettings, "evaluate"),
        seeds=build(SeedSettings, "seeds"),
        device=config.device,
        threads=config.threads,
    )


def _value(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    return tuple(_value(item) for item in value) if isinstance(value, list) else value
