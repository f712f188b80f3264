"""Trials that were made again under newer numerics: their folders stay, and no table counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from genbench.errors import GenbenchError
from genbench.trial.record import FINAL, read, trial_directories
from genbench.trial.trial import Trial, age

ONE = "1 trial"


def trials(study: Path) -> dict[Path, tuple[Trial, Trial]]:
    """The folders in a study's that count no more: whose trial it is, and the one that counts instead.

    Replaced is a trial by one of newer numerics that has ended. What cannot be read is neither.
    """
    same: dict[tuple[Path, str], dict[Path, Trial]] = {}
    for directory in trial_directories(study):
        with suppress(GenbenchError):  # a damaged one is named elsewhere
            trial = Trial.read(directory)
            same.setdefault((directory.parent, trial.question), {})[directory] = trial
    found: dict[Path, tuple[Trial, Trial]] = {}
    for folders in same.values():
        ages = {age(trial) for trial in folders.values()}
        ended = [trial for directory, trial in folders.items() if _has_ended(directory)] if len(ages) > 1 else []
        newest = max(ended, key=age, default=None)
        if newest is not None:
            found |= {path: (trial, newest) for path, trial in folders.items() if age(trial) < age(newest)}
    return found


def lines(study: Path) -> tuple[str, ...]:
    """How many trials were replaced, of which revisions, and where they lie: a line for every pair of revisions."""
    found = trials(study)
    first = {revisions(*pair): path.relative_to(study) for path, pair in reversed(found.items())}
    return tuple(
        f"replaced, and in no number here: {number} of older numerics ({words}), kept as {first[words]}"
        f"{'' if number == ONE else ' and beside it'}"
        for words, number in counted(found.values()).items()
    )


def counted(pairs: Iterable[tuple[Trial, Trial]]) -> dict[str, str]:
    """In which revisions pairs of an older and a newer trial differ, to how many do: `1 trial`, `3 trials`."""
    counts = Counter(revisions(*pair) for pair in pairs)
    return {words: ONE if count == 1 else f"{count} trials" for words, count in counts.items()}


def revisions(old: Trial, new: Trial) -> str:
    """In which revisions two trials differ: `method 1, now 2`."""
    return ", ".join(
        f"{key} {_known(old.numerics, key)}, now {_known(new.numerics, key)}"
        for key in dict.fromkeys([*new.numerics, *old.numerics])
        if old.numerics.get(key) != new.numerics.get(key)
    )


def _known(numerics: Mapping[str, int], key: str) -> str:
    return str(numerics.get(key, "unknown"))


def _has_ended(directory: Path) -> bool:
    with suppress(GenbenchError):  # a damaged record says nothing of an end
        record = read(directory)
        return record is not None and record.status in FINAL
    return False
