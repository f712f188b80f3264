"""The report as LaTeX: signs that mean something there are escaped, braces and environments close."""

import re

import pytest
from study_folders import a_record, make, two_methods

from genbench.report import contents
from genbench.report.formats import latex


@pytest.mark.parametrize(
    ("words", "escaped"),
    [
        ("high_quality 50 %", r"high\_quality 50 \%"),
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("a & b # $1", r"a \& b \# \$1"),
        ("~^<>|", r"\textasciitilde{}\textasciicircum{}\textless{}\textgreater{}\textbar{}"),
        ("1 ± 2\nnext", r"1 $\pm$ 2 next"),
    ],
)
def test_signs_are_escaped(words, escaped):
    assert latex.escape(words) == escaped


@pytest.fixture
def text(tmp_path):
    records = [*two_methods(), a_record("a_b{", status="diverged", error=r"\write18{rm} 100 %")]
    return latex.render(contents.of(make(tmp_path, records, about={"title": "R%ngs\nof {x"})))


def test_braces_and_environments_close(text):
    code = re.sub(r"(?<!\\)%.*", "", text)
    assert len(re.findall(r"(?<!\\)\{", code)) == len(re.findall(r"(?<!\\)\}", code))
    assert re.findall(r"\\begin\{(\w+)\}", code) == re.findall(r"\\end\{(\w+)\}", code)
    assert r"\write18" not in code
    assert text.count(r"\begingroup") == text.count(r"\endgroup") == text.count(r"\begin{longtable}")


def test_numbers_stand_to_the_right_and_long_words_are_set_in_lines(tmp_path):
    sentence = "an error that takes more words than a line of a table has room for"
    text = latex.render(contents.of(make(tmp_path, [*two_methods(), a_record("toy", status="failed", error=sentence)])))
    failures = text.partition(r"\label{tab:failures}")[0].rpartition(r"\begin{longtable}")[2]
    assert failures.startswith(r"{llllp{0.26\linewidth}r}")


def test_every_table_and_figure_has_a_caption_and_a_label(text):
    assert (
        text.count(r"\caption{")
        == text.count(r"\label{")
        == text.count(r"\begin{longtable}") + text.count(r"\begin{figure}")
    )
    assert (
        r"\includegraphics[width=\linewidth,height=0.8\textheight,keepaspectratio]{figures/scores-high_quality.pdf}"
        in text
    )
    assert r"0.810 $\pm$ 0.010" in text
