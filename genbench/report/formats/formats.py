"""The formats of a report, and the files that it becomes in each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from genbench import files
from genbench.errors import GenbenchError, UnknownNameError
from genbench.report.contents import Report
from genbench.report.figures import drawing
from genbench.report.formats import html, latex, markdown, pdf
from genbench.trial.lock import check_inside

FORMATS = ("html", "md", "csv", "latex", "pdf")
FIGURES = "figures"
"""The folder of the figures, beside the report."""


class Written(NamedTuple):
    """What became of a report."""

    files: list[Path]
    """The figures left out."""
    problems: list[str]
    """A line for every figure that could not be drawn; the files say so in its place."""


def check(formats: Sequence[str]) -> None:
    """Raise UnknownNameError for a format that there is not, GenbenchError for a PDF that nothing here can print."""
    for name in formats:
        if name not in FORMATS:
            raise UnknownNameError("format", name, FORMATS)
    if "pdf" in formats:
        pdf.printer()


def write(report: Report, formats: Sequence[str], folder: Path) -> Written:
    """Write a report into a folder, which is created if it is missing. Raises GenbenchError where it cannot be."""
    check(formats)
    pictures = folder / FIGURES
    check_inside(pictures, folder)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if set(formats) - {"csv"}:
            report = replace(report, figures=drawing.save(report.figures, pictures))
        for name in dict.fromkeys(formats):
            written += [_put(folder / file, make()) for file, make in _files(report, pictures)[name].items()]
    except OSError as error:
        raise GenbenchError(
            f"the report cannot be written into {folder}: {error.strerror or error}; name another folder with -o"
        ) from error
    problems = [f"figure {one.name} could not be drawn: {one.problem}" for one in report.figures if one.problem]
    return Written(written, problems)


def _files(report: Report, pictures: Path) -> Mapping[str, Mapping[str, Callable[[], bytes]]]:
    """Format to the files that it is and how each is made."""
    answer = [one for one in (report.stated, report.ranked) if one is not None]
    tables = {f"{one.name}.csv": one for one in (*answer, *report.results, *report.background)}
    frames = {"records.csv": report.records} | {
        file: one.shown if one.data is None else one.data for file, one in tables.items()
    }
    return {
        "html": {"report.html": lambda: html.render(report, pictures).encode()},
        "md": {"report.md": lambda: markdown.render(report, FIGURES).encode()},
        "csv": {file: partial(_csv, frame) for file, frame in frames.items()},
        "latex": {"report.tex": lambda: latex.render(report, FIGURES).encode()},
        "pdf": {"report.pdf": lambda: pdf.render(report, pictures)},
    }


def _csv(frame: pd.DataFrame) -> bytes:
    return bytes(frame.to_csv(index=False).encode())


def _put(path: Path, content: bytes) -> Path:
    with files.creating(path) as file:
        file.write(content)
    return path
