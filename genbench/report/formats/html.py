"""The report as one HTML page that needs no other file: no script, no network, pictures within."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from genbench import files
from genbench.report.contents import Report
from genbench.report.figures.figure import Figure
from genbench.report.figures.samples import SECTION
from genbench.report.figures.style import COLUMN, DPI
from genbench.report.table import Table

if TYPE_CHECKING:
    from jinja2 import Template

CSS_INCH = 96
"""CSS pixels in an inch."""
UPRIGHT = 136
"""Characters of the smallest type that go beside each other on an upright sheet of paper."""
BROKEN = frozenset({"protocols", "environment"})
"""Tables of addresses and hashes, whose cells the page breaks anywhere."""
BROKEN_WORD = 12
"""Characters to which a word in such a cell may be cut."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure as it stands in the page."""

    figure: Figure
    source: str = ""
    """The PNG as a data address; empty for a figure that could not be drawn."""
    width: int = 0
    """CSS pixels at which its type has the size that it was drawn with."""
    height: int = 0
    wide: bool = False
    """Whether it is wider than a phone."""


def render(report: Report, folder: Path, *, folded: bool = True) -> str:
    """The page's HTML; `folder` holds the figures' PNG files. All words of the study are escaped.

    folded: what stands behind the answer, the samples and the scores is shown when a reader opens it.
    """
    sections = [
        (name, slug_of(number), pictures) for number, (name, pictures) in enumerate(_sections(report.figures, folder))
    ]
    first = [section for section in sections if section[0] == SECTION]
    return template("page.html.jinja").render(
        report=report,
        first=first,
        others=[section for section in sections if section not in first],
        opened="" if folded else " open",
    )


def notebook(report: Report, folder: Path) -> str:
    """The same for a cell of a notebook: no page of its own, the answer first and most of the rest folded."""
    told = [one for one in report.results if one.name != "table"]
    return template("notebook.html.jinja").render(
        report=report, sections=_sections(report.figures, folder), tables=[*told, *report.background]
    )


def template(name: str) -> Template:
    """A page to be filled, in which all words are escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("genbench.report.formats", package_path="")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.tests["too_wide_for_paper"] = too_wide_for_paper
    return environment.get_template(name)


def too_wide_for_paper(table: Table) -> bool:
    """Whether a table's columns do not fit beside each other on an upright sheet, even with their words in lines of
    their own.
    """
    columns = table.shown.astype(str)
    words = {
        name: [*str(name).split(), *(columns[name] if name in table.numbers else columns[name].str.split().explode())]
        for name in columns
    }
    longest = BROKEN_WORD if table.name in BROKEN else UPRIGHT
    return sum(min(max(len(str(word)) for word in own), longest) + 1 for own in words.values()) > UPRIGHT


def slug_of(number: int) -> str:
    """The address of a section of figures within the page."""
    return f"figures-{number + 1}"


def _sections(figures: Sequence[Figure], folder: Path) -> list[tuple[str, list[Picture]]]:
    return [(name, list(group)) for name, group in groupby(_pictures(figures, folder), lambda one: one.figure.section)]


def _pictures(figures: Sequence[Figure], folder: Path) -> list[Picture]:
    """The figures in the order of their sections' first appearance, with their pixels."""
    order = {section: number for number, section in enumerate(dict.fromkeys(figure.section for figure in figures))}
    found = []
    for figure in sorted(figures, key=lambda one: order[one.section]):
        if figure.problem:
            found.append(Picture(figure=figure))
            continue
        path = folder / f"{figure.name}.png"
        with files.picture(path, ("PNG",)) as picture:
            width, height = (round(side * CSS_INCH / DPI) for side in picture.size)
        source = "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
        found.append(
            Picture(figure=figure, source=source, width=width, height=height, wide=width > COLUMN * CSS_INCH + 1)
        )
    return found
