"""Pictures of training in their order: which moments are shown, and which picture of a trial belongs to each."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from genbench.report.figures.montage import Cell

MOMENTS = 6
"""Columns of a course."""

Moments = Mapping[int, Path]
"""Images taken to the picture of that moment."""


def moments(samples: Iterable[Path]) -> dict[str, dict[int, Path]]:
    """Of a trial's pictures those from training: what they show (nothing: the samples) to when and where."""
    found: dict[str, dict[int, Path]] = {}
    for path in samples:
        if match := re.fullmatch(r"(\d+)(?:-(.+))?", path.stem):
            found.setdefault(match[2] or "", {})[int(match[1])] = path
    return found


def columns(courses: Sequence[Mapping[str, Moments]]) -> list[int]:
    """Up to six moments that all rows of a figure share: those at which a trial shows more than its samples, so that
    one can compare them, and between them others of the trial with the most pictures, evenly spread.
    """
    longest = max((sorted(course.get("", {})) for course in courses), key=len, default=[])
    more = sorted({images for course in courses for what, own in course.items() if what for images in own})
    chosen = _spread(more, MOMENTS)
    return sorted([*chosen, *_spread([images for images in longest if images not in more], MOMENTS - len(chosen))])


def row(own: Moments, shared: Sequence[int]) -> list[Cell | None]:
    """For each shared moment the picture nearest to it, titled with its own images; none where all are nearer to
    another moment: methods do not take images in steps of one size.
    """
    gaps = [after - before for before, after in pairwise(shared)]
    cells: list[Cell | None] = []
    for number, moment in enumerate(shared):
        room = min(gaps[max(0, number - 1) : number + 1], default=math.inf)
        nearest = min(own, key=lambda images: abs(images - moment), default=None)
        is_near = nearest is not None and 2 * abs(nearest - moment) < room
        cells.append(Cell(picture=own[nearest], title=f"{nearest:,}") if nearest is not None and is_near else None)
    return cells


def _spread(moments: Sequence[int], count: int) -> list[int]:
    """Up to so many of them, from the first to the last."""
    places = np.linspace(0, len(moments) - 1, max(0, min(len(moments), count))).round().astype(int)
    return [moments[place] for place in dict.fromkeys(places.tolist())]
