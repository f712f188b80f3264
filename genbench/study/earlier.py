"""What a study's folder holds already of the trials that are planned: under another name, or of older numerics."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from genbench.errors import GenbenchError
from genbench.trial import replaced
from genbench.trial.record import FINAL, read, trial_directories
from genbench.trial.trial import Trial, age

KEPT = "kept as asked"
MADE_AGAIN = "made again beside those, which stay; --keep-old keeps them instead"


class Older(NamedTuple):
    """The trials with what their study's folder holds of them under older numerics."""

    trials: tuple[Trial, ...]
    outdated: tuple[str, ...] = ()
    """Folders of those that are made again."""
    lines: tuple[str, ...] = ()
    """How many of which older numerics there are, and what becomes of them."""


def where_they_are(trials: Sequence[Trial], study: Path) -> tuple[Trial, ...]:
    """Every trial in the folder that it has in a study's: one that was begun as part of another sweep, or under another
    variant's name, is the same trial and goes on there.
    """
    missing = {trial.id for trial in trials if not (study / "trials" / trial.directory).exists()}
    there: dict[str, Trial] = {}
    for directory in trial_directories(study):
        if directory.name.rpartition("-")[2] in missing:
            with suppress(GenbenchError):  # a damaged folder is in nobody's way
                trial = Trial.read(directory)
                if directory.name == trial.directory and (trial.id not in there or read(directory)):
                    there[trial.id] = trial
    return tuple(
        dataclasses.replace(trial, variant=there[trial.id].variant, swept=there[trial.id].swept)
        if trial.id in there
        else trial
        for trial in trials
    )


def with_older(trials: Sequence[Trial], study: Path, *, keep_old: bool) -> Older:
    """The trials with what a study's folder holds of them under older numerics: kept in their place, or named.

    Those that have not ended are begun anew, except where version 0.1.0 began them and they are to be kept.
    """
    older: dict[str, Trial] = {}
    for directory in trial_directories(study):
        with suppress(GenbenchError):  # a damaged folder of another trial is in nobody's way
            trial, record = Trial.read(directory), read(directory)
            ended = record is not None and record.status in FINAL
            if directory.name == trial.directory and (ended or (keep_old and not trial.numerics)):
                older[trial.question] = max(trial, older.get(trial.question, trial), key=age)
    begun = {trial.question for trial in trials if (study / "trials" / trial.directory).exists()}
    found = {question: trial for question, trial in older.items() if question not in begun}
    asked = [(found[trial.question], trial) for trial in trials if trial.question in found]
    fate = KEPT if keep_old else MADE_AGAIN
    lines = tuple(f"{number} of older numerics ({words}): {fate}" for words, number in replaced.counted(asked).items())
    if keep_old:
        return Older(tuple(found.get(trial.question, trial) for trial in trials), lines=lines)
    return Older(tuple(trials), tuple(old.directory for old, _ in asked), lines)
