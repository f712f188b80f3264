"""Records: round trips, files, damage."""

import json
import os

import pytest
from trial_files import trial_of

from genbench.errors import GenbenchError
from genbench.trial import record
from genbench.trial.json_file import write_json
from genbench.trial.log import Tail
from genbench.trial.record import Record

TRIAL = trial_of()


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


def folder_of(trial, directory, **changes):
    """The folder of a trial that has left this record."""
    directory.mkdir(parents=True, exist_ok=True)
    trial.write(directory)
    record.write(a_record(id=trial.id, trial=directory.name, **changes), directory)
    return directory


def test_a_record_survives_the_trip_through_a_file(tmp_path):
    folder = folder_of(TRIAL, tmp_path / "t-1", error="é\n")
    assert record.read(folder) == a_record(id=TRIAL.id, error="é\n")
    assert {path.name for path in folder.iterdir()} == {"record.json", "trial.json"}


@pytest.mark.parametrize("name", ["record.json", "trial.json", "metrics.jsonl"])
def test_ten_empty_gigabytes_are_not_read(tmp_path, name):
    folder = folder_of(TRIAL, tmp_path / "t-1")
    (folder / name).touch()
    os.truncate(folder / name, 10 * 2**30)
    with pytest.raises(GenbenchError, match=rf"{name} .*bytes"):
        Tail(folder).rows() if name == "metrics.jsonl" else record.read(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 1e300, 10**400])
@pytest.mark.parametrize("clock", ["started", "ended", "train_seconds", "peak_memory_mb"])
def test_a_time_that_is_none_is_damage(tmp_path, clock, value):
    folder = folder_of(TRIAL, tmp_path / "t-1", **{clock: value})
    with pytest.raises(GenbenchError, match=rf"{clock}: a number from 0 to [\d,]+ was expected, got"):
        record.read(folder)


def test_texts_of_a_record_are_read_as_they_can_be_shown(tmp_path):
    strange = "\x1b[2J\u202e\ud800"
    folder = folder_of(TRIAL, tmp_path / "t-1", error=strange, warnings=(strange,), metrics={strange: 1.0})
    found, shown = record.read(folder), r"\x1b[2J\u202e\ud800"
    assert (found.error, found.warnings, found.metrics) == (shown, (shown,), {shown: 1.0})
    assert json.dumps(found.to_row(), ensure_ascii=False).encode()
    assert len(record.frame([found])) == 1


@pytest.mark.parametrize("other", [trial_of(seed=1), trial_of("gram"), trial_of(seed=1, numerics={"genbench": 1})])
def test_the_record_of_another_trial_is_named_and_not_used(tmp_path, other):
    folder = folder_of(TRIAL, tmp_path / "t-1")
    record.write(a_record(id=other.id), folder)
    with pytest.raises(GenbenchError, match=rf"record\.json is of trial {other.id}, not of {TRIAL.id}.*; remove it"):
        record.read(folder)


def test_a_number_that_was_changed_after_the_trial_had_ended_is_not_used(tmp_path):
    path = folder_of(TRIAL, tmp_path / "t-1") / "record.json"
    path.write_text(path.read_text().replace("0.7", "0.9"))
    with pytest.raises(GenbenchError, match=r"record\.json was changed or is damaged"):
        record.read(path.parent)


def test_a_record_without_a_seal_is_only_one_of_the_version_before(tmp_path):
    for trial in (TRIAL, trial_of(numerics={"genbench": 1})):
        path = folder_of(trial, tmp_path / trial.id) / "record.json"
        path.write_text(json.dumps({key: it for key, it in json.loads(path.read_text()).items() if key != "seal"}))
    assert record.read(tmp_path / TRIAL.id).metrics["modes"] == 8
    with pytest.raises(GenbenchError, match="has no seal"):
        record.read(path.parent)


@pytest.mark.parametrize(
    "change",
    [
        {"images": "many"},
        {"images": 10**29},
        {"images": -1},
        {"images": True},
        {"seed": 0.5},
        {"status": "done"},
        {"modes": "8"},
        {"modes": None},
        {"metrics": "modes"},
        {"metrics": [1]},
        {"metrics": ["missing"]},
        {"warnings": "few"},
        {"settings.train": 3},
        {"settings.threads.x": 3},
        {"protocol.modes": 7},
        {"error": None},
        {"train_seconds": [1]},
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_its_file(tmp_path, change):
    folder = folder_of(TRIAL, tmp_path / "t-1")
    write_json({**a_record(id=TRIAL.id).to_row(), **change}, folder / "record.json")
    with pytest.raises(GenbenchError, match=r"record\.json is damaged.*; remove it and run the trial again"):
        record.read(folder)


def test_a_record_of_a_newer_version_can_be_read():
    assert Record.from_row(a_record().to_row() | {"new_column": 1}) == a_record()


def test_a_folder_without_a_record_has_none(tmp_path):
    assert record.read(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "\x00", "[" * 200_000, "1" * 9000])
def test_a_damaged_record_is_named(tmp_path, content):
    TRIAL.write(tmp_path)
    (tmp_path / "record.json").write_text(content)
    with pytest.raises(GenbenchError, match=r"record\.json"):
        record.read(tmp_path)


def test_records_are_loaded_from_a_trial_a_study_and_a_results_folder(tmp_path):
    for study, trial in (("a", "x"), ("a", "y"), ("b", "z")):
        folder_of(trial_of(study=study, seed=ord(trial)), tmp_path / study / "trials" / trial, study=study)
    (tmp_path / "b" / "trials" / "running").mkdir()
    TRIAL.write(tmp_path / "b" / "trials" / "running")
    assert list(record.load(tmp_path)["trial"]) == ["x", "y", "z"]
    assert list(record.load(tmp_path / "a")["trial"]) == ["x", "y"]
    assert list(record.load(tmp_path / "b" / "trials" / "z")["trial"]) == ["z"]
    assert record.load(tmp_path)["high_quality"].eq(0.7).all()


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(GenbenchError, match="nowhere"):
        record.load(tmp_path / "nowhere")


def test_records_that_cannot_be_read_are_named_and_the_others_are_loaded(tmp_path):
    for trial in ("x", "y"):
        folder_of(trial_of(seed=ord(trial)), tmp_path / "trials" / trial)
    (tmp_path / "trials" / "x" / "record.json").write_text("[]")
    good, damaged = record.load_good(tmp_path)
    assert list(good["trial"]) == ["y"]
    assert len(damaged) == 1
    assert "x/record.json" in damaged[0]
    with pytest.raises(GenbenchError, match=r"x/record\.json"):
        record.load(tmp_path)


def test_a_record_that_does_not_say_whose_it_is_is_named(tmp_path):
    folder = folder_of(TRIAL, tmp_path / "s" / "trials" / TRIAL.directory)
    (folder / "trial.json").unlink()
    for place in (tmp_path, tmp_path / "s"):
        records, damaged = record.load_good(place)
        assert (len(records), damaged) == (0, [f"{folder} holds a record and no trial.json: whose it is is not known"])


def test_a_trial_in_the_folder_of_another_one_is_named(tmp_path):
    other = trial_of(seed=1)
    folder_of(TRIAL, tmp_path / "trials" / TRIAL.directory)
    folder = folder_of(TRIAL, tmp_path / "trials" / other.directory)
    folder_of(TRIAL, tmp_path / "trials" / "a-copy")
    records, damaged = record.load_good(tmp_path)
    assert list(records["id"]) == [TRIAL.id]
    assert damaged == [
        f"{folder} holds trial {TRIAL.id} (gan, seed 0), not {other.id}; remove it and run the study again"
    ]
