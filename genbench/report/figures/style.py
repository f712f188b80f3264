"""How contenders look in figures: a colour, a marker and a line each, told apart without colour too; and the size of
the type.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#F0E442")
"""Colours that colour-blind readers can tell apart (Okabe & Ito 2008), the palest last."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LINES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (6, 2, 1, 2)))

DPI = 192
"""Pixels per inch of a PNG; a page shows two to a CSS pixel, so that an inch is an inch and a point is a point."""
COLUMN = 3.5
"""Inches: the width of a figure that fits on a phone, and twice on a sheet of paper."""
LETTER = 0.072
"""Inches: the width of a letter of small type, rather too much than too little."""
INK, PALE = "#222222", "#DDDDDD"

STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.6,
    "axes.formatter.limits": (-4, 5),
    "grid.color": PALE,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.5,
    "text.parse_math": False,  # a method's name may hold a dollar sign
    "pdf.fonttype": 3,
    "savefig.facecolor": "white",
    "figure.max_open_warning": 0,
}


@dataclass(frozen=True)
class Look:
    """The look of one contender, the same in every figure of a report."""

    colour: str
    marker: str
    line: Any


def looks(contenders: Iterable[str]) -> dict[str, Look]:
    """A look for every contender, in their order; with more contenders than colours, the same colour comes with other
    markers and lines.
    """
    return {
        name: Look(
            COLOURS[n % len(COLOURS)],
            MARKERS[(n + n // len(COLOURS)) % len(MARKERS)],
            LINES[(n + n // len(COLOURS)) % len(LINES)],
        )
        for n, name in enumerate(dict.fromkeys(contenders))
    }


def sheet(width: float, height: float) -> Figure:
    """An empty figure of so many inches; it belongs to no window and is gone when nobody holds it."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes whose upper left corner is so many inches from that of the figure.

    Placed by hand: letting matplotlib find the places takes it as long as drawing does.
    """
    across, down = figure.get_size_inches()
    return figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))


def key(figure: Figure, looks: Mapping[str, Look], *, lines: bool = True) -> None:
    """A legend at the foot of a figure, in the room that `key_height` says."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [],
            [],
            color=look.colour,
            marker=look.marker,
            linestyle=look.line if lines else "",
            markeredgecolor=INK,
            markeredgewidth=0.4,
        )
        for look in looks.values()
    ]
    columns = _key_columns(looks, figure.get_figwidth())
    figure.legend(
        handles, list(looks), loc="lower center", ncols=columns, handlelength=2.6, borderaxespad=0.2, columnspacing=1.2
    )


def key_height(names: Collection[str], width: float) -> float:
    """Inches that a legend of these names needs in a figure so wide; none for one name, which needs no legend."""
    return 0.08 + 0.17 * math.ceil(len(names) / _key_columns(names, width)) if len(names) > 1 else 0.0


def _key_columns(names: Collection[str], width: float) -> int:
    return max(1, min(len(names), int(width / (0.62 + LETTER * max(map(len, names))))))


def upright(figure: Figure, words: str, foot: float) -> None:
    """What a figure's vertical axes show, along its left edge above the key; a long name in smaller type."""
    room = figure.get_figheight() - foot - 0.1
    size = 9 * min(1, room / (LETTER * len(words)))
    middle = 0.5 + foot / figure.get_figheight() / 2
    figure.text(0.04 / figure.get_figwidth(), middle, words, rotation=90, va="center", ha="left", fontsize=size)


def log_scale(axes: Axes, which: Literal["x", "y"]) -> None:
    """Make one axis logarithmic, its numbers in plain type."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the style of reports, on no screen."""
    import matplotlib

    matplotlib.use("Agg")
    import seaborn

    with seaborn.axes_style("whitegrid"), matplotlib.rc_context(STYLE):
        yield
