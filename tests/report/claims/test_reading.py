"""Claims as a study's file has them: what they mean, and what is refused in which words."""

import re

import pytest

from genbench.config.strict_yaml import Node, read_yaml
from genbench.errors import SettingsError
from genbench.report.claims import reading
from genbench.report.claims.claim import Better, Equal, Rate, Trend

KNOWN = reading.Known(
    labels=["gan", "gram", "gram/flow"],
    datasets=["ring", "digits"],
    metrics=["fid", "modes"],
    roots=["net", "train", "gan", "gram"],
    swept={"net.width": [20, 100], "gram.lr": [1e-3, 1e-4]},
)
ALL = """
- A sentence.
- {claim: b, better: gram, than: [gan, gram/flow], on: fid, across: range, paper: Table 9}
- {claim: r, rate: {modes: 8}, of: gram, at_least: 0.9, where: {dataset: ring, net.width: [20, 100]}}
- {claim: m, rate: {modes: 8}, of: [gan, gram], at_most: 0.1}
- {claim: e, equal: [gan, gram], on: fid, within: 0.1}
- {claim: f, falls: modes, with: net.width, of: gan}
- {claim: s, steady: modes, with: gram.lr, of: gram, within: 0.5}
"""


@pytest.fixture
def read(tmp_path):
    """read(text): the claims of a file of that text, checked against KNOWN."""

    def of(text, known=KNOWN):
        path = tmp_path / "s.yaml"
        path.write_text(text)
        return reading.claims(Node(read_yaml(path), path, "claims"), known)

    return of


def test_a_claim_is_a_sentence_or_keys_that_say_what_to_test(read):
    sentence, better, rate, most, equal, falls, steady = read(ALL)
    assert sentence == "A sentence."
    assert better == Better(
        words="b", paper="Table 9", better="gram", than=("gan", "gram/flow"), on="fid", across="range"
    )
    where = {"dataset": ("ring",), "net.width": (20, 100)}
    assert rate == Rate(words="r", where=where, of=("gram",), on="modes", value=8.0, share=0.9, at_least=True)
    assert (most.of, most.at_least) == (("gan", "gram"), False)
    assert equal == Equal(words="e", equal=("gan", "gram"), on="fid", within=0.1)
    assert falls == Trend(words="f", direction="falls", on="modes", setting="net.width", of=("gan",))
    assert (steady.direction, steady.within) == ("steady", 0.5)


def test_what_a_claim_needs_and_tests_can_be_asked(read):
    better, rate = read(ALL)[1:3]
    assert (better.labels, better.metric) == (("gram", "gan", "gram/flow"), "fid")
    assert rate.tested == "at least 0.9 of the trials of gram reach modes 8, where dataset=ring net.width=20,100"


def test_a_claim_is_read_again_from_what_it_is_written_as(read, tmp_path):
    found = read(ALL)
    assert reading.stored([reading.plain(one) for one in found], tmp_path / "study.json") == found
    assert reading.stored([], tmp_path / "study.json") == ()


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("{claim: x}", "claims[0]: a claim that can be judged has one of the keys better, rate, equal"),
        ("{claim: x, better: gram, equal: [gan, gram], on: fid}", "got better and equal"),
        ("{better: gram, than: gan, on: fid}", "the key 'claim' is missing"),
        ("{claim: x, better: gram, then: gan, on: fid}", "unknown key 'then': did you mean 'than'"),
        (
            "{claim: x, better: grom, than: gan, on: fid}",
            "claims[0].better: unknown method 'grom': did you mean 'gram'",
        ),
        ("{claim: x, better: gram, than: [gna], on: fid}", "unknown method 'gna': did you mean 'gan'"),
        ("{claim: x, better: gram, than: gram, on: fid}", "gram cannot be better than itself"),
        ("{claim: x, better: gram, than: gan, on: fdi}", "claims[0].on: unknown metric 'fdi': did you mean 'fid'"),
        ("{claim: x, better: gram, than: gan, on: fid, across: sum}", "across: expected mean or range, got 'sum'"),
        ("{claim: x, rate: 8, of: gram, at_least: 0.9}", "rate: expected keys and values"),
        ("{claim: x, rate: {fid: 8, modes: 8}, of: gram, at_least: 0.9}", "expected one metric and the value to reach"),
        ("{claim: x, rate: {modes: all}, of: gram, at_least: 0.9}", "rate.modes: expected a number, got 'all'"),
        ("{claim: x, rate: {modes: 8}, of: gram}", "expected one of the keys at_least and at_most, got none"),
        ("{claim: x, rate: {modes: 8}, of: gram, at_least: 1}", "at_least: expected a share between 0 and 1"),
        ("{claim: x, equal: [gan], on: fid, within: 1}", "equal: expected two methods, got 1"),
        ("{claim: x, equal: [gan, gram], on: fid, within: 0}", "within: expected a margin above 0, got '0'"),
        ("{claim: x, rises: fid, with: net.depth, of: gan}", "unknown sweep of the runs 'net.depth'"),
        ("{claim: x, rises: fid, with: net.width, of: gan, within: 1}", "unknown key 'within'"),
        ("{claim: x, steady: fid, with: net.width, of: gan}", "the key 'within' is missing"),
        ("{claim: x, rises: fid, with: net.width, of: gan, where: {nat.width: 20}}", "expected 'dataset' or a setting"),
        ("{claim: x, rises: fid, with: net.width, of: gan, where: {net.width: 30}}", "no run has net.width=30"),
        ("{claim: x, rises: fid, with: net.width, of: gan, where: {dataset: rang}}", "unknown data set 'rang'"),
        ("[a, b]", "claims[0]: expected keys and values"),
    ],
)
def test_what_is_no_claim_is_refused_in_one_line_that_says_where_and_what_was_possible(read, claim, said):
    with pytest.raises(SettingsError, match=re.escape(said)) as error:
        read(f"- {claim}")
    assert "\n" not in str(error.value)


def test_a_claim_that_is_there_twice_and_none_at_all_are_refused(read):
    with pytest.raises(SettingsError, match="the claim 'one' is there twice"):
        read("[one, one]")
    with pytest.raises(SettingsError, match="expected at least one claim"):
        read("[]")
