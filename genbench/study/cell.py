"""One cell of a study, a method on a data set: the classes and layers of its settings, composed into points."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence

from genbench.config import compose
from genbench.config.compose import Override, Schema
from genbench.config.point import Point
from genbench.contract import numerics, registry
from genbench.errors import GenbenchError, UnknownNameError


def points(words: Sequence[Override], names: Sequence[str], method: str, variant: str, dataset: str) -> Iterator[Point]:
    """The composed settings of one cell of a study, one for each swept value. names: of all its methods."""
    architectures = next((override.values for override in words if override.key == "net"), (None,))
    words = [
        _absolute(override) if override.key == "data.root" else override for override in words if override.key != "net"
    ]
    for architecture in architectures:
        for point in compose.compose(_schema(method, variant, dataset, architecture), words, names):
            swept = {"net": architecture, **point.swept} if len(architectures) > 1 else point.swept
            yield point._replace(swept=swept, numerics=numerics.revisions(method, dataset, point.architecture))


def _absolute(override: Override) -> Override:
    """A data root that means the same wherever a trial is run."""
    return override._replace(
        values=tuple(
            os.path.abspath(os.path.expanduser(root)) if root and isinstance(root, str) else root
            for root in override.values
        )
    )


def _schema(method: str, variant: str, dataset: str, architecture: str | None) -> Schema:
    """The classes and layers of one cell of a study."""
    plugin = registry.load("methods", method)
    data = registry.load("datasets", dataset)
    architecture = next(iter(data.nets)) if architecture is None else architecture
    if not isinstance(architecture, str):
        raise GenbenchError(f"net={architecture} names no architecture (genbench list architectures)")
    net = registry.load("architectures", architecture)
    for name in plugin.presets.get(dataset, {}):
        if name not in {f.name for f in dataclasses.fields(plugin.config)}:
            raise UnknownNameError(
                f"setting in {method}'s preset for {dataset}", name, [f.name for f in dataclasses.fields(plugin.config)]
            )
    layers = [
        data.defaults,
        {f"net.{key}": value for key, value in data.nets.get(architecture, {}).items()},
        {f"resources.{key}": value for key, value in plugin.resources.items()},
        {f"method.{key}": value for key, value in plugin.presets.get(dataset, {}).items()},
        {f"method.{key}": value for key, value in (plugin.variants[variant] if variant else {}).items()},
    ]
    return Schema(method, plugin.config, dataset, data.config, architecture, net.config, layers)
