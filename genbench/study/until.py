"""Running a study until it is answered: look after look, each found again from the files of trials."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

from genbench.errors import GenbenchError
from genbench.report import looked
from genbench.report import looks as reports
from genbench.report.looks import Looks, Standing
from genbench.report.stats.sequential import CAP, design
from genbench.study.plan import Study, write_asked
from genbench.trial import about
from genbench.trial.collected import load_good


def seeds(folder: Path, given: Sequence[int], *, most: int | None, only: str | None = None) -> tuple[int, ...]:
    """The seeds that a study may get: 0, 1, …, as many as are asked for, or as its looks in study.json have, or CAP.

    folder: the study's. Raises GenbenchError where seeds are given too.
    """
    if given or only:
        raise GenbenchError(
            f"--until-decided takes the seeds 0, 1, 2, … one after the other; leave {'--seeds' if given else '--only'}"
            " out, --max-seeds says how many there may be"
        )
    stored = about.read(folder).looks
    if most is None and stored is not None:
        most = reports.stored(stored).design.cap
    return tuple(range(CAP if most is None else most))


def begin(study: Study) -> Study:
    """The study, planned with as many seeds as it may get, with its looks; raises GenbenchError where its folder holds
    other ones.
    """
    by_seed = [[trial.directory for trial in own] for _, own in groupby(study.trials, key=lambda trial: trial.seed)]
    planned = Looks(design=design(len(by_seed)), cells=tuple(zip(*by_seed, strict=True)))
    stored = about.read(study.directory).looks
    if stored is None:
        return dataclasses.replace(study, looks=planned)
    begun = reports.stored(stored)
    again = "or begin another study with --study"
    if begun.design.cap != planned.design.cap:
        raise GenbenchError(
            f"{study.name} is looked at up to {begun.design.cap} seeds, not {planned.design.cap}: the chance of a false"
            f" decision was shared out over those looks; leave --max-seeds out, {again}"
        )
    if {frozenset(cell) for cell in begun.cells} != {frozenset(cell) for cell in planned.cells}:
        raise GenbenchError(
            f"{study.name} has begun its looks with other trials (other methods, data sets, settings or numerics), and"
            f" what they decided is about those; run the same command as before, {again}"
        )
    return dataclasses.replace(study, looks=begun)


def standing(study: Study) -> Standing:
    """How far the looks of a study have come, by the files of its trials and nothing else."""
    if study.looks is None:
        raise GenbenchError(f"{study.name} has no looks; begin them with genbench run {study.name} --until-decided")
    records, _ = load_good(study.directory)
    return reports.follow(study.looks, records, study.file.claims)


def run(
    study: Study,
    train: Callable[[Study], None],
    *,
    command: str,
    hours: float | None = None,
    tell: Callable[[Standing], None] = lambda found: None,
) -> Standing:
    """Train what the next look needs, look, and so on, until nothing is open, the cap is reached, a trial of a look
    has no result, or, before another batch, so many hours are over.

    train: runs the trials of a study. tell: is told of every look that was taken, and of where it ends.
    """
    write_asked(study, command)  # before any trial: its looks are what a report judges by, whatever happens
    started, found = time.monotonic(), standing(study)
    while found.waiting and (hours is None or time.monotonic() - started < 3600 * hours):
        tell(found)
        batch = study.only_of(found.waiting)
        train(batch)
        before, found = found, standing(study)
        if any(not study.is_done(trial) for trial in batch.trials) or found.waiting == before.waiting:
            break
    tell(found)
    return found


def news(found: Standing) -> tuple[str, ...]:
    """What is said when a look was taken, and of what is to come."""
    last = [one for one in found.decisions if one.look == found.taken]
    head = (
        f"look {found.taken}, {found.seeds} seeds: {len(last)} decided, {len(found.open)} open"
        if found.taken
        else f"looks at {looked.listed(found.looks.design.looks)} seeds"
    )
    return (head, *(f"  {one.word}: {one.about}" for one in last))


def summary(found: Standing) -> tuple[str, ...]:
    """What is said at the end: what was decided, and whether and how it goes on."""
    end = (
        (f"{len(found.waiting)} trials of the next look have no result yet: the same command goes on",)
        if found.waiting
        else ()
    )
    return ("", *looked.lines(found), *end)
