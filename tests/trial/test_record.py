"""Records: round trips, files, damage."""

import json

import pytest

from genbench.errors import GenbenchError
from genbench.trial import record
from genbench.trial.record import Record


def a_record(**changes):
    row = {
        "study": "s",
        "trial": "t-1",
        "id": "1",
        "method": "gram",
        "dataset": "ring",
        "architecture": "mlp",
        "seed": 0,
        "status": "finished",
    }
    row |= {"warnings": ("few samples",), "better": {"modes": "higher"}}
    row |= {"protocol": {"modes": "0a1b"}, "protocols": {"0a1b": {"dataset": "ring", "real_images": 5}}}
    row |= {
        "metrics": {"modes": 8.0, "high_quality": 0.7},
        "settings": {"method": {"lr": 0.1, "widths": [1.0]}, "train": {"batch": 200}, "threads": 1},
    }
    return Record(**(row | changes))


def test_a_record_survives_the_trip_through_a_flat_row():
    row = a_record().to_row()
    assert row["modes"] == 8.0
    assert row["settings.train.batch"] == 200
    assert row["protocols.0a1b.real_images"] == 5
    assert row["better.modes"] == "higher"
    assert all(not isinstance(value, dict) for value in row.values())
    assert Record.from_row(row) == a_record()


def test_a_record_survives_the_trip_through_a_file(tmp_path):
    record.write(a_record(error="é\n"), tmp_path)
    assert record.read(tmp_path) == a_record(error="é\n")
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


def test_a_record_of_a_newer_version_can_be_read():
    assert Record.from_row(a_record().to_row() | {"new_column": 1}) == a_record()


def test_a_folder_without_a_record_has_none(tmp_path):
    assert record.read(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "\x00"])
def test_a_damaged_record_is_named(tmp_path, content):
    (tmp_path / "record.json").write_text(content)
    with pytest.raises(GenbenchError, match=r"record\.json"):
        record.read(tmp_path)


def test_records_are_loaded_from_a_trial_a_study_and_a_results_folder(tmp_path):
    for study, trial in (("a", "x"), ("a", "y"), ("b", "z")):
        folder = tmp_path / study / "trials" / trial
        folder.mkdir(parents=True)
        (folder / "trial.json").write_text(json.dumps({}))
        record.write(a_record(study=study, trial=trial), folder)
    (tmp_path / "b" / "trials" / "running").mkdir()
    (tmp_path / "b" / "trials" / "running" / "trial.json").write_text("{}")
    assert list(record.load(tmp_path)["trial"]) == ["x", "y", "z"]
    assert list(record.load(tmp_path / "a")["trial"]) == ["x", "y"]
    assert list(record.load(tmp_path / "b" / "trials" / "z")["trial"]) == ["z"]
    assert record.load(tmp_path)["high_quality"].eq(0.7).all()


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(GenbenchError, match="nowhere"):
        record.load(tmp_path / "nowhere")


def test_records_that_cannot_be_read_are_named_and_the_others_are_loaded(tmp_path):
    for trial in ("x", "y"):
        folder = tmp_path / "trials" / trial
        folder.mkdir(parents=True)
        (folder / "trial.json").write_text("{}")
        record.write(a_record(trial=trial), folder)
    (tmp_path / "trials" / "x" / "record.json").write_text("[]")
    good, damaged = record.load_good(tmp_path)
    assert list(good["trial"]) == ["y"]
    assert len(damaged) == 1
    assert "x/record.json" in damaged[0]
    with pytest.raises(GenbenchError, match=r"x/record\.json"):
        record.load(tmp_path)
