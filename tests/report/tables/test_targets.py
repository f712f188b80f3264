"""Time to target: the first score that is good enough, on every clock, and what is said of trials that never had
one.
"""

import math

import pytest
import study_folders

from genbench.report import contents
from genbench.report.tables import targets

HIGHER = {"high_quality": "higher"}


@pytest.fixture
def folder(tmp_path):
    """gan ends at 0.50, 0.51, 0.52 and gram at 0.80, 0.81, 0.82, with half of that half way, at 500 of 1,000 images."""
    return study_folders.make(tmp_path, study_folders.two_methods(), about={"targets": {"high_quality": 0.4}})


def rows_of(folder, wanted):
    about = {"targets": wanted}
    (folder / "study.json").unlink()
    study_folders.write_json(about, folder / "study.json")
    return {table.name: table for table in contents.of(folder).results}.get("targets")


def test_the_first_score_that_is_good_enough_counts_on_every_clock(folder):
    directory = folder / "trials" / "gram--1-"
    assert targets.reached(directory, "high_quality", 0.405, "higher") == {
        "images": 500,
        "updates": 5,
        "train_seconds": 1.5,
    }
    assert targets.reached(directory, "high_quality", 0.406, "higher") == {
        "images": 1000,
        "updates": 10,
        "train_seconds": 3.0,
    }
    assert targets.reached(directory, "high_quality", 0.5, "lower") == {
        "images": 500,
        "updates": 5,
        "train_seconds": 1.5,
    }


def test_a_target_that_is_not_reached_is_infinitely_far_and_no_score_is_none(folder):
    directory = folder / "trials" / "gan--0-"
    assert set(targets.reached(directory, "high_quality", 0.9, "higher").values()) == {math.inf}
    assert targets.reached(directory, "fid", 1, "lower") is None


def test_a_harder_target_is_never_reached_earlier(folder):
    directory = folder / "trials" / "gram--2-"
    times = [targets.reached(directory, "high_quality", goal / 20, "higher")["images"] for goal in range(21)]
    assert times == sorted(times)


def test_the_report_has_the_medians_of_every_contender(folder):
    data = {table.name: table for table in contents.of(folder).results}["targets"].data
    assert dict(zip(data["method"], data["images"], strict=True)) == {"gan": 1000, "gram": 500}
    assert dict(zip(data["method"], data["train_seconds"], strict=True)) == {"gan": 3.0, "gram": 1.5}


def test_most_trials_decide_and_those_that_never_reach_it_count(folder):
    shown = rows_of(folder, {"high_quality": 0.515}).shown.set_index("method")
    assert shown.loc["gan", "reached by"] == "1 of 3"
    assert shown.loc["gan", "images"] == "not within the budget"
    assert shown.loc["gram", "images"] == "1,000"


def test_a_metric_that_no_trial_was_scored_by_is_named(folder):
    assert "No trial was scored during training by fid." in rows_of(folder, {"high_quality": 0.4, "fid": 3}).caption
    assert rows_of(folder, {"fid": 3}) is None
    assert rows_of(folder, {}) is None


def test_a_damaged_log_is_named_by_the_report_and_left_out_here(folder):
    (folder / "trials" / "gan--0-" / "metrics.jsonl").write_text(
        '{"images": 3, "updates": 1, "metrics": {"high_quality": 1}}\n'
    )
    report = contents.of(folder)
    assert any("gan--0-" in line for line in report.damaged)
    data = {table.name: table for table in report.results}["targets"].data
    assert dict(zip(data["method"], data["trials"], strict=True)) == {"gan": 2, "gram": 3}
