"""Two sets of trials beside each other: the same is the same, what differs is named, and different protocols are never
compared.
"""

import pytest
from study_folders import a_record

from genbench.errors import GenbenchError
from genbench.report.compare import Side, between
from genbench.trial.collected import frame


def side(name, records):
    return Side(name=name, records=frame(records))


def seeds(method, count=3, **changes):
    return [a_record(method, seed, **changes) for seed in range(count)]


def different(found):
    return {(field.group, field.name): (field.a, field.b) for field in found.fields if not field.same}


def test_a_set_is_the_same_as_itself():
    found = between(side("A", seeds("gan")), side("B", seeds("gan")))
    assert different(found) == {}
    assert [(one.a, one.b, one.verdict) for one in found.verdicts] == [("gan (A)", "gan (B)", "equal")] * 2
    assert found.refused == []


def test_two_methods_are_judged_and_what_differs_is_named():
    found = between(
        side("A", seeds("gan")), side("B", seeds("gram", settings={"method.lr": 2e-3, "method.ridge": 0.1}))
    )
    assert different(found) == {
        ("trials", "method"): ("gan", "gram"),
        ("settings", "method.lr"): ("0.001", "0.002"),
        ("settings", "method.ridge"): ("–", "0.1"),
        ("versions", "origin"): ("genbench-gan 0.1", "genbench-gram 0.1"),
    }
    assert [(one.a, one.metric, one.verdict) for one in found.verdicts] == [
        ("gan", "high_quality", "worse"),
        ("gan", "mode_kl", "worse"),
    ]


def test_the_other_way_round_is_the_opposite():
    there, back = (
        between(side("A", seeds("gan")), side("B", seeds("gram"))),
        between(side("A", seeds("gram")), side("B", seeds("gan"))),
    )
    assert [one.difference for one in there.verdicts] == [-one.difference for one in back.verdicts]
    assert {one.verdict for one in back.verdicts} == {"better"}


def test_how_trials_computed_is_named_and_unlike_arithmetic_is_said():
    same = between(
        side("A", seeds("gan", arithmetic="deterministic")), side("B", seeds("gram", arithmetic="deterministic"))
    )
    assert ("protocol", "arithmetic", "deterministic") in [(one.group, one.name, one.a) for one in same.fields]
    assert same.refused == []
    found = between(
        side("A", seeds("gan", arithmetic="deterministic")),
        side("B", [*seeds("gan", 2, arithmetic="deterministic, TF32"), *seeds("gan", 1)]),
    )
    assert different(found)["protocol", "arithmetic"] == (
        "deterministic",
        "deterministic, TF32 (2 trials) and not known (1 trial)",
    )
    assert found.refused == [
        "computed in unlike arithmetic, which moves digits beside the seed: deterministic (3 trials) and deterministic,"
        " TF32 (2 trials) and not known (1 trial)"
    ]
    assert found.verdicts


def test_numbers_under_different_protocols_are_not_compared_and_the_difference_is_spelled_out():
    found = between(side("A", seeds("gan")), side("B", seeds("gan", key="k1", protocol={"split": "train"})))
    assert found.verdicts == []
    assert different(found)[("protocol", "high_quality: split")] == ("test", "train")
    assert any("not to be compared" in line for line in found.refused)


def test_numbers_on_different_data_are_not_compared():
    found = between(side("A", seeds("gan")), side("B", seeds("gan", data_hash="e")))
    assert found.verdicts == []
    assert found.refused == ["ring: not compared: the data differ (different hashes)"]
    assert between(side("A", seeds("gan")), side("B", seeds("gan", dataset="blobs"))).verdicts == []


def test_studies_are_compared_method_by_method():
    found = between(side("A", seeds("gan") + seeds("gram")), side("B", seeds("gram") + seeds("mmdnet")))
    assert {(one.a, one.b) for one in found.verdicts} == {("gram (A)", "gram (B)")}


def test_studies_without_a_common_method_are_told_how_to_be_compared():
    found = between(side("A", seeds("gan") + seeds("gram")), side("B", seeds("mmdnet")))
    assert found.verdicts == []
    assert "STUDY:METHOD" in found.refused[0]


def test_a_metric_that_only_one_was_scored_by_is_said():
    lacking = [a_record("gram", seed, metrics={"mode_kl": 0.1}) for seed in range(3)]
    found = between(side("A", seeds("gan")), side("B", lacking))
    assert {one.metric for one in found.verdicts} == {"mode_kl"}
    assert "ring, high_quality: B was not scored by it" in found.refused


def test_a_method_that_never_finished_has_failed_and_is_not_said_to_lack_a_metric():
    found = between(side("A", seeds("gan", 4, status="diverged")), side("B", seeds("gram", 4)))
    assert [(one.verdict, one.diverged_a) for one in found.verdicts] == [("worse", 4)] * 2
    assert found.refused == []


def test_two_methods_that_never_finished_are_said_to_have():
    found = between(side("A", seeds("gan", status="diverged")), side("B", seeds("gram", status="failed")))
    assert found.verdicts == []
    assert found.refused == ["ring: no trial of gan or gram has finished: 3 diverged, 3 failed"]


def test_what_is_promised_of_one_pair_is_said():
    (line,) = between(side("A", seeds("gan")), side("B", seeds("gram"))).promise
    assert line.startswith("primary metric: high_quality; secondary: mode_kl; p are adjusted within one metric")
    assert "on one data set, a family of 1," in line
    assert "the same pair has a larger p and a wider interval there" in line


def test_one_trial_against_another_is_no_verdict():
    found = between(side("A", seeds("gan", 1)), side("B", seeds("gram", 1)))
    assert {one.verdict for one in found.verdicts} == {"none"}


def test_a_set_without_a_record_is_an_error():
    with pytest.raises(GenbenchError, match="B has no record yet"):
        between(side("A", seeds("gan")), side("B", []))
