"""The report as a PDF: text that can be searched, in any alphabet that the font has, with every figure."""

import io

import pytest
from pypdf import PdfReader
from study_folders import a_record, make, two_methods

from genbench.report import contents
from genbench.report.figures import gallery
from genbench.report.formats import pdf


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """The PDF of a study that has a table with many columns, read again."""
    folder = tmp_path_factory.mktemp("results")
    records = [*two_methods(), a_record("gan", 3, status="diverged", error="λ → ∞, Größe <ü>")]
    report = contents.of(
        make(folder, records, about={"title": "Ringe – größer", "question": "Why?", "claims": ["A claim."]})
    )
    gallery.save(report.figures, folder / "figures")
    return report, PdfReader(io.BytesIO(pdf.render(report, folder / "figures")))


def test_the_text_is_text(read):
    report, pdf = read
    words = " ".join(" ".join(page.extract_text().split()) for page in pdf.pages)
    for expected in (
        "Ringe – größer",
        "Why?",
        "A claim.",
        "gan against gram: worse on",
        "0.810 ± 0.010",
        "λ → ∞, Größe <ü>",
        "What it cost",
        report.commands[0].line[:20],
    ):
        assert expected in words
    assert pdf.metadata.title == "Ringe – größer"


def test_every_figure_is_there(read):
    report, pdf = read
    assert sum(len(page.images) for page in pdf.pages) == len(report.figures)


def test_tables_with_many_columns_lie_on_their_side(read):
    _, pdf = read
    assert {page.mediabox.width > page.mediabox.height for page in pdf.pages} == {True, False}
