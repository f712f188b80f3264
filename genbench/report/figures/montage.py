"""Figures of pictures: samples over time, final samples by seed and by setting, nearest neighbours; read from the
trials' folders.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genbench import files
from genbench.errors import DataError
from genbench.report.figures.style import COLUMN, DPI, INK, LETTER, panel, sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL import Image

CELL = 1.0
"""Inches: the side of a small picture; three fit on a phone."""
TITLE, GAP, LINE = 0.17, 0.05, 0.15
"""Inches: the room for a title, between pictures, and for a line of the names of rows."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A picture and the words above it."""

    picture: Path
    title: str = ""


def of_metrics(samples: Sequence[Path]) -> list[Path]:
    """Of a trial's pictures those of what metrics looked at when its training had ended."""
    return [path for path in samples if not path.stem[0].isdigit() and path.stem != "final"]


def rows(names: Mapping[str, Sequence[Cell | None]], side: float = CELL) -> Figure:
    """Small pictures in rows, each row with its name at the left."""
    margin = _margin(names, side)
    figure = sheet(
        max(COLUMN, margin + max(map(len, names.values())) * (side + GAP)), len(names) * (side + TITLE) + GAP
    )
    for line, (name, cells) in enumerate(names.items()):
        _row(figure, margin, line * (side + TITLE), side, cells, name)
    return figure


def blocks(grids: Mapping[str, Mapping[str, Sequence[Cell | None]]], heads: Sequence[str], side: float = 0.9) -> Figure:
    """Grids beside each other, three at most in a line: by name, each with rows by name and the same heads above its
    columns.
    """
    across = min(3, len(grids))
    lines = max(map(len, grids.values()))
    margin = max(_margin(grid, side) for grid in grids.values())
    width, height = margin + len(heads) * (side + GAP) + 0.1, lines * (side + TITLE) + 0.45
    figure = sheet(max(COLUMN, across * width), -(-len(grids) // across) * height)
    for number, (name, grid) in enumerate(grids.items()):
        left, top = number % across * width + margin, number // across * height
        _words(figure, left + len(heads) * (side + GAP) / 2, top + 0.13, name, fontsize=10, weight="bold")
        for column, head in enumerate(heads):
            _words(figure, left + column * (side + GAP) + side / 2, top + 0.33, head)
        for line, (row, cells) in enumerate(grid.items()):
            _row(figure, left, top + 0.4 + line * (side + TITLE), side, cells, row)
    return figure


def gallery(cells: Sequence[Cell]) -> Figure:
    """Large pictures under each other, every one as wide as a column if it has the pixels."""
    sizes = []
    for cell in cells:
        across, down = _picture(cell.picture).size
        scale = min(1.0 if across > DPI * COLUMN / 2 else 2.0, (COLUMN - 0.1) * DPI / across)
        sizes.append((across * scale / DPI, down * scale / DPI))
    figure = sheet(COLUMN, sum(height + TITLE + GAP for _, height in sizes))
    top = 0.0
    for cell, (width, height) in zip(cells, sizes, strict=True):
        _show(figure, (COLUMN - width) / 2, top, width, height, cell)
        top += height + TITLE + GAP
    return figure


def _wrapped(name: str, side: float) -> str:
    """A row's name in lines as long as its pictures are high."""
    return textwrap.fill(name, int(side / LETTER))


def _margin(names: Iterable[str], side: float) -> float:
    """Inches that the names of rows need, written upwards."""
    return 0.12 + LINE * max(_wrapped(name, side).count("\n") + 1 for name in names)


def _row(figure: Figure, left: float, top: float, side: float, cells: Sequence[Cell | None], name: str) -> None:
    """A row of square cells below the room for their titles, from `left` on, with its name before it."""
    _words(
        figure,
        left - 0.06,
        top + TITLE + side / 2,
        _wrapped(name, side),
        rotation=90,
        ha="right",
        multialignment="center",
    )
    for column, cell in enumerate(cells):
        if cell is not None:
            _show(figure, left + column * (side + GAP), top, side, side, cell)


def _show(figure: Figure, left: float, top: float, width: float, height: float, cell: Cell) -> None:
    """A picture below its title, shrunk to the pixels that it will have."""
    from PIL import Image

    side = round(max(width, height) * DPI)
    picture = _picture(cell.picture)
    picture.thumbnail((side, side), Image.Resampling.BOX)
    axis = panel(figure, left, top + TITLE, width, height)
    axis.imshow(np.asarray(picture), interpolation="auto", aspect="equal")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.grid(visible=False)
    for spine in axis.spines.values():
        spine.set(linewidth=0.4, color=INK)
    _words(figure, left + width / 2, top + TITLE / 2 + 0.01, cell.title)


def _picture(path: Path) -> Image.Image:
    """A picture of samples; raises DataError for one that cannot be read."""
    try:
        with files.picture(path, ("PNG",)) as opened:
            return opened.convert("RGB")
    except Exception as error:  # Pillow's decoders raise errors of many kinds for damaged files
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DataError(f"{path} cannot be read as a picture: {reason}; remove it") from error


def _words(figure: Figure, left: float, top: float, words: str, *, ha: str = "center", **style: Any) -> None:
    width, height = figure.get_size_inches()
    figure.text(left / width, 1 - top / height, words, ha=ha, va="center", **{"fontsize": 8, **style})
