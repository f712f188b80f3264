"""Settings that a command would bring into a study which has trials of other ones: found before anything is written,
and named.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from genbench.config.overrides import Override, literal
from genbench.errors import GenbenchError
from genbench.study.plan import Study
from genbench.study.runs import StudyRun
from genbench.trial import difference
from genbench.trial.record import trial_directories
from genbench.trial.trial import Trial

Change = tuple[tuple[str, str, str], ...]
"""Settings with what they are in a study and what they would be."""
SHOWN = 3
"""Settings that are named; of more their number."""
ELSEWHERE = "give it another name with --study, or keep both in one study with --mix-settings"


def check(study: Study, runs: Sequence[StudyRun], asked: Sequence[Override]) -> None:
    """Raise GenbenchError that names what changed, where the study's folder has trials under other settings and neither
    the study's file nor a sweep, of this command or of the one that made them, says that both belong to it.

    runs: of the file as it is. asked: the settings that a person gave. Other seeds, methods, variants and data sets are
    no change; neither is a setting that the study has trials of already.
    """
    old = _cells(_there(study))
    swept = {override.key for override in asked if override.is_sweep} | several(runs)
    changes: dict[Change, dict[str, int]] = {}
    for new, _ in _cells(study.trials).values():
        for change, cell in _nearest(new, {cell: trial for cell, (trial, _) in old.items()}, swept):
            changes.setdefault(change, {})[cell] = old[cell][1]
    if not changes:
        return
    (first, count), *others = Counter({change: sum(cells.values()) for change, cells in changes.items()}).most_common()
    raise GenbenchError(
        f"study {study.name} has {count} {'trial' if count == 1 else 'trials'} with"
        f" {_listed([f'{key}={before}' for key, before, _ in first])}; this command asks for"
        f" {_listed([after if len(first) == 1 else f'{key}={after}' for key, _, after in first])}"
        f"{f' (and {len(others)} more changes)' if others else ''}: {ELSEWHERE}"
        f"{_sweep(first) if not others else ''}; without {study.directory} it begins anew"
    )


def several(runs: Sequence[StudyRun]) -> set[str]:
    """The settings that runs of a study's file have several values of, or that only some of them set."""
    values: dict[str, set[str]] = {}
    for key in {override.key for run in runs for override in run.settings}:
        for run in runs:
            own = next((override.values for override in run.settings if override.key == key), (None,))
            values.setdefault(key, set()).update(json.dumps(value, default=str) for value in own)
    return {key for key, found in values.items() if len(found) > 1}


def _there(study: Study) -> Iterator[Trial]:
    """The trials that the study's folder has; a damaged one is in nobody's way."""
    for directory in trial_directories(study.directory):
        with suppress(GenbenchError):
            yield Trial.read(directory)


def _cells(trials: Collection[Trial] | Iterator[Trial]) -> dict[str, tuple[Trial, int]]:
    """The trials without their seeds and numerics, and how many there are of each."""
    found: dict[str, tuple[Trial, int]] = {}
    for trial in trials:
        key = json.dumps([trial.label, trial.dataset, trial.architecture, trial.settings], sort_keys=True)
        found[key] = (trial, found[key][1] + 1 if key in found else 1)
    return found


def _nearest(new: Trial, old: Mapping[str, Trial], swept: set[str]) -> list[tuple[Change, str]]:
    """What differs from the trials that are most like a new one, and which those are; nothing where one of them is as
    it is to be.

    They are of its own method and variant; where there are none, of all methods, whose own settings do not count.
    """
    beside = {cell: trial for cell, trial in old.items() if trial.dataset == new.dataset}
    same = {cell: trial for cell, trial in beside.items() if trial.label == new.label}
    ours = difference.settings(new)
    found: list[tuple[Change, str]] = []
    for cell, trial in (same or beside).items():
        theirs = difference.settings(trial)
        methods = () if same else (f"{new.method}.", f"{trial.method}.")
        own = [key for key in {**ours, **theirs} if methods and key.startswith(methods)]
        found.append((_written(difference.unlike(theirs, ours, but={*swept, *trial.swept, *own})), cell))
    fewest = min((len(change) for change, _ in found), default=0)
    return [(change, cell) for change, cell in found if len(change) == fewest] if fewest else []


def _written(changed: Mapping[str, tuple[Any, Any]]) -> Change:
    return tuple((key, literal(before), literal(after)) for key, (before, after) in changed.items())


def _listed(words: Sequence[str]) -> str:
    more = [f"{len(words) - SHOWN} other settings"] if len(words) > SHOWN else []
    return ", ".join([*words[:SHOWN], *more])


def _sweep(changed: Change) -> str:
    """The same as a sweep, where it is one setting that has two values."""
    if len(changed) > 1 or difference.UNSET in changed[0] or any(mark in "".join(changed[0]) for mark in "[]"):
        return ""
    key, before, after = changed[0]
    return f", as the sweep {key}={before},{after} does"
