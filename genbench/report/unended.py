"""What a report says of trials that have no record: those that are still to come, and those that nobody waits for."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path

from genbench.errors import GenbenchError
from genbench.trial import difference
from genbench.trial.about import About
from genbench.trial.record import trial_directories
from genbench.trial.trial import Trial


def notes(folder: Path, said: About) -> list[str]:
    """A line when trials are still to come, and one for the trials of each setting that an earlier command left."""
    trials, left = [], Counter[str]()
    waiting: list[Trial] = []
    coming = 0
    for directory in trial_directories(folder):
        begun = not (directory / "record.json").exists()
        coming += begun
        with suppress(GenbenchError):  # a damaged one is named elsewhere
            trials.append(Trial.read(directory))
            waiting += [trials[-1]] if begun and said.is_left(trials[-1].cell) else []
    names = difference.names(trials) if waiting else {}
    for trial in waiting:
        left[names[trial.directory]] += 1
    coming -= len(waiting)
    return [
        *([f"{coming} of the study's trials have no record yet and are missing here"] if coming else []),
        *(
            f"{f'1 trial of {name} was' if count == 1 else f'{count} trials of {name} were'} left without a record by"
            f" an earlier command and {'is' if count == 1 else 'are'} not waited for (genbench status {folder.name})"
            for name, count in left.items()
        ),
    ]
