"""The reference pages, made from the code when the pages are built: a name, a default or a meaning cannot go stale in
them.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import house
import rendering
import source
from rendering import escaped, fields_table, prose, sentence, settings_table, table, values_table

import genbench
from genbench import plugin
from genbench.cli import cli
from genbench.config import overrides, settings
from genbench.config.field import plain
from genbench.contract import hooks, registry
from genbench.metrics import protocol
from genbench.report.claims import reading
from genbench.report.stats import verdict
from genbench.study import file as studyfile
from genbench.training import attempt
from genbench.trial import record, trial

SHARED = {f.name for base in (settings.DataSettings, settings.NetSettings) for f in dataclasses.fields(base)}
"""Settings of every data set and of every architecture."""


def expanded(markdown: str) -> str:
    """A page with every line `<!-- generated: name -->` replaced by what it means; raises KeyError for an unknown
    name.
    """
    return re.sub(r"^<!-- generated: ([\w-]+) -->$", lambda match: GENERATED[match[1]](), markdown, flags=re.M)


def commands() -> str:
    """Every command: how it is called, what it does, its options."""
    return "\n\n".join(rendering.command(name, command) for name, command in cli.commands.items())


def shared_settings() -> str:
    """The settings that every trial has, a table for each section."""
    classes = typing.get_type_hints(settings.Settings) | {"data": settings.DataSettings, "net": settings.NetSettings}
    parts = [
        f"## `{name}`\n\n{prose(classes[name].__doc__)}\n\n{settings_table(classes[name], f'{name}.')}"
        for name in settings.SECTIONS
    ]
    single = [f for f in dataclasses.fields(settings.Settings) if f.name in settings.SINGLES]
    return "\n\n".join([*parts, f"## Without a section\n\n{settings_table(single, '', classes)}"])


def datasets() -> str:
    """Every data set of genbench: what it is, its own settings, and the settings that differ there."""
    return "\n\n".join(_dataset(one) for one in _own("datasets"))


def architectures() -> str:
    """Every architecture of genbench and its own settings."""
    return "\n\n".join(
        _part(f"## `{one.name}`", sentence(one.about), _own_settings(one.config, "net."))
        for one in _own("architectures")
    )


def methods() -> str:
    """Every installed method: its settings, presets and variants, each value with its source."""
    return "\n\n".join(
        _method(registry.load("methods", entry.name)) for entry in registry.installed("methods") if not entry.problem
    )


def metrics() -> str:
    """Every metric of genbench."""
    against = {"split": "`evaluate.split`", "test": "held-out", "train": "training", "nothing": "nothing"}
    rows = [
        [f"`{one.name}`", one.better, escaped(one.about), against[one.against], escaped(one.source)]
        for one in _own("metrics")
    ]
    return table(["metric", "better", "what it is", "compared with", "source"], rows)


def extractors() -> str:
    """Every extractor of features of genbench."""
    rows = [
        [f"`{one.name}`", escaped(one.about), escaped(one.transform), escaped(one.source)] for one in _own("extractors")
    ]
    return table(["extractor", "what it is", "how it makes its input", "source"], rows)


def hook_list() -> str:
    """Every hook with its signature."""
    found = [value for name, value in vars(hooks).items() if name.startswith("genbench_")]
    return "\n\n".join(_part(f"## `{hook.__name__}`", rendering.signature(hook), prose(hook.__doc__)) for hook in found)


def plugin_names() -> str:
    """Everything that a plugin's author imports from `genbench.plugin`."""
    things = {name: getattr(plugin, name) for name in plugin.__all__}
    return "\n\n".join(
        rendering.public(name, thing)
        for name, thing in things.items()
        if inspect.isfunction(thing) or inspect.isclass(thing)
    )


def python() -> str:
    """What `import genbench` gives."""
    return "\n\n".join(
        rendering.public(f"genbench.{name}", getattr(genbench, name))
        for name in genbench.__all__
        if not name.startswith("__")
    )


