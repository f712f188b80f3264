"""The report as a PDF: which printer is taken, what a browser is told; with real printers, that nothing is lost."""

import io
import os
import re
import sys
import time
from importlib.util import find_spec

import debian
import pandas as pd
import pytest
from pypdf import PdfReader
from study_folders import a_record, make, two_methods

from genbench.errors import GenbenchError
from genbench.report import contents
from genbench.report.figures import drawing
from genbench.report.formats import formats, html, pdf
from genbench.report.table import Table


@pytest.fixture
def no_weasyprint(monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)  # which makes its import an ImportError


@pytest.fixture
def programs(tmp_path, monkeypatch, no_weasyprint):
    """A PATH of one folder, and a function that puts a program of a shell's lines into it."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(pdf, "BROWSERS", [name for name in pdf.BROWSERS if "/" not in name])

    def put(name, lines):
        path = folder / name
        path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{lines}\n")
        path.chmod(0o755)
        return path

    return put


def test_without_a_printer_nothing_is_written_and_one_line_says_what_to_install(tmp_path, programs):
    report = contents.of(make(tmp_path, two_methods(), logged=False))
    with pytest.raises(
        GenbenchError, match=r"WeasyPrint is not installed, and no Chromium[^\n]*genbench\[pdf\]"
    ) as error:
        formats.write(report, ["html", "pdf"], tmp_path / "out")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()
    assert formats.write(report, ["html"], tmp_path / "out").files == [tmp_path / "out" / "report.html"]


def test_a_library_that_weasyprint_misses_is_told(tmp_path, programs, monkeypatch):
    monkeypatch.delitem(sys.modules, "weasyprint")
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library libpango')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(GenbenchError, match="WeasyPrint does not find Pango"):
        pdf.printer()


def test_weasyprint_is_taken_before_any_browser(tmp_path, programs, monkeypatch):
    programs("chromium", "exit 1")
    monkeypatch.delitem(sys.modules, "weasyprint")
    (tmp_path / "weasyprint.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert pdf.printer() is pdf._weasyprint


def test_without_weasyprint_the_first_browser_of_the_list_is_taken(programs):
    programs("chrome", "exit 1")
    second = programs("google-chrome", "exit 1")
    assert pdf.printer().args == (str(second),)


@pytest.mark.parametrize(("user", "sandboxed"), [(0, False), (1000, True)])
def test_only_root_goes_without_the_sandbox(tmp_path, monkeypatch, user, sandboxed):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    words = pdf.command("chromium", tmp_path / "a b.html", tmp_path / "a.pdf", tmp_path / "profile")
    assert ("--no-sandbox" in words) is not sandboxed
    assert words[0] == "chromium"
    assert words[-1] == f"file://{tmp_path}/a%20b.html"
    assert {f"--print-to-pdf={tmp_path}/a.pdf", f"--user-data-dir={tmp_path}/profile", "--headless"} <= set(words)
    assert {"--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer"} <= set(words)


@pytest.mark.parametrize(
    ("lines", "said"),
    [("exit 3", "it ended with exit code 3"), ("exit 0", "it wrote no file"), ("sleep 60", "took longer than 0.2 sec")],
)
def test_a_browser_that_prints_nothing_is_one_line(programs, monkeypatch, lines, said):
    monkeypatch.setattr(pdf, "SECONDS", 0.2)
    programs("chromium", lines)
    started = time.monotonic()
    with pytest.raises(GenbenchError, match=rf"chromium printed no PDF: [^\n]*{said}[^\n]*\Z"):
        pdf.printer()("<p>")
    assert time.monotonic() - started < 30


def test_what_a_browser_prints_is_given_without_its_time_and_its_folder_is_gone(programs, tmp_path):
    programs(
        "chromium",
        f"""for word in "$@"; do case "$word" in --print-to-pdf=*) target="${{word#--print-to-pdf=}}";; esac; done
