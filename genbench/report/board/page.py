"""A board as a static folder: one page, the studies' pages that it links to, its rows and the trials behind them as
CSV; relative links alone, no script, no network.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from genbench import files
from genbench.errors import GenbenchError
from genbench.report import contents
from genbench.report.board import manifest, merging, standings
from genbench.report.board.merging import Merged
from genbench.report.board.sources import Source
from genbench.report.board.standings import Comparison, Row
from genbench.report.figures.figure import slug
from genbench.report.formats import formats, html
from genbench.report.tables.summary import mean_and_sd
from genbench.trial import collected
from genbench.version import __version__

KIND = "board"
PAGES = "studies"
"""The folder of the studies' pages."""
EXPLAINED = (
    "A comparison holds trials on the same data, with the same architecture, budget and settings around the method,"
    " made under the same numerics and scored under one protocol. What differs in any of these is another comparison,"
    " and numbers of different ones are not to be compared. A trial counts once, whoever has a copy of it.",
    "Wins: better than every other method of the comparison, by the verdicts that a study's page has too: t tests over"
    " training seeds, or ranks where trials diverged, after Holm over the comparison's pairs. Among the best: no other"
    " method is better, but not all are worse. Were all methods equal, one comparison would call any two different with"
    " a chance of at most 5 %; of many comparisons more are false. Images, updates and seconds of training are means"
    " over a method's trials; seconds depend on the machine.",
)
UNLIKE = "{} of the comparisons hold trials that computed in unlike arithmetic; it is above their tables"
UNSIGNED = "{} trials are of version 0.1.0, whose files carry neither ids nor seals: they cannot be verified"


class Written(NamedTuple):
    """What was written."""

    page: Path
    board: Board
    problems: tuple[str, ...]
    """A line for every study that got no page."""


@dataclass(frozen=True, kw_only=True)
class Board:
    """What a board is made of."""

    sources: Sequence[Source]
    trials: Merged
    comparisons: Sequence[Comparison]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the numbers must know."""
        copies = self.trials.copies
        said = [f"{copies} {'trial is a copy' if copies == 1 else 'trials are copies'} of others and count once"]
        unlike = sum(not one.is_alike for one in self.comparisons)
        unsigned = sum(not entry.trial.signs for entry in self.trials.entries)
        return (
            *(said if copies else []),
            *self.trials.unlike,
            *([UNLIKE.format(unlike)] if unlike else []),
            *([UNSIGNED.format(unsigned)] if unsigned else []),
        )


def of(sources: Sequence[Source]) -> Board:
    """The board of some studies. Raises GenbenchError where no trial of them has a score."""
    trials = merging.merged(sources)
    found = standings.comparisons(trials)
    if not found:
        raise GenbenchError("no trial of these studies has finished with a score; there is nothing to compare")
    return Board(sources=sources, trials=trials, comparisons=found)


def write(board: Board, folder: Path, *, pages: bool) -> Written:
    """Write a board's folder anew; pages: the studies' pages too. Raises GenbenchError where anything would be lost."""
    manifest.check_replaceable(folder, KIND)
    made = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(made, ignore_errors=True)
    try:
        made.mkdir(parents=True)
        addresses, problems = _pages(board.sources, made) if pages else ({}, [])
        _put(made / "index.html", render(board, addresses))
        _put(made / "standings.csv", standings.frame(board.comparisons).to_csv(index=False))
        _put(made / "records.csv", collected.frame([one.record for one in board.trials.entries]).to_csv(index=False))
        manifest.write(made, KIND)
        manifest.put_in_place(made, folder)
    except OSError as error:
        raise GenbenchError(
            f"{folder} cannot be written: {error.strerror or error}; name another folder with -o"
        ) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return Written(folder / "index.html", board, tuple(problems))


def render(board: Board, addresses: Mapping[int, str]) -> str:
    """The page's HTML. addresses: of the pages of studies, by their numbers. All words of studies are escaped."""
    numbered = [_shown(one, number) for number, one in enumerate(board.comparisons, start=1)]
    large, small = ([one for one in numbered if one["smoke"] is wanted] for wanted in (False, True))
    answers = [one for one in large if len(one["rows"]) > 1]
    sources = [
        {
            "study": source.study,
            "person": source.person,
            "trials": len(source.entries),
            "question": source.about.question,
            "sha256": source.sha256,
            "address": addresses.get(number, ""),
        }
        for number, source in enumerate(board.sources)
    ]
    people = ", ".join(dict.fromkeys(source.person for source in board.sources))
    whose = f"{len(sources)} studies" if len(sources) > 1 else board.sources[0].study
    by_dataset = [(name, list(own)) for name, own in groupby(large, lambda one: one["dataset"])]
    return html.template("board.html.jinja").render(
        report={
            "title": "Board",
            "question": f"{whose} of {people}: which method is better, on which data, at which cost?",
            "version": __version__,
            "sources": sources,
            "answers": answers,
            "has_conditions": any(one["where"] for one in answers),
            "explained": EXPLAINED,
            "notes": board.notes,
            "datasets": [name for name, _ in by_dataset],
            "by_dataset": by_dataset,
            "small": small,
            "trials": len(board.trials.entries),
        }
    )


def _shown(one: Comparison, number: int) -> dict[str, Any]:
    """A comparison as words."""
    return {
        "number": number,
        "dataset": one.dataset,
        "metric": one.metric,
        "better": one.better,
        "key": one.key,
        "numerics": one.numerics,
        "arithmetic": f"{'' if one.is_alike else 'unlike '}arithmetic {one.arithmetic}",
        "answer": one.answer,
        "where": standings.words(one.conditions),
        "smoke": one.smoke,
        "ended": any(row.ended for row in one.rows),
        "seeds": _range([row.seeds for row in one.rows]),
        "rows": [_row(row) for row in one.rows],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "method": row.method,
        "standing": row.standing,
        "kind": row.standing.partition(" ")[0],
        "score": mean_and_sd(row.mean, row.sd),
        "seeds": row.seeds,
        "ended": row.ended,
        "images": f"{row.images:,.0f}",
        "updates": f"{row.updates:,.0f}",
        "seconds": f"{row.train_seconds:,.1f}",
        "studies": row.studies,
    }


def _range(numbers: Sequence[int]) -> str:
    return str(min(numbers)) if min(numbers) == max(numbers) else f"{min(numbers)} to {max(numbers)}"


def _pages(sources: Sequence[Source], made: Path) -> tuple[dict[int, str], list[str]]:
    """Write the page of every study, from its files and never from a page that somebody else wrote; the addresses of
    these by the studies' numbers, and a line for every one that there is not.
    """
    addresses, problems = {}, []
    for number, source in enumerate(sources):
        name = f"{slug(source.study)}-{number + 1}"
        place = made / PAGES / name
        try:
            formats.write(contents.of(source.folder), ["html"], place)
        except GenbenchError as error:
            problems.append(f"no page of {source.study} from {source.person}: {error}")
            continue
        shutil.rmtree(place / formats.FIGURES, ignore_errors=True)
        addresses[number] = f"{PAGES}/{name}/report.html"
    return addresses, problems


def _put(path: Path, content: str) -> None:
    with files.creating(path) as file:
        file.write(content.encode())
