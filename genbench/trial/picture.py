"""The id of its trial that a picture of samples carries, so that it is shown as no other trial's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genbench import files

if TYPE_CHECKING:
    from PIL.PngImagePlugin import PngInfo

CARRIES = "genbench.trial"
"""The name of the text in a PNG that is the id of its trial."""


def carried(trial: str) -> PngInfo:
    """What a PNG of the trial with that id carries; nothing of an empty one."""
    from PIL.PngImagePlugin import PngInfo

    information = PngInfo()
    if trial:
        information.add_text(CARRIES, trial)
    return information


def of_trial(samples: Path, trial: str) -> list[Path]:
    """The pictures in a folder of samples that may be shown as those of the trial with that id, sorted.

    Pictures of version 0.1.0 carry no id and are taken.
    """
    return [path for path in sorted(samples.glob("*.png")) if not problem_with(path, trial)]


def problem_with(path: Path, trial: str) -> str:
    """Why a picture cannot be shown as one of the trial with that id; empty where it can."""
    try:
        with files.picture(path, ("PNG",)) as picture:
            whose = picture.info.get(CARRIES, trial)
    except (OSError, ValueError, SyntaxError) as error:
        return f"{path} is no picture that can be shown: {error}"
    return "" if whose == trial else f"{path} is of trial {str(whose)[:20]}, not of {trial}; it is not shown"
