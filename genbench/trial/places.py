"""Whether the folders of a study are those of the trials that their names and files say."""

from __future__ import annotations

import re
from pathlib import Path

from genbench.errors import GenbenchError
from genbench.trial.trial import Trial


def check(directory: Path, trial: Trial) -> None:
    """Raise GenbenchError for a folder with the name of another trial, which would be missing without a word."""
    named = re.search(r"-([0-9a-f]{10})$", directory.name)
    if named and named[1] != trial.id:
        raise GenbenchError(
            f"{directory} holds trial {trial.id} ({trial.label}, seed {trial.seed}), not {named[1]}; remove it and run"
            " the study again"
        )


def nameless(path: Path) -> list[str]:
    """A line for every folder in a study's or in a results folder that has a record and does not say whose."""
    found = [*path.glob("trials/*/record.json"), *path.glob("*/trials/*/record.json")]
    folders = sorted(file.parent for file in found if not (file.parent / "trial.json").exists())
    return [f"{folder} holds a record and no trial.json: whose it is is not known" for folder in folders]