printf '%%PDF /CreationDate (D:20260102030405+00'"'"'00'"'"')\\n/ModDate (D:2) end' > "$target"
echo "$target" > {tmp_path}/target""",
    )
    printed = pdf.printer()("<p>")
    assert re.fullmatch(rb"%PDF {40}\n {14} end", printed), printed
    assert not os.path.exists((tmp_path / "target").read_text().strip())


def a_table(columns, *, letters=12, rows=3):
    """A table of a column for words and more for numbers, all as wide."""
    names = [f"n{number}" for number in range(columns)]
    shown = pd.DataFrame([["9" * letters] * columns] * rows, columns=names)
    return Table(name="t", title="T", caption="C", shown=shown, numbers=frozenset(names[1:]))


def test_a_table_lies_on_its_side_when_its_columns_do_not_fit_upright():
    assert not html.too_wide_for_paper(a_table(5))
    assert html.too_wide_for_paper(a_table(20))


def test_hashes_that_the_page_breaks_turn_no_table_on_its_side():
    hashes = pd.DataFrame([["f" * 64] * 4])
    assert html.too_wide_for_paper(Table(name="t", title="T", caption="C", shown=hashes))
    assert not html.too_wide_for_paper(Table(name="protocols", title="T", caption="C", shown=hashes))


def _weasyprint():
    debian.install({"pango-view": "pango1.0-tools"})
    if find_spec("weasyprint") is None:
        pytest.fail('this needs weasyprint: python -m pip install "genbench[pdf]"', pytrace=False)
    return pdf._weasyprint


def _chromium():
    debian.install({"chromium": "chromium"})
    return lambda page: pdf._browser(debian.program("chromium"), page)


@pytest.fixture(scope="module", params=[_weasyprint, _chromium], ids=["weasyprint", "chromium"])
def real(request):
    """A real printer."""
    return request.param()


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The report and the page of a study with letters of several alphabets and a trial that diverged."""
    folder = tmp_path_factory.mktemp("results")
    records = [*two_methods(), a_record("gan", 3, status="diverged", error="λ → ∞, Größe <ü>")]
    report = contents.of(
        make(folder, records, about={"title": "Ringe – größer", "question": "Why?", "claims": ["A claim."]})
    )
    drawing.save(report.figures, folder / "figures")
    return report, html.render(report, folder / "figures", folded=False)


@pytest.fixture(scope="module")
def read(real, study):
    """The report, and the PDF of it that was read again."""
    report, page = study
    return report, PdfReader(io.BytesIO(real(page)))


def letters(text):
    """What is left of a text wherever its lines are broken."""
    return re.sub(r"\s", "", text)


def found(document):
    return letters(" ".join(page.extract_text() for page in document.pages))


@pytest.mark.browser
def test_every_sentence_title_caption_and_command_is_text_in_the_pdf(read):
    report, document = read
    text = found(document)
    tables = [*report.results, *report.background]
    for expected in (
        *("Ringe – größer", "Why?", "A claim.", "0.810 ± 0.010", "λ → ∞, Größe <ü>"),
        *report.overview,
        *report.notes,
        *report.fairness,
        *(one.words for one in report.spoken),
        *(words for one in tables for words in (one.title, one.caption)),
        *(words for one in report.figures for words in (one.section, one.caption)),
        *(words for one in report.commands for words in (one.purpose, one.line)),
    ):
        assert letters(expected) in text, expected
    assert "Ringe – größer" in document.metadata.title


@pytest.mark.browser
def test_every_figure_is_in_the_pdf_and_it_is_tagged(read):
    report, document = read
    pictures = {image.data for page in document.pages for image in page.images}  # WeasyPrint's pages share them all
    assert len(pictures) == len(report.figures)
    assert document.root_object["/MarkInfo"]["/Marked"]


@pytest.mark.browser
def test_the_pages_of_a_small_study_are_few_and_have_numbers(read):
    _, document = read
    assert 2 <= len(document.pages) <= 6
    for number, page in enumerate(document.pages, start=1):
        assert page.extract_text().split()[-1] == str(number) or page.extract_text().split()[0] == str(number)


@pytest.mark.browser
@pytest.mark.parametrize("columns", [9, 10, 20, 40])
def test_no_column_of_a_table_is_cut_off(real, study, columns):
    report, _ = study
    table = a_table(columns)
    bare = type(report)(**{**vars(report), "results": (table,), "figures": (), "background": ()})
    document = PdfReader(io.BytesIO(real(html.render(bare, None))))
    sideways = html.too_wide_for_paper(table)
    assert any(page.mediabox.width > page.mediabox.height for page in document.pages) is sideways
    for page in document.pages:
        end = float(page.mediabox.width)
        places = []
        page.extract_text(
            visitor_text=lambda text, cm, tm, *_, places=places: (
                places.append(tm[4] * cm[0] + tm[5] * cm[2] + cm[4]) if text.strip() else None
            )
        )
        assert max(places) < end - 34, "12 mm of margin are 34 points"
    assert letters(" ".join(page.extract_text() for page in document.pages)).count("9") >= columns * 12 * 3


@pytest.mark.browser
def test_printing_a_page_again_gives_the_same_bytes(real, study):
    _, page = study
    assert real(page) == real(page)
