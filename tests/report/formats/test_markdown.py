"""The report as Markdown: words mean themselves, tables keep their shape, pictures are named."""

import pytest
from markdown_it import MarkdownIt
from study_folders import a_record, make, two_methods

from genbench.report import contents
from genbench.report.formats import markdown

EVIL = [
    "a|b",
    "*bold*",
    "`code`",
    "<b>",
    "[x](y)",
    "# no heading",
    "_x_",
    "a\\|b",
    "~~x~~",
    "&lt;",
    "![p](q)",
    "$x$",
    "line\nbreak",
]


@pytest.mark.parametrize("words", EVIL)
def test_words_mean_themselves(words):
    (block,) = [
        token
        for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(f"x {markdown.escape(words)} x")
        if token.type == "inline"
    ]
    assert {token.type for token in block.children} <= {"text", "text_special"}
    assert "".join(token.content for token in block.children) == f"x {' '.join(words.split())} x"


@pytest.fixture
def text(tmp_path):
    records = [*two_methods(), a_record("a|b", status="diverged", error="x | y\n<script>")]
    return markdown.render(
        contents.of(make(tmp_path, records, about={"title": "R*ngs", "question": "Why?", "claims": ["A claim."]}))
    )


def test_every_row_of_a_table_has_as_many_cells_as_its_head(text):
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    widths, width = [], 0
    for token in tokens:
        width += token.type in ("td_open", "th_open")
        if token.type == "tr_close":
            widths.append(width)
            width = 0
        if token.type == "table_close":
            assert len(set(widths)) == 1
            widths = []
    assert "<script>" not in text


def test_it_has_question_verdict_tables_figures_and_commands(text):
    assert text.startswith("# R\\*ngs\n\nWhy?\n\n## Claims\n\n- **not judged**: A claim.")
    for words in (
        "gan against gram: worse on",
        "| method |",
        "](figures/scores-high_quality.png)",
        "## What did not finish",
        "```bash\ngenbench report s",
    ):
        assert words in text


def test_numbers_stand_to_the_right(text):
    head = text.index("| method | high\\_quality | mode")
    assert text[head:].splitlines()[1].startswith("| --- | ---: |")
