"""What a report says, before any format: the question, the verdicts, tables, figures, and how to make it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from genbench.errors import GenbenchError, shown
from genbench.report import commands, gathered, looked, looks, overview, ranking, title, unended
from genbench.report.claims import judge, reading, told
from genbench.report.claims.judge import Judged
from genbench.report.commands import Command
from genbench.report.figures import gallery
from genbench.report.figures.figure import Figure, Trials, slug
from genbench.report.looks import Standing
from genbench.report.overview import Sentence
from genbench.report.stats import columns, contenders, judgement, outcomes, protocols
from genbench.report.stats.statistics import LEVEL
from genbench.report.table import Table
from genbench.report.tables import agreement, lottery, meanings, paper_numbers, provenance, scores, targets
from genbench.report.tables import summary as tables
from genbench.trial import about, replaced
from genbench.trial.about import About
from genbench.trial.collected import load_good
from genbench.version import __version__

SPOKEN = 12
"""Verdicts that are written in words; the others are in their table."""
SMOKE = "this is the study's small size, which shows that it runs; its numbers say nothing about the methods"
EVERY_PAIR = "Every pair of contenders on every metric; over several conditions every seed counts with its mean."
EVERY_CONDITION = (
    "Every pair of contenders on every metric under every single condition, adjusted over all of the metric's; beside"
    " the verdicts over all conditions these are secondary."
)


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that a report of one study says, whatever the format."""

    study: str
    title: str
    question: str
    claims: tuple[Judged, ...]
    """What the study claims, each judged by its trials."""
    promised: str
    """How often the words of claims are wrong."""
    stated: Table | None
    """The same as a table."""
    ranked: Table | None
    """Who leads by the primary metric, and who cannot be told from whom, for every data set."""
    overview: tuple[str, ...]
    """For every pair of contenders the metrics on which the first is better, worse or neither, a line each."""
    promise: tuple[str, ...]
    """How often verdicts are false: of the primary metric, and of the others."""
    summary: tuple[Sentence, ...]
    """Every verdict in words, those on the primary metric first."""
    notes: tuple[str, ...]
    """What a reader of the numbers must know."""
    unended: tuple[str, ...]
    """Which trials have no record, the first of the notes."""
    results: tuple[Table, ...]
    """The scores, a paper's numbers, the verdicts, the times to a target."""
    figures: tuple[Figure, ...]
    background: tuple[Table, ...]
    """Verdicts under every condition, intervals, protocols, failures, cost, environment."""
    fairness: tuple[str, ...]
    """Whether the contenders started alike, by the hashes of what they started from."""
    commands: tuple[Command, ...]
    version: str
    records: pd.DataFrame
    """A row per trial, every column."""
    damaged: tuple[str, ...]
    """Files that could not be read and are left out."""

    @property
    def spoken(self) -> tuple[Sentence, ...]:
        """The verdicts that are written in words."""
        return self.summary[:SPOKEN]

    @property
    def unspoken(self) -> int:
        """How many more there are in the table."""
        return len(self.summary) - len(self.spoken)


def of(folder: Path) -> Report:
    """The report of a study's folder. Raises GenbenchError when no trial has finished; what cannot be read is named in
    `damaged`.

    A figure that cannot be drawn is named in its place. A table or a verdict that cannot be made is an error of
    genbench's, and no report: one without its numbers would mislead.
    """
    records, damaged = load_good(folder)
    gathered.check_finished(folder, records, damaged)
    everything, said = gathered.ordered(records), _about(folder, damaged)
    taken = _standing(folder, said, everything, damaged)
    claims = _claims(folder, said, lottery.own(everything), damaged)
    return _report(everything, said, claims, taken, damaged, folder)


def of_records(records: pd.DataFrame, said: About, name: str = "records") -> Report:
    """The same of records alone, which know neither curves nor pictures; name: of the study, where it has no title.
    Raises GenbenchError for what are no records, where no trial has finished, and for a claim or looks that are none.
    """
    everything, folder = gathered.ordered(gathered.of_table(records)), Path(name)
    own = lottery.own(everything)
    return _report(everything, said, claimed(folder, said, own), standing(folder, said, own), [], None, name)


