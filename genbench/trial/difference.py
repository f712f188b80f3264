"""What tells the trials of a study apart: the settings that differ among those of a method on a data set, in words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from genbench.config.nested import flatten
from genbench.config.overrides import literal
from genbench.trial.trial import Trial

UNSET = "unset"
"""The value of a setting that a trial has none of, as one of an older version has."""


def settings(trial: Trial) -> dict[str, Any]:
    """What may tell a trial from another one of its method, by the names that one writes: the settings that its numbers
    depend on, its architecture as `net`, and what its sweep varies.
    """
    own = {
        f"{trial.method}.{key.removeprefix('method.')}" if key.startswith("method.") else key: value
        for key, value in flatten(trial.settings).items()
    }
    return {"net": trial.architecture, **trial.swept, **own}


def differing(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """For every trial the settings in which those of its method, variant and data set differ; `net.` ones where those
    of one architecture do.
    """
    found = [settings(trial) for trial in trials]
    places = [(trial.label, trial.dataset) for trial in trials]
    inner = [(*place, trial.architecture) for place, trial in zip(places, trials, strict=True)]
    varying, varying_nets = _varying(places, found), _varying(inner, found)
    return [
        {
            key: value
            for key, value in own.items()
            if key in (varying_nets[within] if key.startswith("net.") else varying[place])
        }
        for place, within, own in zip(places, inner, found, strict=True)
    ]


def words(values: Mapping[str, Any]) -> str:
    """Settings as one writes them, without what their names have in common with no other: `lr=0.001 images=20000`."""
    count = Counter(key.rpartition(".")[2] for key in values)
    return " ".join(f"{_short(key, count)}={literal(value)}" for key, value in values.items() if value is not None)


def names(trials: Sequence[Trial]) -> dict[str, str]:
    """What every trial is called beside the others, by its folder: `gram`, or `gram lr=0.001` where trials of gram
    differ in their learning rate.
    """
    return {
        trial.directory: " ".join(filter(None, [trial.label, words(own)]))
        for trial, own in zip(trials, differing(trials), strict=True)
    }


def _varying(places: Sequence[Any], found: Sequence[Mapping[str, Any]]) -> dict[Any, set[str]]:
    """By place the settings that have more than one value there."""
    seen: dict[Any, dict[str, set[str]]] = {}
    count = Counter(places)
    for place, own in zip(places, found, strict=True):
        for key, value in own.items():
            seen.setdefault(place, {}).setdefault(key, set()).add(json.dumps(value, sort_keys=True))
    having = Counter((place, key) for place, own in zip(places, found, strict=True) for key in own)
    return {
        place: {key for key, values in keys.items() if len(values) > 1 or having[place, key] < count[place]}
        for place, keys in seen.items()
    }


def _short(key: str, count: Mapping[str, int]) -> str:
    last = key.rpartition(".")[2]
    return key if count[last] > 1 else last


def unlike(one: Mapping[str, Any], other: Mapping[str, Any], *, but: Iterable[str] = ()) -> dict[str, tuple[Any, Any]]:
    """The settings, but for some, in which two trials differ, with both values; of two architectures' own settings
    none.
    """
    passed = set(but)
    return {
        key: (one.get(key, UNSET), other.get(key, UNSET))
        for key in {**one, **other}
        if key not in passed
        and not (key.startswith("net.") and one.get("net") != other.get("net"))
        and json.dumps(one.get(key)) != json.dumps(other.get(key))
    }
