"""Numbers that were made under different protocols are never in one column, and the table says what differs."""

import pytest

from genbench.report.stats.protocols import differences
from genbench.report.tables import summary as tables
from genbench.trial.collected import frame
from genbench.trial.record import Record

ALIKE = {
    "dataset": "blobs",
    "content": "c" * 64,
    "split": "test",
    "real_images": 100,
    "extractor": "small",
    "weights": "a" * 64,
}


def a_record(method="gram", seed=0, score=1.0, key="k0", warnings=(), **changes):
    protocol = ALIKE | changes
    return Record(
        study="s",
        trial=f"{method}{seed}",
        id="1",
        method=method,
        dataset=protocol["dataset"],
        architecture="mlp",
        seed=seed,
        status="finished",
        metrics={} if score is None else {"fid": score, "modes": 8.0},
        protocol={"fid": key, "modes": "m"} if key else {},
        protocols={key: protocol, "m": {"split": "test"}} if key else {},
        warnings=warnings,
    )


def summary(*records):
    return tables.summarize(frame(list(records)))


def notes(*records):
    return tables.notes(frame(list(records)))


def test_like_numbers_are_one_column_of_the_metrics_name():
    records = a_record(score=1), a_record(seed=1, score=3), a_record("gan", score=5)
    assert summary(*records)["fid"].tolist() == [2, 5]
    assert notes(*records) == []


def test_numbers_under_different_protocols_are_never_averaged_and_never_in_one_column():
    records = a_record(score=1), a_record(seed=1, score=3, key="k1", split="train"), a_record("gan", score=5)
    table = summary(*records)
    assert "fid" not in table
    assert table["fid [k0]"].tolist() == [1, 5]
    assert table["fid [k1]"].tolist()[0] == 3
    assert tables.formatted(table)["fid [k1]"].tolist() == ["3.00", "–"]
    assert table["modes"].tolist() == [8, 8]


def test_the_table_says_what_differs():
    (note,) = notes(a_record(), a_record("gan", key="k1", split="train", weights="b" * 64))
    assert (
        note
        == "not to be compared, made under different protocols: fid: [k0] split test, weights aaaaaaaaaaaa; [k1] split"
        " train, weights bbbbbbbbbbbb"
    )


def test_data_sets_that_differ_in_the_data_alone_share_a_column():
    records = a_record(score=1), a_record(score=2, key="k1", dataset="rings", content="d" * 64, real_images=50)
    assert summary(*records)["fid"].tolist() == [1, 2]
    assert notes(*records) == []


def test_data_sets_with_extractors_of_their_own_do_not():
    table = summary(a_record(score=1), a_record(score=2, key="k1", dataset="rings", extractor="large"))
    assert {"fid [k0]", "fid [k1]"} <= set(table)


def test_a_trial_without_numbers_differs_from_nothing():
    assert summary(a_record(score=1), a_record("gan", score=None, key=""))["fid"].tolist()[0] == 1


def test_numbers_from_before_there_were_protocols_differ_from_those_with_one():
    assert {"fid [k0]", "fid [unknown]"} <= set(summary(a_record(), a_record("gan", key="")))
    assert summary(a_record(key=""), a_record("gan", key=""))["fid"].tolist() == [1, 1]


def test_warnings_of_the_trials_are_told_once():
    assert notes(a_record(warnings=("few samples",)), a_record(seed=1, warnings=("few samples", "odd weights"))) == [
        "few samples",
        "odd weights",
    ]


@pytest.mark.parametrize(("ignored", "expected"), [((), {"a": [1, 2], "b": [3, None]}), (("a",), {"b": [3, None]})])
def test_differences_are_the_fields_with_more_than_one_value(ignored, expected):
    assert differences([{"a": 1, "b": 3, "c": 0}, {"a": 2, "c": 0}], ignored) == expected
