"""Records: round trips, files, damage."""

import json
import os

import pytest
from trial_files import a_record, folder_of, trial_of

from genbench.errors import GenbenchError
from genbench.trial import collected, record
from genbench.trial.json_file import write_json
from genbench.trial.log import Tail
from genbench.trial.record import Record

TRIAL = trial_of()


def test_a_record_survives_the_trip_through_a_flat_row():
    row = a_record().to_row()
    assert row["modes"] == 8.0
    assert row["settings.train.batch"] == 200
    assert row["protocols.0a1b.real_images"] == 5
    assert row["better.modes"] == "higher"
    assert all(not isinstance(value, dict) for value in row.values())
    assert Record.from_row(row) == a_record()


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
    assert len(collected.frame([found])) == 1


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


def test_a_record_that_is_taken_away_while_it_is_read_is_none(tmp_path, monkeypatch):
    folder = folder_of(TRIAL, tmp_path / "t-1")

    def begun_again(directory):
        (folder / "record.json").unlink()
        return TRIAL

    monkeypatch.setattr(record.Trial, "read", begun_again)
    assert record.read(folder) is None


def test_a_folder_without_a_record_has_none(tmp_path):
    assert record.read(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "\x00", "[" * 200_000, "1" * 9000])
def test_a_damaged_record_is_named(tmp_path, content):
    TRIAL.write(tmp_path)
    (tmp_path / "record.json").write_text(content)
    with pytest.raises(GenbenchError, match=r"record\.json"):
        record.read(tmp_path)
