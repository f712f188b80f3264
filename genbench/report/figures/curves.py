"""Curves of training: the values that trainers log and the scores during training, on each of the three clocks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genbench.report.figures.plots import is_wide
from genbench.report.figures.style import COLUMN, Look, key, key_height, log_scale, panel, sheet, upright
from genbench.report.logged import CLOCKS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT = 1.3
"""Inches of one panel."""
POINTS = 120
"""Places on a clock at which the seeds of one line are averaged."""
BANDS = 8
"""Lines up to which bands are drawn; more would hide each other."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One logged value or score of one trial."""

    contender: str
    condition: str
    clocks: Mapping[str, NDArray[np.float64]]
    values: NDArray[np.float64]
    diverged: bool


def draw(
    curves: Iterable[Curve], label: str, looks: Mapping[str, Look], *, log: bool, clocks: Collection[str] = CLOCKS
) -> Figure:
    """One value against images, updates and seconds, or some of these: a line per contender and condition, the mean
    over seeds, with a band from lowest to highest.

    A cross is where a trial diverged.
    """
    curves = list(curves)
    groups: dict[tuple[str, str], list[Curve]] = {}
    for curve in curves:
        groups.setdefault((curve.contender, curve.condition), []).append(curve)
    contenders = list(dict.fromkeys(contender for contender, _ in groups))
    foot = key_height(contenders, COLUMN)
    figure = sheet(COLUMN, len(clocks) * (HEIGHT + 0.5) + 0.15 + foot)
    for place, clock in enumerate(clocks):
        axis = panel(figure, 0.75, 0.18 + place * (HEIGHT + 0.5), COLUMN - 0.87, HEIGHT)
        for (contender, _), seeds in groups.items():
            _line(axis, seeds, clock, looks[contender], band=len(groups) <= BANDS)
        axis.set_xlabel(CLOCKS[clock], labelpad=1)
        _clock_ticks(axis, clock)
        if log:
            log_scale(axis, "y")
    whose = "" if foot else f" ({contenders[0]})"
    upright(figure, label + whose, foot)
    if foot:
        key(figure, {name: looks[name] for name in contenders})
    return figure


def spans_decades(curves: Iterable[Curve]) -> bool:
    """Whether a logarithmic axis shows the curves better."""
    return is_wide(np.concatenate([curve.values[np.isfinite(curve.values)] for curve in curves]))


def all_share(curves: Iterable[Curve], clocks: Collection[str] = CLOCKS) -> bool:
    """Whether the seeds of every line have values at common places of the clocks, so that there is a mean."""
    groups: dict[tuple[str, str], list[Curve]] = {}
    for curve in curves:
        groups.setdefault((curve.contender, curve.condition), []).append(curve)
    return all(len(seeds) < 2 or len(_shared(seeds, clock)[0]) > 0 for seeds in groups.values() for clock in clocks)


def _line(axis: Axes, seeds: list[Curve], clock: str, look: Look, *, band: bool) -> None:
    places, rows = _shared(seeds, clock)
    if len(places) == 0:  # as where they trained at very different speeds, and only for a moment
        for seed in seeds:
            finite = np.isfinite(seed.values)
            axis.plot(
                seed.clocks[clock][finite],
                seed.values[finite],
                color=look.colour,
                linestyle=look.line,
                alpha=0.5,
                linewidth=0.8,
                marker=look.marker if finite.sum() == 1 else "",
            )
        return
    there = np.isfinite(rows)
    means = np.where(there, rows, 0).sum(axis=0) / there.sum(axis=0)
    few = (
        {"marker": look.marker}
        if max(len(seed.values) for seed in seeds) <= 1
        else {"marker": look.marker, "markevery": max(1, len(places) // 5)}
    )
    axis.plot(
        places,
        means,
        color=look.colour,
        linestyle=look.line,
        alpha=1.0 if band else 0.75,
        linewidth=1.3 if band else 1.0,
        **few,
    )
    if band and len(seeds) > 1:
        axis.fill_between(
            places,
            np.where(there, rows, np.inf).min(axis=0),
            np.where(there, rows, -np.inf).max(axis=0),
            color=look.colour,
            alpha=0.18,
            linewidth=0,
        )
    for seed in seeds:
        finite = np.isfinite(seed.values)
        if seed.diverged and finite.any():
            axis.plot(
                seed.clocks[clock][finite][-1:],
                seed.values[finite][-1:],
                "x",
                color=look.colour,
                markersize=7,
                markeredgewidth=1.8,
                zorder=5,
            )


def _shared(seeds: Sequence[Curve], clock: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places on a clock at which there is a mean over the seeds, and the value of each seed there [seeds, places]."""
    low, high = min(seed.clocks[clock][0] for seed in seeds), max(seed.clocks[clock][-1] for seed in seeds)
    places = np.linspace(low, high, POINTS) if len(seeds) > 1 else seeds[0].clocks[clock]
    rows = np.stack([np.interp(places, seed.clocks[clock], seed.values, left=np.nan, right=np.nan) for seed in seeds])
    there = np.isfinite(rows)
    # Where one that trained to its end has no value the mean would jump; one that diverged has none from there on.
    needed = there[[not seed.diverged for seed in seeds]].all(axis=0) & there.any(axis=0)
    return places[needed], rows[:, needed]


def _clock_ticks(axis: Axes, clock: str) -> None:
    from matplotlib.ticker import EngFormatter, MaxNLocator

    axis.xaxis.set_major_locator(MaxNLocator(5))
    if clock != "train_seconds":
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
