"""What a study's verdicts come to, in every format: the primary metric and the others, who failed, what is promised."""

import dataclasses

import pandas as pd
import pytest
from study_folders import a_record, make, two_methods

from genbench.report import contents, overview
from genbench.report.formats import formats, latex, markdown
from genbench.report.stats import judgement
from genbench.trial.collected import frame


def seeds(method, *ends):
    """Trials of a method that ended so; None is a score."""
    return [a_record(method, seed, status=end or "finished") for seed, end in enumerate(ends)]


FINISHED = (None,) * 4
DIVERGED = ("diverged",) * 4
FAILED = ("failed",) * 4


def of(*groups):
    return judgement.verdicts(frame([record for group in groups for record in group]))


@pytest.mark.parametrize(
    ("ends", "line"),
    [
        (FINISHED, "worse on high_quality; secondary: worse on mode_kl"),
        (
            DIVERGED,
            "worse on high_quality; secondary: worse on mode_kl; gan failed: gan diverged in all of 4 trials, gram in"
            " none of 4",
        ),
        (
            (None, "diverged", "diverged", "diverged"),
            "worse on high_quality; secondary: worse on mode_kl; gan diverged in 3 of 4 trials, gram in none of 4",
        ),
        (FAILED, "no verdict on high_quality; secondary: no verdict on mode_kl"),
        (("interrupted",) * 4, "no verdict on high_quality; secondary: no verdict on mode_kl"),
    ],
)
def test_a_pairs_line_has_the_primary_metric_first_and_says_who_failed(ends, line):
    assert overview.overview(of(seeds("gan", *ends), seeds("gram", *FINISHED))) == (f"gan against gram: {line}",)


def test_a_verdict_that_trials_without_a_score_change_is_in_the_pairs_line():
    ends = [*FINISHED, None, "diverged", "diverged", "diverged"]
    (line,) = overview.overview(of(seeds("gan", *[None] * 8), seeds("gram", *ends)))
    assert line.startswith("gan against gram: inconclusive on high_quality; secondary: inconclusive on mode_kl; gram")
    assert line.endswith("among the seeds with a score: worse on high_quality, mode_kl")


def test_of_many_pairs_the_first_have_a_line_and_those_without_a_verdict_none():
    many = [row for number in range(8) for row in seeds(f"m{number}", *FINISHED)]
    *lines, last = overview.overview(of(many, seeds("once", FINISHED[0])))
    assert len(lines) == overview.PAIRS
    assert not any("once" in line for line in lines)
    assert last == f"{8 * 7 // 2 - overview.PAIRS} more pairs are in the table of verdicts"


def test_a_sentence_says_on_which_of_several_data_sets_it_is():
    gan, gram = seeds("gan", *FINISHED), seeds("gram", *FINISHED)
    elsewhere = [dataclasses.replace(record, dataset="digits") for record in (*gan, *gram)]
    told = overview.summary(of(gan, gram, elsewhere))
    assert {one.words.split(" ")[0] for one in told} == {"ring:", "digits:"}
    assert not any(one.words.startswith("ring: ") for one in overview.summary(of(gan, gram)))


def test_the_promise_names_the_primary_metric_its_family_and_the_others():
    primary, secondary = overview.promise(of(*(seeds(name, *FINISHED) for name in ("gan", "gram", "mmdnet"))))
    assert primary.startswith("Primary metric: high_quality")
    assert (
        "5 %; its p are adjusted over a family of 3 comparisons, every pair of gan, gram and mmdnet on high_quality."
        in primary
    )
    assert "`genbench compare` of one pair has a family of its own" in primary
    assert secondary.startswith("Secondary: mode_kl. ")
    assert secondary.endswith("With five seeds or more a p times 2 holds for the study.")


def test_a_single_comparison_is_a_family_that_compare_has_too():
    primary, _ = overview.promise(of(seeds("gan", *FINISHED), seeds("gram", *FINISHED)))
    assert primary.endswith("its p are adjusted over a single comparison, gan against gram on high_quality.")


def test_nothing_is_promised_where_nothing_can_be_said():
    assert overview.promise(of(seeds("gan", None), seeds("gram", None))) == ()


def test_verdicts_on_the_primary_metric_are_told_first():
    found = of(two_methods())
    words = [one.words for one in overview.summary([*reversed(found)])]
    assert ["(secondary)" in word for word in words] == [False, True]


def test_a_pair_about_which_something_can_be_said_is_not_among_those_without_a_verdict():
    told = overview.summary(of(seeds("gan", "failed", "failed", "failed"), seeds("gram", *FINISHED[:3])))
    assert all("Not counted: 3 trials of gan" in one.words for one in told)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Of a study in which one method always diverges."""
    records = [*seeds("gan", *DIVERGED), *seeds("gram", *FINISHED), *seeds("mmdnet", *FINISHED[:3], "failed")]
    return contents.of(make(tmp_path_factory.mktemp("results"), records, logged=False))


WORDS = ("gan failed: gan diverged in all of 4 trials, gram in none of 4", "worse, gan failed", "Primary metric: high")


def test_markdown_says_who_failed_and_what_is_promised(report):
    text = markdown.render(report).replace("\\", "")
    assert all(word in text for word in WORDS)


def test_latex_says_who_failed_and_what_is_promised(report):
    assert all(word in latex.render(report) for word in WORDS)


@pytest.mark.slow
def test_the_page_says_who_failed_and_what_is_promised(report, tmp_path):
    formats.write(report, ["html"], tmp_path)
    text = (tmp_path / "report.html").read_text()
    assert all(word in text for word in WORDS)


def test_the_tables_of_verdicts_say_who_failed(report, tmp_path):
    formats.write(report, ["csv"], tmp_path)
    rows = pd.read_csv(tmp_path / "verdicts.csv", keep_default_na=False)
    row = rows[(rows["metric"] == "high_quality") & (rows["b"] == "gram")].iloc[0]
    told = {"a": "gan", "verdict": "worse", "of_scored": "none", "role": "primary", "test": "all against none"}
    counts = {"trials_a": 4, "diverged_a": 4, "diverged_b": 0, "missing_a": 0, "comparisons": 3}
    assert row[[*told, *counts]].to_dict() == told | counts
    shown = next(one for one in report.results if one.name == "verdicts").shown
    assert shown["without a score"].tolist()[:3] == [
        "4/4 and 0/4",
        "4/4 and 0/3, 0 and 1 no result",
        "0 and 1 no result",
    ]


def test_a_table_where_every_trial_has_a_score_does_not_speak_of_others(tmp_path):
    shown = next(
        one for one in contents.of(make(tmp_path, two_methods(), logged=False)).results if one.name == "verdicts"
    )
    assert not {"without a score", "of scored"} & set(shown.shown)
    assert shown.shown["role"].tolist() == ["primary", "secondary"]


def test_a_sentence_is_not_given_of_a_metric_without_a_direction():
    found = [dataclasses.replace(one, better="neither", verdict="none") for one in of(two_methods())]
    assert {one.words.partition(":")[0] for one in overview.summary(found)} == {"No verdict on gan against gram"}
