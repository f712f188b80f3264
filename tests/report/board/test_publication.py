"""Published folders: what is in them, that they are the same every time, and that nothing foreign is overwritten."""

import pytest
from shared_folders import directory_of, edit, put, some

from genbench.errors import GenbenchError
from genbench.report.board import manifest, publication, sources
from genbench.trial.collected import load
from genbench.trial.json_file import read_json

pytestmark = pytest.mark.slow  # a page with its figures takes seconds


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = put(tmp_path_factory.mktemp("results"), some(seeds=2), file="title: T\n")
    (directory_of(folder, "gan", 0) / "checkpoint").mkdir()
    (directory_of(folder, "gan", 0) / "checkpoint" / "1.pt").write_text("large")
    (directory_of(folder, "gan", 0) / "log.txt").write_text("/home/me\n")
    return folder


def content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_published_folder_holds_what_a_reader_needs_the_same_every_time_and_loses_nobodys_files(study, tmp_path):
    folder = tmp_path / "a" / "published"
    written = publication.publish(study, folder)
    names = {str(name) for name in content(folder)}
    top = {"index.html", "records.csv", "records.json", "environment.json", "study.json", "study.yaml", "manifest.json"}
    assert top == {name for name in names if "/" not in name}
    assert {name.rpartition("/")[2] for name in names - top} == {"trial.json", "record.json", "final.png"}
    assert (folder / "study.yaml").read_text() == "title: T\n"
    assert len(read_json(folder / "records.json", sealed=True)["records"]) == 4
    assert set(read_json(folder / "environment.json")["trials"]) == {*load(study)["id"]}
    assert written.sha256 == manifest.check(folder) == sources.found([folder])[0].sha256
    before = content(folder)
    assert publication.publish(study, folder) == written
    assert content(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["published"]
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(GenbenchError, match=r"is not overwritten: .*notes\.txt was not published"):
        publication.publish(study, folder)
    (folder / "notes.txt").unlink()
    (folder / "records.csv").write_text("mine")
    with pytest.raises(GenbenchError, match=r"is not overwritten: .*records\.csv was changed"):
        publication.publish(study, folder)
    assert (folder / "records.csv").read_text() == "mine"


def test_a_folder_of_other_files_a_board_and_a_file_are_not_overwritten(study, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("mine")
    with pytest.raises(GenbenchError, match=r"files that genbench did not write \(chapter\.tex\)"):
        publication.publish(study, tmp_path / "thesis")
    (tmp_path / "board").mkdir()
    (tmp_path / "board" / "index.html").write_text("page")
    manifest.write(tmp_path / "board", "board")
    with pytest.raises(GenbenchError, match="it holds no study"):
        publication.publish(study, tmp_path / "board")
    with pytest.raises(GenbenchError, match="is no folder"):
        publication.publish(study, tmp_path / "thesis" / "chapter.tex")
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "mine"


def test_a_study_with_a_damaged_record_is_not_published(tmp_path):
    folder = put(tmp_path, some(seeds=2))
    edit(directory_of(folder, "gan", 0) / "record.json", sealed=False, high_quality=1.0)
    with pytest.raises(GenbenchError, match="what is damaged is not published"):
        publication.publish(folder, tmp_path / "published")
    assert not (tmp_path / "published").exists()
