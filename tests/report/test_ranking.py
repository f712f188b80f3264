"""Rankings: the best first, letters that say who cannot be told from whom, and words for both."""

import itertools

import pytest
from study_folders import a_record, two_methods

from genbench.report import ranking
from genbench.report.stats import judgement
from genbench.report.tables import meanings
from genbench.trial.collected import frame


def ranked(records):
    found = frame(records)
    return ranking.table(ranking.rankings(found, judgement.verdicts(found)))


@pytest.mark.parametrize(
    "different",
    [set(), {("a", "b")}, {("a", "d"), ("b", "d")}, {("a", "c"), ("b", "d")}, {*itertools.combinations("abcd", 2)}],
)
def test_two_names_share_a_letter_exactly_where_they_are_not_different(different):
    given = ranking.letters("abcd", different)
    assert all(given.values())
    for one, other in itertools.combinations("abcd", 2):
        assert bool(set(given[one]) & set(given[other])) == ((one, other) not in different)


def test_the_first_has_the_letter_a():
    assert ranking.letters("abc", {("a", "c")}) == {"a": "a", "b": "ab", "c": "b"}


def test_the_best_is_first_and_each_line_says_who_is_ahead_and_who_is_too_close_to_call():
    table = ranked([*two_methods(5), *(a_record("mmdnet", seed, score=0.3 + seed / 5) for seed in range(5))])
    assert table.title == "Ranking by high_quality (higher is better)"
    assert list(table.shown["method"]) == ["gram", "mmdnet", "gan"]
    assert list(table.shown["high_quality"]) == ["0.82 ± 0.016", "0.7 ± 0.32", "0.52 ± 0.016"]
    assert list(table.shown["group"]) == ["a", "ab", "b"]
    assert table.shown["in words"][0] == "leads; ahead of gan; too close to call with mmdnet"
    assert table.shown["in words"][2] == "behind gram; too close to call with mmdnet"


def test_one_seed_is_an_order_and_no_verdict_and_one_method_no_ranking():
    assert "An order and no verdict" in ranked(two_methods(seeds=1)).caption
    assert ranked([a_record()]) is None


def test_a_method_without_any_score_is_last_and_says_so():
    records = [*two_methods(4), *(a_record("mmdgan", seed, status="diverged") for seed in range(4))]
    table = ranked(records)
    assert list(table.shown["method"])[-1] == "mmdgan"
    assert list(table.shown["high_quality"])[-1] == "4 of 4 trials without a score"


def test_every_metric_has_its_meaning_and_one_of_a_plugin_that_is_gone_has_none():
    records = frame([a_record(metrics={"modes_any": 8.0, "max_abs": 2.0, "gone": 1.0})])
    shown = meanings.of(records).shown
    assert list(shown["metric"]) == ["modes_any", "max_abs"]
    assert list(shown["better"]) == ["higher is better", "neither is better"]
    assert shown["what it is"][0] == "modes with at least one high-quality sample"