def _report(
    everything: pd.DataFrame,
    said: About,
    claims: tuple[Judged, ...],
    taken: Standing | None,
    damaged: list[str],
    folder: Path | None,
    name: str = "",
) -> Report:
    """The report of all records in their order; folder: with the files of the trials, where there are any."""
    name = folder.name if folder else name
    records = lottery.own(everything)
    separated, metrics = protocols.separate(records, columns.metric_names(records))
    named = contenders.name(separated)
    directions = {family.metric: family.better for family in outcomes.families(records)}
    drawn: list[Figure] = []
    for dataset, own in named.records.groupby("dataset", sort=False):
        found, problems = gallery.of(_trials(str(dataset), own, metrics, named, directions, folder))
        drawn += found
        damaged += problems
    several = named.records["condition"].nunique() > 1
    level = taken.level if taken and taken.taken else LEVEL
    headline = looked.verdicts(taken, records)
    lacking = (*unended.notes(folder, said), *replaced.lines(folder)) if folder else ()
    promised = (*(looked.lines(taken) if taken else ()), *overview.promise(headline))
    return Report(
        study=shown.plain(name),
        title=said.title or title.of(shown.plain(name), named),
        question=said.question,
        claims=claims,
        promised=told.promise(claims),
        stated=told.table(claims),
        ranked=ranking.table(ranking.rankings(records, headline)),
        overview=overview.overview(headline),
        promise=promised,
        summary=overview.summary(headline),
        unended=lacking,
        notes=(*lacking, *([SMOKE] if said.smoke else []), *tables.notes(records)),
        results=provenance.joined(
            [
                scores.scores(records),
                meanings.of(records),
                paper_numbers.beside(said.published, named.records, metrics),
                scores.judged("verdicts", "Verdicts", " ".join([EVERY_PAIR, *promised]), headline),
                targets.table(said.targets, named.records, directions, folder) if folder else None,
                lottery.spread(everything),
            ]
        ),
        figures=tuple(drawn),
        background=provenance.joined(
            [
                (
                    scores.judged(
                        "verdicts-by-condition",
                        "Verdicts under every condition",
                        EVERY_CONDITION,
                        judgement.by_condition(looked.seen(taken, records), level=level),
                    )
                    if several
                    else None
                ),
                scores.intervals(records),
                agreement.table(named.records, metrics, directions),
                provenance.protocol(records),
                provenance.failures(named.records),
                provenance.cost(named.records),
                provenance.environment(records),
            ]
        ),
        fairness=tuple(provenance.fairness(records)),
        commands=commands.of(folder, said) if folder else (),
        version=__version__,
        records=everything,
        damaged=tuple(damaged),
    )


def claimed(folder: Path, said: About, records: pd.DataFrame) -> tuple[Judged, ...]:
    """The claims of a study's folder, judged by records of its trials; raises GenbenchError for one that is none."""
    claims, found = reading.stored(said.claims, folder / "study.json"), standing(folder, said, records)
    return looked.judged(found, claims) if found else judge.judge(claims, records)


def standing(folder: Path, said: About, records: pd.DataFrame) -> Standing | None:
    """How far the looks of a study that runs until it is answered have come; None of another study."""
    claims = reading.stored(said.claims, folder / "study.json")
    return looks.follow(looks.stored(said.looks), records, claims) if said.looks else None


def _standing(folder: Path, said: About, records: pd.DataFrame, damaged: list[str]) -> Standing | None:
    """The same; none, and a line among the damaged files, where study.json cannot say it."""
    try:
        return standing(folder, said, records)
    except GenbenchError as error:
        damaged.append(str(error))
        return None


def _claims(folder: Path, said: About, records: pd.DataFrame, damaged: list[str]) -> tuple[Judged, ...]:
    """The same; none, and a line among the damaged files, where there is one that is none."""
    try:
        return claimed(folder, said, records)
    except GenbenchError as error:
        damaged.append(str(error))
        return ()


def _about(folder: Path, damaged: list[str]) -> About:
    """What study.json says; nothing, and a line among the damaged files, where it cannot be read."""
    try:
        return about.read(folder)
    except GenbenchError as error:
        damaged.append(str(error))
        return About()


def _trials(
    dataset: str,
    records: pd.DataFrame,
    metrics: Sequence[str],
    named: contenders.Field,
    directions: Mapping[str, str],
    folder: Path | None,
) -> Trials:
    """The trials of one data set as the figures need them."""
    present = [metric for metric in metrics if records[metric].notna().any()]
    several = len(set(named.records["dataset"])) > 1
    return Trials(
        dataset=dataset,
        records=records,
        metrics=present,
        directions=directions,
        shared=[column for column in named.shared if records[column].astype(str).nunique() > 1],
        own=[column for column in named.own if records[column].astype(str).nunique() > 1],
        folder=folder,
        prefix=f"{slug(dataset)}-" if several else "",
    )
