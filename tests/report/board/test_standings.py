"""Merging and comparing: copies count once, and what is unlike stays apart."""

import time
from pathlib import Path

import pytest
from shared_folders import put, signed, some

from genbench.report.board import page, sources, standings


def board(*places):
    return page.of(sources.found(places))


def rows(found):
    """Per comparison its methods with their seeds."""
    return [{row.method: row.seeds for row in one.rows} for one in found.comparisons]


def test_the_winner_is_named_with_its_mean_cost_and_seeds(tmp_path):
    put(tmp_path, some())
    (one,) = board(tmp_path).comparisons
    assert (one.dataset, one.metric, one.better, one.answer) == ("ring", "high_quality", "higher", "gram wins")
    best, other = one.rows
    assert (best.method, best.seeds, best.images, best.updates, best.train_seconds) == ("gram", 3, 1000, 10, 3)
    assert other.standing == "worse than gram"


def test_a_single_seed_decides_nothing(tmp_path):
    put(tmp_path, some(seeds=1))
    (one,) = board(tmp_path).comparisons
    assert one.answer == "undecided"
    assert {row.standing for row in one.rows} == {"too few seeds"}


def test_methods_that_all_stand_at_a_metrics_ceiling_are_not_among_the_best(tmp_path):
    put(tmp_path, some(score=1.0))
    (one,) = board(tmp_path).comparisons
    assert one.answer == "undecided"
    assert {row.standing for row in one.rows} == {"no information"}


def test_two_peoples_trials_of_one_kind_are_one_comparison_whatever_their_studies_are_called(tmp_path):
    put(tmp_path / "alice", some(("gan",)))
    put(tmp_path / "bob", some(("gram",), study="mine"), name="mine")
    found = board(tmp_path / "alice", tmp_path / "bob")
    assert rows(found) == [{"gram": 3, "gan": 3}]
    assert [row.studies for row in found.comparisons[0].rows] == [(1,), (0,)]
    assert found.comparisons[0].answer == "gram wins"


def test_a_copy_counts_once_and_leads_to_both_places(tmp_path):
    put(tmp_path / "alice", some())
    put(tmp_path / "bob", some(("gram",)))
    found = board(tmp_path / "alice", tmp_path / "bob")
    assert rows(found) == [{"gram": 3, "gan": 3}]
    assert found.comparisons[0].rows[0].studies == (0, 1)
    assert "3 trials are copies of others and count once" in found.notes


def test_of_two_unlike_records_of_one_trial_the_first_named_counts_and_both_are_named(tmp_path):
    put(tmp_path / "alice", some())
    put(tmp_path / "bob", [signed("gram", 0, score=0.999)])
    found = board(tmp_path / "alice", tmp_path / "bob")
    assert rows(found) == [{"gram": 3, "gan": 3}]
    (line,) = found.trials.unlike
    assert "gram on ring, seed 0" in line
    assert "came out otherwise in bob (high_quality 0.999" in line


def test_older_numerics_unlike_protocols_budgets_and_data_are_comparisons_of_their_own(tmp_path):
    put(tmp_path, some())
    put(tmp_path, some(("gram",), numerics={"genbench": 2}, study="newer"), name="newer")
    put(tmp_path, some(("gram",), protocol={"generated_images": 50_000}, study="scored"), name="scored")
    put(tmp_path, some(("gram",), settings={"train.images": 99}, study="short"), name="short")
    put(tmp_path, some(("gram",), data_hash="other", seeds=4, study="data"), name="data")
    for one in board(tmp_path).comparisons:
        assert len({one.key, one.numerics}) == 2
    assert rows(board(tmp_path)) == [{"gram": 3, "gan": 3}, {"gram": 4}, *[{"gram": 3}] * 3]


def test_a_method_under_two_numerics_revisions_is_two_contenders(tmp_path):
    put(tmp_path, some())
    put(tmp_path, some(("gram",), numerics={"method": 2}, score=0.9, study="newer"), name="newer")
    (found,) = rows(board(tmp_path))
    assert (
        set(found) == {"gan numerics=method:1", "gram numerics=method:1", "gram numerics=method:2"} or len(found) == 3
    )


def test_trials_of_a_smoke_run_are_compared_with_no_others(tmp_path):
    put(tmp_path, some(("gan",)))
    put(tmp_path, some(("gram",), study="tiny"), name="tiny", smoke=True)
    found = board(tmp_path).comparisons
    assert [(one.smoke, [row.method for row in one.rows]) for one in found] == [(False, ["gan"]), (True, ["gram"])]


def test_diverged_trials_are_counted_and_named(tmp_path):
    put(tmp_path, [*some(("gram",), seeds=4), *(signed("gan", seed, status="diverged") for seed in range(4))])
    (one,) = board(tmp_path).comparisons
    assert [(row.method, row.ended) for row in one.rows] == [("gram", ""), ("gan", "4 diverged")]
    assert one.answer == "gram wins"


def test_a_trial_is_found_equal_to_its_copy_whatever_the_order_of_folders(tmp_path):
    put(tmp_path / "a", some())
    put(tmp_path / "b", some(("gan",)))
    one, other = board(tmp_path / "a", tmp_path / "b"), board(tmp_path / "b", tmp_path / "a")
    assert standings.frame(one.comparisons).equals(standings.frame(other.comparisons))


@pytest.mark.slow
def test_a_hundred_rows_are_a_page_within_two_seconds(tmp_path):
    put(tmp_path, [signed("gan", seed, settings={"train.images": n}) for n in range(100) for seed in range(2)])
    found = board(Path(tmp_path))
    assert sum(len(one.rows) for one in found.comparisons) == 100
    began = time.process_time()
    text = page.render(found, {})
    assert text.count('<tr class="') == 100
    assert time.process_time() - began < 2


def test_a_comparison_says_how_its_trials_computed_and_that_it_was_in_unlike_ways(tmp_path):
    put(tmp_path / "alike", some(arithmetic="deterministic"))
    alike = board(tmp_path / "alike")
    assert (alike.comparisons[0].arithmetic, alike.notes) == ("deterministic", ())
    assert "; arithmetic deterministic." in page.render(alike, {})
    put(
        tmp_path / "unlike",
        some(("gan",), arithmetic="deterministic") + some(("gram",), arithmetic="deterministic, TF32"),
    )
    unlike = board(tmp_path / "unlike")
    assert unlike.notes == (page.UNLIKE.format(1),)
    said = "deterministic (3 trials) and deterministic, TF32 (3 trials)"
    assert f"; unlike arithmetic {said}." in page.render(unlike, {})
    assert set(standings.frame(unlike.comparisons)["arithmetic"]) == {said}
