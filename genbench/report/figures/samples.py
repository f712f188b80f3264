"""Which pictures of samples a report shows, and how they are arranged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from genbench.report.figures import course, montage
from genbench.report.figures.figure import Figure, Trials, slug
from genbench.report.figures.montage import Cell
from genbench.trial.picture import of_trial, problem_with

SECTION = "Samples"
PICTURED = 8
"""Contenders of which pictures are shown."""
SEEDS = 6
"""Seeds of which final pictures are shown."""
ROWS = 6
"""Rows of a course, as far as contenders leave some for more seeds."""


def of(trials: Trials) -> Iterator[Figure]:
    """The figures of pictures: final samples by setting or by seed, the course of training, and what metrics looked
    at.
    """
    records = trials.records.sort_values("seed", kind="stable")
    own = {
        row["trial"]: of_trial(trials.trial(row["trial"]) / "samples", row["id"]) for row in records.to_dict("records")
    }
    pictured = records[[any(path.stem == "final" for path in own[trial]) for trial in records["trial"]]]
    if pictured.empty:
        return
    contenders = list(dict.fromkeys(pictured["contender"]))
    shown = contenders[:PICTURED]
    of_all = "" if len(shown) == len(contenders) else f" {len(shown)} of {len(contenders)} contenders are shown."
    varying = [name for name in trials.shared if pictured[name].nunique() > 1]
    if len(varying) >= 2:
        yield _blocks(trials, pictured, shown, varying, of_all)
    elif len(varying) == 1:
        yield _by_setting(trials, pictured, shown, varying[0], of_all)
    else:
        yield _by_seed(trials, pictured, shown, of_all)
    common = pictured.groupby("condition", sort=False)["contender"].nunique().idxmax()
    first = pictured[pictured["condition"] == common].drop_duplicates("contender").set_index("contender")
    shown = [contender for contender in shown if contender in first.index]
    where = f", {common}" if varying else ""
    yield from _courses(trials, pictured[pictured["condition"] == common], shown, own, f"{where}.{of_all}")
    for contender in shown:
        folder = trials.trial(first.loc[contender, "trial"]) / "samples"
        pictures = montage.of_metrics(own[first.loc[contender, "trial"]])
        if not pictures:
            continue
        names = ", ".join(path.stem for path in pictures)
        yield Figure(
            name=f"{trials.prefix}samples-{slug(contender)}",
            section=SECTION,
            caption=(
                f"{contender}: samples at the end of training, and the pictures of {names}; seed"
                f" {first.loc[contender, 'seed']}{where}."
            ),
            alt=f"A grid of samples of {contender}, and below it what {names} looked at",
            draw=partial(
                montage.gallery,
                [
                    Cell(picture=folder / "final.png", title="samples"),
                    *(Cell(picture=path, title=path.stem) for path in pictures),
                ],
            ),
        )


def _courses(
    trials: Trials, pictured: pd.DataFrame, shown: Sequence[str], own: Mapping[str, Sequence[Path]], ending: str
) -> Iterator[Figure]:
    """Training picture by picture, a figure for each thing that pictures show; own: trial to its pictures."""
    each = max(1, ROWS // max(len(shown), 1))
    courses = {
        f"{contender} seed {row['seed']}": course.moments(own[row["trial"]])
        for contender in shown
        for row in pictured[pictured["contender"] == contender].drop_duplicates("seed").head(each).to_dict("records")
    }
    shared = course.columns([*courses.values()])
    for what in dict.fromkeys(what for found in courses.values() for what in found):
        rows = {name: course.row(found[what], shared) for name, found in courses.items() if what in found}
        there = [place for place in range(len(shared)) if any(cells[place] for cells in rows.values())]
        if len(there) > 1:
            yield Figure(
                name=f"{trials.prefix}course{f'-{slug(what)}' if what else ''}",
                section=SECTION,
                caption=(
                    f"Samples{f' ({what})' if what else ''} in the course of training, a row per contender and seed, a"
                    f" column per moment, by the images taken so far{ending}"
                ),
                alt=(
                    f"Rows of small pictures: samples of {'; '.join(rows)}, from the first to the last images of"
                    " training"
                ),
                draw=partial(montage.rows, {name: [cells[place] for place in there] for name, cells in rows.items()}),
            )


def strangers(trials: Trials) -> list[str]:
    """A line for every picture in the trials' folders that is not shown, because it is another trial's or none."""
    found = []
    for row in trials.records.to_dict("records"):
        folder = trials.trial(row["trial"]) / "samples"
        found += [problem for path in sorted(folder.glob("*.png")) if (problem := problem_with(path, row["id"]))]
    return found


def _by_seed(trials: Trials, pictured: pd.DataFrame, shown: Sequence[str], of_all: str) -> Figure:
    seeds = sorted(pictured["seed"].unique())[:SEEDS]
    rows: dict[str, list[Cell | None]] = {}
    for contender in shown:
        own = pictured[pictured["contender"] == contender].drop_duplicates("seed").set_index("seed")
        rows[contender] = [
            _final(trials, own.loc[seed], f"seed {seed}") if seed in own.index else None for seed in seeds
        ]
    of_seeds = (
        "" if pictured["seed"].nunique() <= SEEDS else f" The first {SEEDS} of {pictured['seed'].nunique()} seeds."
    )
    return Figure(
        name=f"{trials.prefix}samples",
        section=SECTION,
        caption=f"Samples at the end of training, a row per contender, a column per seed.{of_seeds}{of_all}",
        alt=f"Small pictures of the final samples of {', '.join(rows)} with seeds {', '.join(map(str, seeds))}",
        draw=partial(montage.rows, rows),
    )


def _by_setting(trials: Trials, pictured: pd.DataFrame, shown: Sequence[str], setting: str, of_all: str) -> Figure:
    word, values = setting.removeprefix("settings."), sorted(pictured[setting].dropna().unique())
    rows: dict[str, list[Cell | None]] = {}
    for contender in shown:
        own = pictured[pictured["contender"] == contender].drop_duplicates(setting).set_index(setting)
        rows[contender] = [
            _final(trials, own.loc[value], f"{word.rpartition('.')[2]}={value}") if value in own.index else None
            for value in values
        ]
    return Figure(
        name=f"{trials.prefix}samples",
        section=SECTION,
        caption=(
            f"Samples at the end of training, a row per contender, a column per value of {word}; the first seed of"
            f" each.{of_all}"
        ),
        alt=f"Small pictures of the final samples of {', '.join(rows)} for {word} of {', '.join(map(str, values))}",
        draw=partial(montage.rows, rows),
    )


def _blocks(
    trials: Trials, pictured: pd.DataFrame, shown: Sequence[str], varying: Sequence[str], of_all: str
) -> Figure:
    """The grid of Figure 2 of the paper: a block per contender, the setting with more values across, the other down."""
    across, down = sorted(varying, key=lambda name: -pictured[name].nunique())[:2]
    others = {name: pictured[name].mode().iloc[0] for name in varying if name not in (across, down)}
    for name, value in others.items():
        pictured = pictured[pictured[name] == value]
    columns, lines = sorted(pictured[across].unique()), sorted(pictured[down].unique())
    short = {name: name.rpartition(".")[2] for name in (across, down)}
    score = next((metric for metric in trials.metrics if trials.directions.get(metric, "") != "neither"), "")
    grids: dict[str, dict[str, list[Cell | None]]] = {}
    for contender in shown:
        own = pictured[pictured["contender"] == contender].drop_duplicates([across, down]).set_index([across, down])
        grids[contender] = {
            f"{short[down]}={line}": [
                (
                    _final(trials, own.loc[(column, line)], f"{own.loc[(column, line)][score]:.3g}" if score else "")
                    if (column, line) in own.index
                    else None
                )
                for column in columns
            ]
            for line in lines
        }
    return Figure(
        name=f"{trials.prefix}samples",
        section=SECTION,
        caption=(
            f"Samples at the end of training: {short[across]} across, {short[down]} down, a block per contender, the"
            " first seed of each"
        )
        + "".join(f", {name.removeprefix('settings.')}={value}" for name, value in others.items())
        + (f"; above each its {score}." if score else ".")
        + of_all,
        alt=(
            f"Blocks of small pictures, one per contender ({', '.join(grids)}): final samples for "
            f"{len(columns)} values of {short[across]} by {len(lines)} of {short[down]}"
        ),
        draw=partial(montage.blocks, grids, [f"{short[across]}={column}" for column in columns]),
    )


def _final(trials: Trials, row: pd.Series, title: str) -> Cell:
    return Cell(picture=trials.trial(row["trial"]) / "samples" / "final.png", title=title)
