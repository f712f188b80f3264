"""What a board takes in, and the frauds that it refuses by name."""

import json
import re
import shutil

import pytest
from PIL import Image
from shared_folders import directory_of, edit, put, signed, some

from genbench.errors import GenbenchError
from genbench.report.board import manifest, sources
from genbench.trial.json_file import read_json
from genbench.trial.log import Log, Progress
from genbench.trial.picture import carried


def refused(place, *words):
    """The one line with which a folder is refused; it holds all the words."""
    with pytest.raises(GenbenchError) as error:
        sources.found([place])
    said = str(error.value)
    assert "\n" not in said
    for word in words:
        assert word in said, said


def test_a_results_folder_a_study_and_a_published_folder_are_taken_in(tmp_path):
    folder = put(tmp_path / "alice" / "results", some())
    manifest.write(shutil.copytree(folder, tmp_path / "published"), "study")
    found = sources.found([tmp_path / "alice" / "results", folder, tmp_path / "published"])
    assert [(one.study, len(one.entries), bool(one.sha256)) for one in found] == [
        ("s", 6, False),
        ("s", 6, False),
        ("s", 6, True),
    ]


def test_people_are_named_by_the_end_of_their_folders_path_that_tells_them_apart(tmp_path):
    places = [tmp_path / "alice" / "results", tmp_path / "bob" / "results", tmp_path / "carol"]
    assert sources.people(places) == ["alice/results", "bob/results", "carol"]


def test_a_folder_that_is_not_there_or_holds_no_study_is_refused(tmp_path):
    refused(tmp_path / "nothing", "there is no folder")
    refused(tmp_path, "holds no study")


def test_an_edited_metric_is_refused_by_the_name_of_its_file(tmp_path):
    folder = put(tmp_path, some())
    path = directory_of(folder, "gan", 1) / "record.json"
    edit(path, sealed=False, high_quality=0.99)
    refused(tmp_path, str(path), "its seal is not that of what it holds")


def test_an_edited_metric_with_a_new_seal_is_refused_in_a_published_folder(tmp_path):
    folder = put(tmp_path, some())
    manifest.write(folder, "study")
    path = directory_of(folder, "gan", 1) / "record.json"
    edit(path, high_quality=0.99)
    refused(folder, str(path), "was changed after it was published")


def test_another_seed_in_a_trials_folder_is_refused(tmp_path):
    folder = put(tmp_path, some())
    path = directory_of(folder, "gan", 0) / "record.json"
    shutil.copy(directory_of(folder, "gan", 1) / "record.json", path)
    refused(tmp_path, str(path), "not of")


def test_a_record_that_says_another_seed_than_its_trial_is_refused_however_it_is_sealed(tmp_path):
    folder = put(tmp_path, some())
    path = directory_of(folder, "gan", 0) / "record.json"
    edit(path, seed=7)
    refused(tmp_path, str(path), "is of seed '7', its trial.json of '0'")


def test_a_record_that_was_copied_under_another_method_is_refused_however_it_is_sealed(tmp_path):
    folder = put(tmp_path, some())
    path = directory_of(folder, "gan", 0) / "record.json"
    shutil.copy(directory_of(folder, "gram", 0) / "record.json", path)
    refused(tmp_path, str(path))
    edit(path, id=read_json(directory_of(folder, "gan", 0) / "trial.json")["id"])
    refused(tmp_path, str(path), "is of method 'gram', its trial.json of 'gan'")


def test_a_trial_that_was_renamed_to_another_method_is_refused_however_it_is_sealed(tmp_path):
    folder = put(tmp_path, some())
    path = directory_of(folder, "gram", 0) / "trial.json"
    edit(path, method="mine")
    refused(tmp_path, str(path), "was changed: the id")


def test_a_record_with_another_budget_than_its_trial_is_refused(tmp_path):
    folder = put(tmp_path, some())
    path = directory_of(folder, "gram", 0) / "record.json"
    edit(path, **{"settings.train.batch": 200})
    refused(tmp_path, str(path), "another train.batch than its trial.json")


def test_a_record_that_claims_newer_numerics_than_its_trial_is_refused(tmp_path):
    folder = put(tmp_path, some())
    path = directory_of(folder, "gram", 0) / "record.json"
    edit(path, **{"numerics.genbench": 2})
    refused(tmp_path, str(path), "other numerics")


def test_a_log_that_goes_on_beyond_its_record_is_refused(tmp_path):
    folder = put(tmp_path, some())
    place = directory_of(folder, "gan", 1)
    updates = read_json(place / "record.json")["updates"]
    Log(place).append(Progress(updates=updates), {})
    sources.found([tmp_path])
    Log(place).append(Progress(updates=updates + 5), {})
    refused(tmp_path, "metrics.jsonl", f"goes on to {updates + 5:,} updates")


def test_a_trial_that_has_not_ended_is_left_out(tmp_path):
    folder = put(tmp_path, some())
    (directory_of(folder, "gan", 1) / "record.json").unlink()
    (source,) = sources.found([tmp_path])
    assert len(source.entries) == 5


def test_a_number_under_the_key_of_another_protocol_is_refused(tmp_path):
    folder = put(tmp_path, some())
    path = directory_of(folder, "gram", 0) / "record.json"
    row = json.loads(path.read_text())
    (key,) = {name.split(".")[1] for name in row if name.startswith("protocols.")}
    edit(path, **{f"protocols.{key}.generated_images": 50_000})
    refused(tmp_path, str(path), f"under protocol {key}")


def test_a_swapped_sample_is_refused_in_any_folder_and_a_forged_one_in_a_published_one(tmp_path):
    folder = put(tmp_path, some())
    path = directory_of(folder, "gan", 0) / "samples" / "final.png"
    own = path.read_bytes()
    shutil.copy(directory_of(folder, "gram", 0) / "samples" / "final.png", path)
    refused(tmp_path, str(path), "is of trial")
    path.write_bytes(own)
    manifest.write(folder, "study")
    trial = directory_of(folder, "gan", 0).name.rpartition("-")[2]
    Image.new("RGB", (8, 8), "white").save(path, pnginfo=carried(trial))
    refused(folder, str(path), "was changed after it was published")


def test_what_a_manifest_does_not_list_and_what_is_missing_from_a_folder_are_refused(tmp_path):
    folder = put(tmp_path, some())
    manifest.write(folder, "study")
    trial, record = signed("mine", 0, score=1.0)
    put(tmp_path / "other", [(trial, record)])
    added = shutil.copytree(tmp_path / "other" / "s" / "trials" / trial.directory, folder / "trials" / trial.directory)
    refused(folder, str(added), "does not list it")
    shutil.rmtree(added)
    path = directory_of(folder, "gan", 0) / "record.json"
    path.unlink()
    refused(folder, str(path), "is missing")


def test_a_manifest_that_was_edited_or_leads_out_of_its_folder_is_refused(tmp_path):
    folder = put(tmp_path, some())
    manifest.write(folder, "study")
    path = folder / manifest.NAME
    listed = read_json(path)["files"]
    edit(path, sealed=False, files={})
    refused(folder, str(path), "seal")
    manifest.write(folder, "study")
    edit(path, files={**listed, "../secret": "0" * 64})
    refused(folder, "../secret")


def test_a_folder_whose_manifest_was_made_again_has_another_sha256(tmp_path):
    folder = put(tmp_path, some())
    before = manifest.write(folder, "study")
    edit(directory_of(folder, "gan", 0) / "record.json", high_quality=0.99)
    assert re.fullmatch("[0-9a-f]{64}", before)
    assert manifest.write(folder, "study") != before
