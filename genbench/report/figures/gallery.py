"""The figures that a study has: what each shows in words, how it is drawn, and the files that it becomes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from genbench import files
from genbench.config.machine import cores
from genbench.errors import GenbenchError
from genbench.report import logged
from genbench.report.figures import curves, plots, samples, style
from genbench.report.figures.curves import Curve
from genbench.report.figures.figure import Figure, Trials, slug

ENOUGH = 15
"""Figures that are worth a process, which takes two seconds to start."""
ROWS = 40
"""Conditions up to which every one has a row in the figures of scores."""


def of(trials: Trials) -> tuple[tuple[Figure, ...], list[str]]:
    """The figures that these trials have, in the order in which a reader wants them; and a line for every log that is
    damaged.
    """
    faces = style.looks(trials.records["contender"]) | style.looks(trials.records["label"])
    drawn, problems = _curves(trials, faces)
    found = [
        *_scores(trials, faces),
        *_sensitivities(trials, faces),
        *samples.of(trials),
        *drawn,
        *_parallel(trials, faces),
    ]
    return tuple(found), problems


def save(figures: Iterable[Figure], folder: Path) -> None:
    """Draw every figure into a folder, as NAME.png and NAME.pdf; many of them in several processes. Raises
    GenbenchError where that cannot be.
    """
    figures = list(figures)
    shares = max(1, min(cores(), len(figures) // ENOUGH))
    own, *others = [figures[number::shares] for number in range(shares)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            # Spawned: what the calling process has running, threads for example, is not theirs to inherit.
            pool = stack.enter_context(ProcessPoolExecutor(len(others), get_context("spawn"))) if others else None
            drawn = [pool.submit(_save, share, folder) for share in others] if pool else []
            _save(own, folder)
            for one in drawn:
                one.result()
    except OSError as error:
        raise GenbenchError(f"the figures cannot be written into {folder}: {error.strerror or error}") from error


def _save(figures: Sequence[Figure], folder: Path) -> None:
    with style.styled():
        for figure in figures:
            drawing = figure.draw()
            undated = {"CreationDate": None, "Creator": None, "Producer": None}
            with files.creating(folder / f"{figure.name}.png") as file:
                drawing.savefig(file, format="png", dpi=style.DPI, metadata={"Software": None})
            with files.creating(folder / f"{figure.name}.pdf") as file:
                drawing.savefig(file, format="pdf", metadata=undated)


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
            section="Scores of every seed",
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
                section="Sensitivity to settings",
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


def _curves(trials: Trials, faces: Mapping[str, style.Look]) -> tuple[list[Figure], list[str]]:
    found: dict[tuple[str, str], list[Curve]] = {}
    problems = []
    for row in trials.records.to_dict("records"):
        try:
            rows_of_log = logged.read(trials.folder / "trials" / row["trial"])
        except GenbenchError as error:
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
    figures = []
    for (kind, name), lines in sorted(found.items(), key=lambda item: item[0][0] != "metrics"):
        if not any(np.isfinite(line.values).any() for line in lines):
            continue
        label = trials.directed(name) if kind == "metrics" else name
        log = (kind == "values" or trials.may_be_logarithmic(name)) and curves.spans_decades(lines)
        groups = len({(line.contender, line.condition) for line in lines})
        how = "a line per contender" + (" and condition" if groups > len({line.contender for line in lines}) else "")
        how += ", the mean over its seeds" if len(lines) > groups else ""
        how += ", with a band from the lowest to the highest" if groups <= curves.BANDS and len(lines) > groups else ""
        caption = f"{name} against images, updates and seconds: {how}"
        caption += "; a cross where a trial diverged." if any(line.diverged for line in lines) else "."
        figures.append(
            Figure(
                name=f"{trials.prefix}{'curve' if kind == 'metrics' else 'log'}-{slug(name)}",
                section="Scores during training" if kind == "metrics" else "What the trainers logged",
                caption=caption,
                alt=f"Curves of {label}; last values: " + _last_values(lines),
                draw=partial(curves.draw, lines, label, faces, log=log),
            )
        )
    return figures, problems


def _parallel(trials: Trials, faces: Mapping[str, style.Look]) -> Iterator[Figure]:
    finished = trials.records[trials.records["status"] == "finished"]
    columns = [
        name for name in (*trials.shared, *trials.own, *trials.metrics) if finished[name].astype(str).nunique() > 1
    ]
    if len(columns) >= 3 and len(finished) >= 3:
        words = ", ".join(name.removeprefix("settings.") for name in columns)
        yield Figure(
            name=f"{trials.prefix}parallel",
            section="All settings and scores at once",
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
