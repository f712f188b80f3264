"""Figures of numbers: the seeds' scores, a score against a setting, all scores and settings at once."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from genbench.report.figures.style import COLUMN, INK, LETTER, Look, key, key_height, log_scale, panel, sheet, upright

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

BOX_FROM = 5
"""Seeds from which on a box is drawn: the quartiles of fewer points say nothing that the points do not."""
LABEL = 18
"""Letters of a row's name before it goes on in the next line."""
WIDE = 100
"""Positive numbers whose largest is so many times the smallest are drawn on a logarithmic axis."""


def strip(trials: pd.DataFrame, metric: str, label: str, looks: Mapping[str, Look], *, log: bool) -> Figure:
    """A metric's value of every trial: a row per condition, or per contender where there is one condition; a point per
    seed, a bar at the mean.
    """
    import seaborn

    shown = trials[np.isfinite(trials[metric])]
    several = shown["condition"].nunique() > 1
    rows = list(dict.fromkeys(shown["condition" if several else "contender"]))
    contenders = list(dict.fromkeys(shown["contender"]))
    lanes = len(contenders) if several else 1
    names = [textwrap.fill(name, LABEL, break_long_words=True) for name in rows]
    lines = [line for name in names for line in name.splitlines()] or [""]
    left = 0.15 + LETTER * max(map(len, lines))
    height = len(rows) * max(0.17 * lanes + 0.12, 0.3, 0.14 * max(name.count("\n") + 1 for name in names) + 0.08)
    foot = key_height(contenders, COLUMN) if several else 0.0
    figure = sheet(COLUMN, height + 0.6 + foot)
    axis = panel(figure, left, 0.1, COLUMN - left - 0.15, height)
    for lane, contender in enumerate(contenders):
        look, own = looks[contender], shown[shown["contender"] == contender]
        offset = 0.8 * ((lane + 0.5) / lanes - 0.5) if several else 0.0
        places = (
            own["condition" if several else "contender"]
            .map({name: row + offset for row, name in enumerate(rows)})
            .to_numpy(dtype=float)
        )
        values = own[metric].to_numpy(dtype=float)
        crowded = np.isin(
            places,
            [place for place, count in zip(*np.unique(places, return_counts=True), strict=True) if count >= BOX_FROM],
        )
        if crowded.any():
            seaborn.boxplot(
                x=values[crowded],
                y=places[crowded],
                ax=axis,
                orient="h",
                native_scale=True,
                width=0.56 / lanes,
                color=look.colour,
                boxprops={"alpha": 0.25},
                showfliers=False,
                linewidth=0.8,
            )
        means = [(values[places == place].mean(), place) for place in np.unique(places) if (places == place).sum() > 1]
        if means:
            axis.plot(*zip(*means, strict=True), "|", color=INK, markersize=15, markeredgewidth=1.2, zorder=2)
        axis.plot(
            values,
            places + _lifts(places) / lanes,
            look.marker,
            color=look.colour,
            markeredgecolor=INK,
            markeredgewidth=0.4,
            alpha=0.85,
            zorder=3,
        )
    axis.set_yticks(range(len(rows)), names)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_ylabel("")
    axis.set_xlabel(label)
    if log:
        log_scale(axis, "x")
    else:
        axis.locator_params(axis="x", nbins=6)
    if foot:
        key(figure, {name: looks[name] for name in contenders}, lines=False)
    return figure


def sensitivity(
    trials: pd.DataFrame, metric: str, setting: str, label: str, looks: Mapping[str, Look], *, log: bool
) -> Figure:
    """A metric against a numeric setting: a line through the means of each method, a band from its lowest to its
    highest trial, a point per trial.
    """
    shown = trials[np.isfinite(trials[metric]) & trials[setting].notna()]
    methods = list(dict.fromkeys(shown["label"]))
    foot = key_height(methods, COLUMN)
    figure = sheet(COLUMN, 2.6 + foot)
    axis = panel(figure, 0.75, 0.18, COLUMN - 0.9, 1.95)
    for method in methods:
        own = shown[shown["label"] == method].astype({setting: float}).sort_values(setting)
        look, grouped = looks[method], own.groupby(setting)[metric]
        values = grouped.mean().index.to_numpy()
        axis.fill_between(values, grouped.min(), grouped.max(), color=look.colour, alpha=0.15, linewidth=0)
        axis.plot(values, grouped.mean(), color=look.colour, linestyle=look.line)
        axis.plot(
            own[setting],
            own[metric],
            look.marker,
            color=look.colour,
            markeredgecolor=INK,
            markeredgewidth=0.4,
            alpha=0.85,
        )
    if is_wide(shown[setting].to_numpy(dtype=float), times=8):
        log_scale(axis, "x")
    if log:
        log_scale(axis, "y")
    _few_ticks(axis, sorted(set(shown[setting].astype(float))))
    axis.set_xlabel(setting.removeprefix("settings."))
    upright(figure, label, foot)
    if foot:
        key(figure, {name: looks[name] for name in methods})
    return figure


