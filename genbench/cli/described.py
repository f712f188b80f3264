"""What `show` says of a thing that has a name: a method, data set, architecture, metric, extractor, observer, study."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from genbench.cli.options import say, terminal_console
from genbench.config.overrides import literal
from genbench.errors import GenbenchError

if TYPE_CHECKING:
    from genbench.contract.dataset import Dataset
    from genbench.contract.extractor import Extractor
    from genbench.contract.kit import Architecture
    from genbench.contract.metric import Metric
    from genbench.contract.registry import Kind
    from genbench.contract.trainer import Method

STARTS = {"generator": "the study's generator", "field": "the study's field", "own": "a network of its own"}
LATENTS = {
    "prior": "the study's prior",
    "data": "normal numbers in the data's shape",
    "both": "the study's prior, and normal numbers in the data's shape",
}
LONG_LIST = 40
"""Characters of a value that is a list."""
AGAINST = {
    "split": "the split that evaluate.split names",
    "test": "held-out images",
    "train": "training images",
    "nothing": "nothing",
}
"""What a metric compares samples with, in words."""


def show(name: str) -> None:
    """Print everything that has a name; raises GenbenchError with the nearest one where nothing has it."""
    from genbench.contract import registry
    from genbench.study import catalogue

    own, _, variant = name.partition("/")
    kinds = [kind for kind in registry.KINDS if own in {entry.name for entry in registry.installed(kind)}]
    if variant and "methods" in kinds:
        ((_, variant),) = registry.choose([name])
        _method(registry.load("methods", own), only=variant)
        return
    is_study = name in catalogue.names() or name.endswith(catalogue.SUFFIXES)
    if not is_study and (variant or not kinds):
        raise GenbenchError(_unknown(name))
    for number, kind in enumerate(kinds):
        if number:
            click.echo()
        SHOWN[kind](name)
    if is_study:
        if kinds:
            click.echo()
        _study(name)


def _unknown(name: str) -> str:
    from genbench.contract import registry
    from genbench.study import catalogue

    known = {entry.name for kind in registry.KINDS for entry in registry.installed(kind)} | {*catalogue.names()}
    close = get_close_matches(name, sorted(known), n=1)
    guess = f"did you mean '{close[0]}'? " if close else ""
    return (
        f"unknown name '{name}': {guess}(genbench list names the methods, data sets, architectures, metrics,"
        " extractors, observers and studies that there are)"
    )


def _named(kind: Kind, show: Callable[[Any], None]) -> Callable[[str], None]:
    def shown(name: str) -> None:
        from genbench.contract import registry

        show(registry.load(kind, name))

    return shown


def _method(plugin: Method, only: str = "") -> None:
    """The settings with their sources, the presets and the variants; only: one variant."""
    say(f"{plugin.name}: {plugin.paper}", indent=2)
    if (plugin.trainer.start, plugin.trainer.latent) != ("generator", "prior"):
        origin, latents = STARTS[plugin.trainer.start], LATENTS[plugin.trainer.latent]
        say(f"samples come from: {origin}; latents: {latents}", indent=2)
    click.echo()
    _settings(plugin.config, plugin.name)
    variants = {f"{plugin.name}/{name}": values for name, values in plugin.variants.items() if only in ("", name)}
    for title, layers in (("preset", {} if only else plugin.presets), ("variant", variants)):
        for label, values in layers.items():
            click.echo(f"\n{title} {label}")
            _values(values)


def _dataset(one: Dataset) -> None:
    _about("data set", one.name, one.about, one.source)
    say("architectures, the default one first:")
    for name, values in one.nets.items():
        own = " ".join(f"net.{key}={literal(value)}" for key, value in _plain(values).items())
        say(f"  {name}{'  ' if own else ''}{own}", indent=4)
    click.echo()
    _settings(one.config, "data")
    if one.defaults:
        click.echo("\nsettings that differ here")
        _values(one.defaults)


def _architecture(one: Architecture) -> None:
    _about("architecture", one.name, one.about, "")
    _settings(one.config, "net")


def _metric(one: Metric) -> None:
    _about("metric", one.name, one.about, one.source)
    click.echo(f"better       {one.better}")
    say(f"compared     with {AGAINST[one.against]}", indent=13)
    if one.features:
        say(f"features     of the extractor that features.name names, computed in {one.features}", indent=13)


def _extractor(one: Extractor) -> None:
    _about("extractor", one.name, one.about, one.source)
    say(f"input        {one.transform}", indent=13)
    if one.url:
        click.echo(f"weights      {one.url}")


def _observer(name: str) -> None:
    from genbench.contract import registry

    entry = next(entry for entry in registry.installed("observers") if entry.name == name)
    problem = f"; BROKEN: {entry.problem}" if entry.problem else ""
    say(f"observer {name}: {entry.origin}; genbench run --observers {name}{problem}")


def _study(name: str) -> None:
    """Its question, claims and runs, and where its file is."""
    from genbench.report.claims import reading
    from genbench.study import catalogue

    file = catalogue.find(name)
    say(f"study {name}: {file.title}", indent=2)
    say(file.question)
    if file.paper:
        say(f"of the paper: {file.paper}")
    for run in file.runs:
        methods = ", ".join(run.methods) or "every installed method"
        seeds = ", ".join(map(str, run.seeds))
        say(f"\nrun: {methods} on {', '.join(run.datasets)}; seeds {seeds}".lstrip("\n"), indent=2)
        for override in run.settings:
            say(f"  {override.key}={','.join(map(literal, override.values))}", indent=4)
    for claim in file.claims:
        plain = reading.plain(claim)
        say(f"claim: {plain if isinstance(plain, str) else plain['claim']}", indent=2)
    click.echo(f"file   {file.path}")
    click.echo(f"run    genbench run {name}{' (or with --smoke, its small size)' if file.smoke else ''}")


SHOWN: Mapping[Kind, Callable[[str], None]] = {
    "methods": _named("methods", _method),
    "datasets": _named("datasets", _dataset),
    "architectures": _named("architectures", _architecture),
    "metrics": _named("metrics", _metric),
    "extractors": _named("extractors", _extractor),
    "observers": _observer,
}
"""By kind what shows one of its names."""


def _about(noun: str, name: str, about: str, source: str) -> None:
    say(f"{noun} {name}: {about}", indent=2)
    if source:
        say(f"source       {source}", indent=13)


def _settings(config: type, section: str) -> None:
    from genbench.cli import layout
    from genbench.config.field import describe

    rows = [
        [f"{section}.{name}", literal(default), meaning, source] for name, default, meaning, source in describe(config)
    ]
    terminal_console().print(layout.table(rows, ["setting", "default", "meaning", "source"], left=4))


def _values(values: Mapping[str, Any]) -> None:
    from genbench.cli import layout
    from genbench.config.field import Cited

    if not values:
        click.echo("  the defaults")
        return
    cited = [(key, value if isinstance(value, Cited) else Cited(value, "")) for key, value in values.items()]
    rows = [[f"  {key}", _spaced(literal(value.value)), value.source] for key, value in cited]
    terminal_console().print(layout.table(rows, ["  setting", "value", "source"], left=3))


def _spaced(written: str) -> str:
    """A long list with blanks between its items, where its line may end."""
    return written.replace(",", ", ") if len(written) > LONG_LIST else written


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    from genbench.config.field import plain

    return plain(values)
