"""The manifest of a folder: what may be written over, and what a damaged one is called."""

import pytest

from genbench.errors import GenbenchError
from genbench.report.board import manifest
from genbench.trial.json_file import read_json, write_json


def published(folder):
    folder.mkdir()
    (folder / "index.html").write_text("page")
    manifest.write(folder, "board")
    return folder


def test_an_empty_folder_and_one_that_is_as_it_was_written_may_be_written_over(tmp_path):
    manifest.check_replaceable(tmp_path, "board")
    manifest.check_replaceable(published(tmp_path / "board"), "board")


def test_a_hidden_file_that_somebody_put_into_a_folder_is_not_lost(tmp_path):
    folder = published(tmp_path / "board")
    (folder / ".notes").write_text("mine")
    manifest.check(folder)
    with pytest.raises(GenbenchError, match=r"\.notes was not written by genbench; or name another folder with -o$"):
        manifest.check_replaceable(folder, "board")


@pytest.mark.parametrize("listed", [None, ["index.html"], {"index.html": 1}])
def test_a_manifest_without_a_list_of_files_is_damaged(tmp_path, listed):
    folder = published(tmp_path / "board")
    write_json({**read_json(folder / manifest.NAME), "files": listed}, folder / manifest.NAME)
    with pytest.raises(GenbenchError, match=r"manifest\.json is damaged: it lists no files; get the folder again$"):
        manifest.check(folder)