def parallel(trials: pd.DataFrame, columns: Sequence[str], looks: Mapping[str, Look]) -> Figure:
    """A line per trial across an axis per setting and metric, each axis from its smallest value at the bottom to its
    largest.
    """
    methods = list(dict.fromkeys(trials["label"]))
    width = max(COLUMN, 1.1 * len(columns))
    names = [name.removeprefix("settings.").replace(".", ".\n").replace("_", "_\n") for name in columns]
    below = 0.35 + 0.15 * max(name.count("\n") + 1 for name in names)
    foot = key_height(methods, width)
    figure = sheet(width, 2.4 + below + foot)
    axis = panel(figure, 0.1, 0.05, width - 0.2, 2.3)
    heights = np.stack([_heights(trials[name]) for name in columns], axis=1)
    for line, method in zip(heights, trials["label"], strict=True):
        look = looks[method]
        axis.plot(
            range(len(columns)),
            line,
            color=look.colour,
            linestyle=look.line,
            marker=look.marker,
            markersize=3,
            alpha=0.6,
            linewidth=0.9,
        )
    for place, name in enumerate(columns):
        axis.axvline(place, color=INK, linewidth=0.8, zorder=0)
        lowest, highest = _ends(trials[name])
        axis.text(place, -0.05, lowest, ha="center", va="top", fontsize=8)
        axis.text(place, 1.05, highest, ha="center", va="bottom", fontsize=8)
    axis.set_xticks(range(len(columns)), names)
    axis.tick_params(axis="x", length=0, pad=12)
    axis.set_yticks([])
    axis.set_ylim(-0.05, 1.14)
    axis.set_xlim(-0.4, len(columns) - 0.6)
    axis.grid(visible=False)
    for side in axis.spines.values():
        side.set_visible(False)
    if foot:
        key(figure, {name: looks[name] for name in methods})
    return figure


def is_wide(values: NDArray[np.float64], times: float = WIDE) -> bool:
    """Whether numbers are all positive, and the largest so many times the smallest that a logarithmic axis shows them
    better.
    """
    return bool(len(values)) and bool(values.min() > 0) and bool(values.max() >= times * values.min())


def _lifts(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """A little up or down for every point of a row, so that equal values stay apart."""
    lifts = np.zeros(len(places))
    for place in np.unique(places):
        own = places == place
        if own.sum() > 1:
            lifts[own] = np.linspace(-0.12, 0.12, own.sum())
    return lifts


def _few_ticks(axis: Axes, values: Sequence[float]) -> None:
    """A tick at every value of a setting, when they are few; none so near to another that their numbers would run
    together.
    """
    if len(values) > 6:
        return
    places = axis.transData.transform([(value, axis.get_ylim()[0]) for value in values])[:, 0] / axis.figure.dpi
    chosen: list[int] = []
    for number, place in enumerate(places):
        if not chosen or place - places[chosen[-1]] > 0.45:
            chosen.append(number)
    axis.set_xticks([values[number] for number in chosen], [_short(values[number]) for number in chosen])
    axis.set_xticks([], minor=True)


def _short(value: float) -> str:
    from matplotlib.ticker import EngFormatter

    return f"{value:g}" if abs(value) < 10_000 else str(EngFormatter(sep="")(value))


def _heights(column: pd.Series) -> NDArray[np.float64]:
    """A column's values between 0 and 1: numbers by size, words by order of appearance."""
    numbers = pd.to_numeric(column, errors="coerce").replace([np.inf, -np.inf], np.nan)
    if numbers.isna().all():
        numbers = pd.Series(pd.factorize(column.astype(str))[0], index=column.index, dtype=float)
    span = numbers.max() - numbers.min()
    return ((numbers - numbers.min()) / span if span > 0 else numbers * 0 + 0.5).to_numpy(dtype=float)


def _ends(column: pd.Series) -> tuple[str, str]:
    """What stands at the bottom and at the top of an axis."""
    numbers = pd.to_numeric(column, errors="coerce").replace([np.inf, -np.inf], np.nan)
    if numbers.isna().all():
        words = list(dict.fromkeys(column.astype(str)))
        return words[0], words[-1]
    return f"{numbers.min():.3g}", f"{numbers.max():.3g}"
