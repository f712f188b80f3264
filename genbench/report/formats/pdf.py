"""The report as a PDF, for print and for the archive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from genbench.report.contents import Report
from genbench.report.figures.figure import Figure
from genbench.report.figures.style import COLUMN, DPI
from genbench.report.table import Table

if TYPE_CHECKING:
    from fpdf import FPDF

FONT, MARGIN, GAP = "DejaVu Sans", 15.0, 4.0
"""The font that comes with matplotlib, and millimetres."""
MM_PER_INCH = 25.4
MANY = 8
"""Columns up to which a table stands upright; one with more lies on its side."""
LONGEST = 34
"""Characters that a column is made wide for; longer words go on in the next line."""


def render(report: Report, folder: Path) -> bytes:
    """The PDF file; `folder` holds the figures' PNG files. Text is text: it can be searched and read aloud."""
    pdf = _blank(report)
    _heading(pdf, report.title, size=18)
    if report.question:
        _paragraph(pdf, report.question, size=11)
    if report.claims:
        _paragraph(pdf, "Claimed:")
        _list(pdf, report.claims)
    _heading(pdf, "In short")
    for line in report.overview:
        _paragraph(pdf, f"• {line}", size=10)
    spoken = [
        f"{'No verdict' if one.verdict == 'none' else one.verdict.capitalize()}: {one.words}" for one in report.spoken
    ]
    _list(pdf, spoken or ["There is no pair of contenders to compare."])
    if report.unspoken:
        _paragraph(pdf, f"{report.unspoken} more are in the table of verdicts.")
    for words, lines in (
        ("Left out, because they could not be read:", report.damaged),
        ("To know before reading the numbers:", report.notes),
    ):
        if lines:
            _paragraph(pdf, words)
            _list(pdf, lines)
    for table in report.results:
        _table(pdf, table)
    order = list(dict.fromkeys(figure.section for figure in report.figures))
    for section, group in groupby(
        sorted(report.figures, key=lambda one: order.index(one.section)), lambda one: one.section
    ):
        _figures(pdf, section, list(group), folder)
    for table in report.background:
        _table(pdf, table)
        if table.name == "protocols":
            _list(pdf, report.fairness)
    _turn(pdf, sideways=False)
    _heading(pdf, "Commands")
    for command in report.commands:
        _paragraph(pdf, f"{command.purpose}:")
        _paragraph(pdf, command.line, size=8)
    return bytes(pdf.output())


def _blank(report: Report) -> FPDF:
    import matplotlib
    from fpdf import FPDF

    class Numbered(FPDF):
        """Pages with their numbers at the foot."""

        def footer(self) -> None:
            self.set_y(-10)
            self.set_font(FONT, size=7)
            self.cell(0, 4, f"{self.page_no()}", align="C")

    pdf = Numbered(format="A4")
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    pdf.add_font(FONT, "", fonts / "DejaVuSans.ttf")
    pdf.add_font(FONT, "B", fonts / "DejaVuSans-Bold.ttf")
    pdf.set_margin(MARGIN)
    pdf.set_auto_page_break(True, MARGIN)
    pdf.set_title(report.title)
    pdf.set_lang("en")
    pdf.set_creator(f"genbench {report.version}")
    pdf.add_page()
    return pdf


def _turn(pdf: FPDF, *, sideways: bool) -> None:
    """Go on on a page that stands or lies, a new one unless this one does so."""
    if sideways != (pdf.w > pdf.h):
        pdf.add_page(orientation="landscape" if sideways else "portrait")


def _heading(pdf: FPDF, words: str, *, size: float = 13, room: float = 30) -> None:
    """A heading, on a new page unless there is room for it and what belongs to it."""
    if pdf.will_page_break(room):
        pdf.add_page(same=True)
    pdf.ln(GAP)
    pdf.set_font(FONT, "B", size)
    pdf.multi_cell(0, size * 0.5, words, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(GAP / 2)


def _paragraph(pdf: FPDF, words: str, *, size: float = 9) -> None:
    pdf.set_font(FONT, size=size)
    pdf.multi_cell(0, size * 0.5, words, align="L", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(GAP / 3)


def _list(pdf: FPDF, lines: Iterable[str]) -> None:
    for line in lines:
        _paragraph(pdf, f"• {line}")


def _table(pdf: FPDF, one: Table) -> None:
    from fpdf.fonts import FontFace

    names = list(one.shown.columns)
    _turn(pdf, sideways=len(names) > MANY)
    _heading(pdf, one.title)
    _paragraph(pdf, one.caption)
    pdf.set_font(FONT, size=7 if len(names) <= MANY else 6)
    rows = [[str(cell) for cell in row] for row in one.shown.itertuples(index=False)]
    widths = [
        min(
            LONGEST, 2 + max(len(_longest_word(name, cells)) for name, cells in ((name, [row[place] for row in rows]),))
        )
        for place, name in enumerate(names)
    ]
    with pdf.table(
        col_widths=widths,
        text_align=["RIGHT" if name in one.numbers else "LEFT" for name in names],
        borders_layout="HORIZONTAL_LINES",
        headings_style=FontFace(emphasis="BOLD"),
        line_height=3.4,
        padding=0.6,
    ) as table:
        for cells in (names, *rows):
            table.row(cells)
    pdf.ln(GAP)


def _longest_word(name: str, cells: Sequence[str]) -> str:
    """What a column must be wide enough for: its longest cell, or its name's longest word."""
    return max([*cells, *name.split(), ""], key=len)


def _figures(pdf: FPDF, section: str, figures: Sequence[Figure], folder: Path) -> None:
    """Figures under their heading, those of a column's width in pairs."""
    _turn(pdf, sideways=False)
    places = [_place(pdf, folder / f"{figure.name}.png") for figure in figures]
    _heading(pdf, section, room=places[0].height + 25)
    left: tuple[float, float] | None = (
        None  # where the figure of the left column begins and ends, while the right one is free
    )
    for figure, place in zip(figures, places, strict=True):
        if left is not None and (place.wide or left[0] + place.height + 15 > pdf.page_break_trigger):
            pdf.set_y(left[1])
            left = None
        if left is None and pdf.will_page_break(place.height + 15):
            pdf.add_page()
        x, top = (pdf.l_margin, pdf.get_y()) if left is None else (pdf.l_margin + place.room + GAP, left[0])
        pdf.image(place.path, x=x, y=top, w=place.width, h=place.height, alt_text=figure.alt)
        pdf.set_xy(x, top + place.height + 1)
        pdf.set_font(FONT, size=7)
        pdf.multi_cell(place.room, 3.2, figure.caption, align="L", new_x="LMARGIN", new_y="NEXT")
        bottom = pdf.get_y() + GAP
        if place.wide or left is not None:
            pdf.set_y(max(bottom, left[1] if left is not None else bottom))
            left = None
        else:
            left = (top, bottom)
    if left is not None:
        pdf.set_y(left[1])


class _Place(NamedTuple):
    """The millimetres of a figure on its page."""

    path: Path
    width: float
    height: float
    room: float
    wide: bool


def _place(pdf: FPDF, path: Path) -> _Place:
    """A figure's size as it was drawn, shrunk where its column or page is smaller."""
    from PIL import Image

    with Image.open(path) as picture:
        width, height = (side / DPI * MM_PER_INCH for side in picture.size)
    wide = width > COLUMN * MM_PER_INCH + 1
    room = pdf.epw if wide else (pdf.epw - GAP) / 2
    scale = min(1.0, room / width, (pdf.eph - 30) / height)
    return _Place(path, width * scale, height * scale, room, wide)
