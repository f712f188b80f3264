"""The figures that a study has: what each shows in words, and how it is drawn."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import NoReturn

import numpy as np
import pandas as pd

from genbench.errors import GenbenchError
from genbench.report import logged
from genbench.report.figures import curves, drawing, plots, samples, style
from genbench.report.figures.curves import Curve
from genbench.report.figures.figure import Figure, Trials, slug
from genbench.report.logged import CLOCKS

SCORES, SENSITIVITY = "Scores of every seed", "Sensitivity to settings"
LOGGED, PARALLEL = "What the trainers logged", "All settings and scores at once"
"""Sections of figures."""
ROWS = 40
"""Conditions up to which every one has a row in the figures of scores."""


def of(trials: Trials) -> tuple[tuple[Figure, ...], list[str]]:
    """The figures that these trials have, in the order in which a reader wants them; and a line for every log that is
    damaged.
    """
    faces = style.looks(trials.records["contender"]) | style.looks(trials.records["label"])
    read, problems = _logged(trials)
    sections = {
        SCORES: _scores(trials, faces),
        SENSITIVITY: _sensitivities(trials, faces),
        samples.SECTION: samples.of(trials) if trials.folder else iter(()),
        LOGGED: _curves(trials, read, faces),
        PARALLEL: _parallel(trials, faces),
    }
    found: list[Figure] = []
    for section, figures in sections.items():
        try:
            found.extend(figures)
        except Exception as error:  # as where a figure is drawn: strange numbers cost what shows them, not the page
            found.append(_missing(f"{trials.prefix}{slug(section)}", section, drawing.reason(error)))
    return tuple(found), [*problems, *(samples.strangers(trials) if trials.folder else ())]


def _missing(name: str, section: str, problem: str) -> Figure:
    """What stands in the place of the figures of a section that could not even be begun."""
    caption = "The figures that would follow here."
    return Figure(name=name, section=section, caption=caption, alt=caption, draw=_nothing, problem=problem)


def _nothing() -> NoReturn:
    raise AssertionError("a figure with a problem is not drawn")


def _scores(trials: Trials, faces: Mapping[str, style.Look]) -> Iterator[Figure]:
    records = trials.records
    if records["condition"].nunique() > ROWS:
        records = records.assign(condition="")
    for metric in trials.metrics:
        finite = records[np.isfinite(records[metric])]
        if len(finite) < 2:
            continue
        left_out = int((~np.isfinite(records[metric]) & records[metric].notna()).sum())
        caption = f"{metric}: a point per trial, a bar at the mean{_box(finite)}."
        if records is not trials.records:
            caption += f" The {trials.records['condition'].nunique()} conditions are pooled."
        if left_out:
            caption += f" {left_out} values are not finite and not shown."
        yield Figure(
            name=f"{trials.prefix}scores-{slug(metric)}",
            section=SCORES,
            caption=caption,
            alt=f"Points of {trials.directed(metric)}: " + _ranges(finite, metric, "contender"),
            draw=partial(
                plots.strip, finite, metric, trials.directed(metric), faces, log=_logarithmic(trials, finite, metric)
            ),
        )


def _sensitivities(trials: Trials, faces: Mapping[str, style.Look]) -> Iterator[Figure]:
    for setting in [*trials.shared, *trials.own]:
        column = trials.records[setting]
        if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in column.dropna()):
            continue
        for metric in trials.metrics:
            shown = trials.records[np.isfinite(trials.records[metric]) & column.notna()]
            if trials.directions.get(metric) == "neither" or shown[setting].nunique() < 2:
                continue
            others = [name for name in (*trials.shared, *trials.own) if name != setting]
            word = setting.removeprefix("settings.")
            yield Figure(
                name=f"{trials.prefix}sensitivity-{slug(word)}-{slug(metric)}",
                section=SENSITIVITY,
                caption=f"{metric} against {word}: means, every trial, and from the lowest to the highest"
                + (
                    f"; over all values of {', '.join(name.removeprefix('settings.') for name in others)}."
                    if others
                    else "."
                ),
                alt=f"{trials.directed(metric)} against {word}, mean by value: "
                + "; ".join(
                    f"{label} {_means(own, setting, metric)}" for label, own in shown.groupby("label", sort=False)
                ),
                draw=partial(
                    plots.sensitivity,
                    shown,
                    metric,
                    setting,
                    trials.directed(metric),
                    faces,
                    log=_logarithmic(trials, shown, metric),
                ),
            )


def _logged(trials: Trials) -> tuple[dict[tuple[str, str], list[Curve]], list[str]]:
    """All curves in the logs of the trials, by kind and name; and a line for every log that is damaged."""
    found: dict[tuple[str, str], list[Curve]] = {}
    problems = []
    for row in trials.records.to_dict("records") if trials.folder else ():
        try:
            rows_of_log = logged.read(trials.trial(row["trial"]))
        except (GenbenchError, OSError) as error:
            problems.append(str(error))
            continue
        for (kind, name), (clocks, values) in rows_of_log.items():
            curve = Curve(
                contender=row["contender"],
                condition=row["condition"],
                clocks=clocks,
                values=values,
                diverged=row["status"] == "diverged",
            )
            found.setdefault((kind, name), []).append(curve)
    return found, problems


def _curves(
    trials: Trials, found: Mapping[tuple[str, str], Sequence[Curve]], faces: Mapping[str, style.Look]
) -> Iterator[Figure]:
    for (kind, name), lines in sorted(found.items(), key=lambda item: item[0][0] != "metrics"):
        if not any(np.isfinite(line.values).any() for line in lines):
            continue
        label = trials.directed(name) if kind == "metrics" else name
        clocks: Collection[str] = CLOCKS if kind == "metrics" else ("images",)
        log = (kind == "values" or trials.may_be_logarithmic(name)) and curves.spans_decades(lines)
        groups = len({(line.contender, line.condition) for line in lines})
        how = "a line per contender" + (" and condition" if groups > len({line.contender for line in lines}) else "")
        how += ", the mean over its seeds" if len(lines) > groups else ""
        how += ", with a band from the lowest to the highest" if groups <= curves.BANDS and len(lines) > groups else ""
        how += "; seeds that share no stretch of a clock one by one" if not curves.all_share(lines, clocks) else ""
        caption = f"{name} against {'images, updates and seconds' if clocks is CLOCKS else 'images'}: {how}"
        caption += "; a cross where a trial diverged." if any(line.diverged for line in lines) else "."
        yield Figure(
            name=f"{trials.prefix}{'curve' if kind == 'metrics' else 'log'}-{slug(name)}",
            section="Scores during training" if kind == "metrics" else LOGGED,
            caption=caption,
            alt=f"Curves of {label}; last values: " + _last_values(lines),
            draw=partial(curves.draw, lines, label, faces, log=log, clocks=clocks),
        )


def _parallel(trials: Trials, faces: Mapping[str, style.Look]) -> Iterator[Figure]:
    finished = trials.records[trials.records["status"] == "finished"]
    columns = [
        name for name in (*trials.shared, *trials.own, *trials.metrics) if finished[name].astype(str).nunique() > 1
    ]
    if len(columns) >= 3 and len(finished) >= 3:
        words = ", ".join(name.removeprefix("settings.") for name in columns)
        yield Figure(
            name=f"{trials.prefix}parallel",
            section=PARALLEL,
            caption=(
                "Parallel coordinates: a line per finished trial, every axis from its smallest value to its largest."
            ),
            alt=f"{len(finished)} lines across axes of {words}; the table of trials has the same numbers",
            draw=partial(plots.parallel, finished, columns, faces),
        )


def _logarithmic(trials: Trials, records: pd.DataFrame, metric: str) -> bool:
    return trials.may_be_logarithmic(metric) and plots.is_wide(records[metric].to_numpy(dtype=float))


def _box(records: pd.DataFrame) -> str:
    return (
        ", a box over the quartiles"
        if records.groupby(["contender", "condition"]).size().max() >= plots.BOX_FROM
        else ""
    )


def _ranges(records: pd.DataFrame, metric: str, by: str) -> str:
    words = [
        f"{name} {own.min():.3g} to {own.max():.3g}, mean {own.mean():.3g}, {len(own)} trials"
        for name, own in records.groupby(by, sort=False)[metric]
    ]
    return "; ".join(words)


def _means(records: pd.DataFrame, setting: str, metric: str) -> str:
    return ", ".join(
        f"{mean:.3g} at {value:g}"
        for value, mean in records.astype({setting: float}).groupby(setting)[metric].mean().items()
    )


def _last_values(lines: Sequence[Curve]) -> str:
    found: dict[str, list[float]] = {}
    for line in lines:
        finite = line.values[np.isfinite(line.values)]
        if len(finite):
            found.setdefault(line.contender, []).append(float(finite[-1]))
    return "; ".join(
        f"{name} {min(values):.3g}" + (f" to {max(values):.3g}" if len(values) > 1 else "")
        for name, values in found.items()
    )
