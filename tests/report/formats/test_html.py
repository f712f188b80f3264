"""The page: complete, safe, one file; and looked at in a real browser."""

import itertools
import re
from html.parser import HTMLParser

import chromium
import pytest
from study_folders import a_record, make, two_methods

from genbench.report import contents
from genbench.report.figures import drawing
from genbench.report.formats import html

EVIL = "<script>alert(1)</script>"
VOID = {"meta", "link", "img", "br"}


class Parsed(HTMLParser):
    """The elements of a page, as (tag, attributes), and whether all that is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, *tags):
        return [attributes for tag, attributes in self.elements if tag in tags]


def rendered(folder, target):
    report = contents.of(folder)
    drawing.save(report.figures, target)
    return html.render(report, target)


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """The page of a study of which a trial diverged and which has words that are HTML."""
    folder = tmp_path_factory.mktemp("results")
    records = [*two_methods(), a_record("gan", 3, status="diverged", error=EVIL), a_record("a&b", 0, warnings=(EVIL,))]
    about = {
        "title": f"Rings & {EVIL}",
        "question": "Does a GAN lose modes?",
        "claims": ["GRAM < GAN"],
        "command": 'genbench run "gram.lr=1,2"',
        "earlier": [],
    }
    return rendered(make(folder, records, about=about), folder / "figures")


@pytest.fixture(scope="module")
def parsed(text):
    return Parsed(text)


def test_words_of_a_study_are_words_and_never_elements(text, parsed):
    assert EVIL not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4
    assert parsed.all("script", "iframe", "object") == []


def test_nothing_is_loaded_from_anywhere(text, parsed):
    addresses = [
        value
        for _, attributes in parsed.elements
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "data", "action")
    ]
    assert addresses
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_every_picture_has_words_and_a_size(parsed):
    pictures = parsed.all("img")
    assert len(pictures) >= 4
    assert all(
        len(picture["alt"]) > 20 and int(picture["width"]) > 0 and int(picture["height"]) > 0 for picture in pictures
    )


def test_headings_descend_one_level_at_a_time_from_a_single_title(parsed):
    levels = [int(tag[1]) for tag, _ in parsed.elements if re.fullmatch(r"h\d", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_names_within_the_page_are_unique_and_every_link_leads_somewhere(parsed):
    names = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(names) == len(set(names))
    referred = [attributes["href"][1:] for attributes in parsed.all("a")]
    referred += [
        attributes[name]
        for _, attributes in parsed.elements
        for name in ("aria-labelledby", "aria-describedby")
        if name in attributes
    ]
    assert set(referred) <= set(names)
    assert parsed.all("html") == [{"lang": "en"}]


def test_the_page_has_question_verdict_numbers_protocol_failures_cost_environment_and_commands(text):
    for words in (
        "Does a GAN lose modes?",
        "gan against gram: worse on high_quality",
        "0.810 ± 0.010",
        "generated images",
        "What did not finish",
    ):
        assert words in text
    for words in ("What it cost", "Where it ran", "genbench run &#34;gram.lr=1,2&#34;", "GRAM &lt; GAN"):
        assert words in text


def test_a_figure_that_fits_a_phone_is_not_wide(parsed):
    wide = [attributes for attributes in parsed.all("figure") if attributes.get("class") == "wide"]
    narrow = [picture for picture in parsed.all("img") if int(picture["width"]) <= 337]
    assert len(narrow) + len(wide) == len(parsed.all("img"))
    assert narrow


@pytest.fixture(scope="module")
def file(text, tmp_path_factory):
    """The page as a file in its own folder."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(text)
    return path


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_in_a_browser_the_page_is_whole_at_any_width_and_asks_nobody_for_anything(file, parsed, width):
    seen = chromium.look(file.parent, file.name, width=width)
    assert seen.console == []
    assert seen.requests == ["/report.html"]
    assert seen.measured["pictures"] == len(parsed.all("img"))
    assert seen.measured["broken"] == 0
    assert seen.measured["scroll_width"] <= width, "the page scrolls sideways"
    assert seen.measured["smallest_type"] >= 10.6, "8 points are 10.67 CSS pixels"


def test_what_is_folded_on_the_screen_is_not_on_paper_and_the_page_says_so(text):
    printed = text.partition("@media print {")[2].partition("</style>")[0]
    assert "details:not([open]) { display: none; }" in printed
    assert "Sections that were closed on the screen are not on paper" in text


@pytest.mark.browser
def test_in_a_browser_dark_is_dark_and_figures_stay_on_white(file):
    light, dark = (chromium.look(file.parent, file.name, width=800, dark=dark).measured for dark in (False, True))
    assert light["paper"] == light["card"] == dark["card"] == "rgb(255, 255, 255)"
    assert dark["paper"] != light["paper"]
    assert min(light["contrast"], dark["contrast"]) >= 4.5