def worker_codes() -> str:
    """The exit codes of `genbench trial`, from the constants of its room and the sentence under them."""
    names, words = source.constants_doc(attempt.__file__, "DONE")
    meanings = " ".join(words.split()).rstrip(".").partition(": its trial ")[2].split(", ")
    return table(
        ["code", "the trial"],
        [[f"`{getattr(attempt, name)}`", meaning] for name, meaning in zip(names, meanings, strict=True)],
    )


def study_keys() -> str:
    """The keys of a study file, from the calls that check them."""
    places = {
        "load": ["the file", "`published`"],
        "_run": ["each of `runs`"],
        "_smoke": ["`smoke`"],
        "_score": ["`score`"],
        "_published": ["each of `published.numbers`"],
    }
    rows = []
    for function, names in places.items():
        for place, keys in zip(names, source.mapping_calls(studyfile.__file__, function), strict=True):
            rows.append([place, *(", ".join(f"`{key}`" for key in some) for some in keys)])
    for function, kinds in {"_better": "better", "_rate": "rate", "_equal": "equal"}.items():
        for keys in source.mapping_calls(reading.__file__, function):
            rows.append([f"a claim with `{kinds}`", *(", ".join(f"`{key}`" for key in some) for some in keys)])
    return table(["in", "must be there", "may be there"], rows)


GENERATED: Mapping[str, Callable[[], str]] = {
    "architectures": architectures,
    "commands": commands,
    "datasets": datasets,
    "extractors": extractors,
    "hooks": hook_list,
    "house": house.table,
    "methods": methods,
    "metrics": metrics,
    "plugin-names": plugin_names,
    "protocol-fields": lambda: fields_table(protocol.Protocol),
    "python": python,
    "record-columns": lambda: fields_table(record.Record),
    "settings": shared_settings,
    "study-keys": study_keys,
    "trial-keys": lambda: fields_table(trial.Trial),
    "verdict-columns": lambda: fields_table(verdict.Verdict),
    "worker-codes": worker_codes,
}
"""What a page can ask for."""


def _own(kind: registry.Kind) -> Iterator[Any]:
    """Everything of a kind that genbench itself brings, in the order of its names."""
    return (
        registry.load(kind, entry.name)
        for entry in registry.installed(kind)
        if entry.module.partition(".")[0] == "genbench"
    )


def _part(*parts: str) -> str:
    return "\n\n".join(filter(None, parts))


def _own_settings(config: type, prefix: str) -> str:
    """The settings that a data set or an architecture adds to those of its kind, and those whose defaults it
    changes.
    """
    base = settings.DataSettings if issubclass(config, settings.DataSettings) else settings.NetSettings
    plain = {f.name: f.default for f in dataclasses.fields(base)}
    own = [f for f in dataclasses.fields(config) if f.name not in SHARED or f.default != plain[f.name]]
    return settings_table(own, prefix, typing.get_type_hints(config))


def _dataset(dataset: Any) -> str:
    nets = "Architectures, the default one first: " + "; ".join(
        f"`{name}`"
        + (
            f" with {', '.join(f'{key} {overrides.literal(value)}' for key, value in plain(values).items())}"
            if values
            else ""
        )
        for name, values in dataset.nets.items()
    )
    defaults = f"Settings that differ here:\n\n{values_table(dataset.defaults)}" if dataset.defaults else ""
    source = f"Source: {escaped(dataset.source)}." if dataset.source else ""
    return _part(
        f"## `{dataset.name}`",
        f"{sentence(dataset.about)} {source}".strip(),
        f"{nets}.",
        _own_settings(dataset.config, "data."),
        defaults,
    )


def _method(method: Any) -> str:
    parts = [f"## `{method.name}`", f"{escaped(method.paper)}.", settings_table(method.config, f"{method.name}.")]
    labels = {f"{method.name}/{name}": values for name, values in method.variants.items()}
    for title, head, layers in (
        ("Where a data set has other settings", "on", method.presets),
        ("Variants", "variant", labels),
    ):
        if layers:
            parts += [f"### {title}: `{method.name}`", rendering.layers_table(layers, head, f"{method.name}.")]
    return _part(*parts)
