"""The records of many trials: which count, and what is said of the others."""

import pytest
from trial_files import folder_of, trial_of

from genbench.errors import GenbenchError
from genbench.trial import collected

TRIAL = trial_of()


def test_records_are_loaded_from_a_trial_a_study_and_a_results_folder(tmp_path):
    for study, trial in (("a", "x"), ("a", "y"), ("b", "z")):
        folder_of(trial_of(study=study, seed=ord(trial)), tmp_path / study / "trials" / trial, study=study)
    (tmp_path / "b" / "trials" / "running").mkdir()
    TRIAL.write(tmp_path / "b" / "trials" / "running")
    assert list(collected.load(tmp_path)["trial"]) == ["x", "y", "z"]
    assert list(collected.load(tmp_path / "a")["trial"]) == ["x", "y"]
    assert list(collected.load(tmp_path / "b" / "trials" / "z")["trial"]) == ["z"]
    assert collected.load(tmp_path)["high_quality"].eq(0.7).all()


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(GenbenchError, match="nowhere"):
        collected.load(tmp_path / "nowhere")


def test_records_that_cannot_be_read_are_named_and_the_others_are_loaded(tmp_path):
    for trial in ("x", "y"):
        folder_of(trial_of(seed=ord(trial)), tmp_path / "trials" / trial)
    (tmp_path / "trials" / "x" / "record.json").write_text("[]")
    good, damaged = collected.load_good(tmp_path)
    assert list(good["trial"]) == ["y"]
    assert len(damaged) == 1
    assert "x/record.json" in damaged[0]
    with pytest.raises(GenbenchError, match=r"x/record\.json"):
        collected.load(tmp_path)


def test_a_record_that_does_not_say_whose_it_is_is_named(tmp_path):
    folder = folder_of(TRIAL, tmp_path / "s" / "trials" / TRIAL.directory)
    (folder / "trial.json").unlink()
    for place in (tmp_path, tmp_path / "s"):
        records, damaged = collected.load_good(place)
        assert (len(records), damaged) == (0, [f"{folder} holds a record and no trial.json: whose it is is not known"])


def test_a_trial_in_the_folder_of_another_one_is_named(tmp_path):
    other = trial_of(seed=1)
    folder_of(TRIAL, tmp_path / "trials" / TRIAL.directory)
    folder = folder_of(TRIAL, tmp_path / "trials" / other.directory)
    folder_of(TRIAL, tmp_path / "trials" / "a-copy")
    records, damaged = collected.load_good(tmp_path)
    assert list(records["id"]) == [TRIAL.id]
    assert damaged == [
        f"{folder} holds trial {TRIAL.id} (gan, seed 0), not {other.id}; remove it and run the study again"
    ]
