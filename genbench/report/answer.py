"""What records of trials answer, for a notebook or a script: claims, ranking, verdicts, tables and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pandas as pd

from genbench.errors import UnknownNameError
from genbench.report import contents
from genbench.report.claims import told
from genbench.report.contents import Report
from genbench.report.figures import drawing, style
from genbench.report.stats import judgement
from genbench.trial.about import About

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What records say. The last line of a notebook's cell shows it; `print` has it in words."""

    report: Report = field(repr=False)

    @property
    def claims(self) -> pd.DataFrame:
        """A row for every claim: held, refuted or undecided, and the number and interval behind the word."""
        return told.frame(self.report.claims)

    @property
    def ranking(self) -> pd.DataFrame:
        """A row for every contender by the primary metric, the best first; those that share a letter cannot be told
        apart. Empty where there is nobody to compare.
        """
        return self.report.ranked.shown if self.report.ranked else pd.DataFrame()

    @property
    def verdicts(self) -> pd.DataFrame:
        """A row for every pair of contenders on every metric, numbers in full."""
        return self.tables.get("verdicts", judgement.frame([]))

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Name to table, numbers in full: `table` with the scores, `verdicts`, `intervals`, `protocols` and more."""
        return {
            one.name: one.shown if one.data is None else one.data
            for one in (*self.report.results, *self.report.background)
        }

    @property
    def figures(self) -> tuple[str, ...]:
        """The names of the figures that records alone can fill."""
        return tuple(one.name for one in self.report.figures)

    def figure(self, name: str) -> Figure:
        """A figure, drawn. Raises UnknownNameError for one that there is not."""
        found = {one.name: one for one in self.report.figures}
        if name not in found:
            raise UnknownNameError("figure", name, list(found))
        with style.styled():
            return found[name].draw()

    def __str__(self) -> str:
        """Title, claims, a line for every pair, and what is promised of these, in words."""
        claims = [one.line for one in self.report.claims]
        return "\n".join([self.report.title, *claims, *self.report.overview, *self.report.promise])

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from genbench.report.formats import html

        with TemporaryDirectory(prefix="genbench-answer-") as name:
            folder = Path(name)
            return html.notebook(replace(self.report, figures=drawing.save(self.report.figures, folder)), folder)


def answer(
    records: pd.DataFrame, *, claims: Sequence[str | Mapping[str, Any]] = (), title: str = "", question: str = ""
) -> Answer:
    """What records of trials answer: verdicts on every pair of methods, a ranking, tables and figures, as `genbench
    report` has them.

    records: a row per trial, as `genbench.run` and `genbench.load` return them, or pandas.read_csv of a records.csv.
    claims: statements that they are asked about, as a study's file has them. Raises GenbenchError for what are no
    records, where no trial has finished, and for a claim that is none.
    """
    studies = set(records["study"]) if "study" in records else set()
    name = str(studies.pop()) if len(studies) == 1 else "records"
    return Answer(report=contents.of_records(records, About(title=title, question=question, claims=claims), name))
