"""Records in a notebook: the verdicts of the page, from a table alone."""

import io
import re

import pandas as pd
import pytest
from study_folders import a_record, make, two_methods

import genbench
from genbench.errors import GenbenchError, UnknownNameError
from genbench.report import contents
from genbench.trial.collected import frame

pytestmark = pytest.mark.slow

CLAIM = {"claim": "GRAM is better.", "better": "gram", "than": ["gan"], "on": "high_quality"}


def through_csv(records):
    return pd.read_csv(io.StringIO(records.to_csv(index=False)))


@pytest.fixture(scope="module")
def records():
    diverged = a_record("gan", 3, status="diverged", error="loss is nan")
    return frame([*two_methods(), diverged, a_record("gram", 3)])


@pytest.mark.parametrize("given", [lambda records: records, through_csv], ids=["loaded", "csv"])
def test_the_answer_of_records_is_that_of_the_page(tmp_path, given):
    records = two_methods()
    page = contents.of(make(tmp_path, records, about={"claims": [CLAIM]}))
    found = genbench.answer(given(frame(records)), claims=[CLAIM])
    assert found.report.overview == page.overview
    assert found.report.claims == page.claims
    assert found.report.ranked.shown.equals(page.ranked.shown)
    assert found.claims["word"].tolist() == ["held"]
    assert found.ranking["method"].tolist() == ["gram", "gan"]
    assert found.verdicts["verdict"].tolist() == ["worse", "worse"]
    assert {"table", "verdicts", "intervals"} <= set(found.tables)


def test_print_says_title_claims_pairs_and_promise(records):
    words = str(genbench.answer(records, claims=[CLAIM], title="Rings")).splitlines()
    assert words[0] == "Rings"
    assert words[1].startswith("held: GRAM is better. – ") or words[1].startswith("undecided: ")
    assert words[2].startswith("gan against gram: ")
    assert words[-1].startswith("Secondary: mode_kl")


def test_a_notebook_shows_answer_scores_and_figures_and_words_of_a_study_are_words(records):
    shown = genbench.answer(records, claims=["<b>x</b>"], title="<script>")._repr_html_()
    assert shown.startswith('<div class="genbench">')
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown
    assert "<b>x" not in shown
    assert "data:image/png;base64," in shown
    assert not re.search(r'(?:src|href)="(?!data:)', shown)
    assert "<html" not in shown


def test_figures_are_drawn_one_by_one(records):
    found = genbench.answer(records)
    assert "scores-high_quality" in found.figures
    assert len(found.figure("scores-high_quality").axes) >= 1
    with pytest.raises(UnknownNameError, match="scores-high_quality"):
        found.figure("scores")


def test_an_answer_leaves_the_records_as_they_were(records):
    given = through_csv(records)
    before = given.copy()
    genbench.answer(given)
    pd.testing.assert_frame_equal(given, before)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (pd.DataFrame({"method": ["gan"]}), "no column dataset, seed, status, metrics"),
        (pd.DataFrame(), "no column method"),
        (frame([a_record(status="diverged")]), "none of these records is of a finished trial: 1 diverged"),
    ],
)
def test_what_are_no_records_is_said_in_one_line(given, words):
    with pytest.raises(GenbenchError, match=words):
        genbench.answer(given)


def test_a_claim_that_is_none_is_named(records):
    with pytest.raises(GenbenchError, match="better"):
        genbench.answer(records, claims=[CLAIM | {"better": 3}])
