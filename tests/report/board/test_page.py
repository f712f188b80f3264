"""The page of a board: static, escaped, with links that lead somewhere; and the folder that it is in."""

import re

import pytest
from shared_folders import edit, put, some

from genbench.errors import GenbenchError
from genbench.report.board import manifest, page, sources


def board(*places):
    return page.of(sources.found(places))


def test_every_link_of_the_page_leads_within_it_and_words_of_studies_are_escaped(tmp_path):
    put(tmp_path, some(), question="<script>alert(1)</script>")
    text = page.render(board(tmp_path), {0: "studies/s-1/report.html"})
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    links = set(re.findall(r'href="([^"]+)"', text)) - {"data:,", "studies/s-1/report.html"}
    assert links
    assert all(link.startswith("#") and f'id="{link[1:]}"' in text for link in links)
    assert "://" not in text
    assert "default-src 'none'" in text


def test_a_boards_folder_is_written_anew_the_same_and_nothing_foreign_is_lost(tmp_path):
    put(tmp_path / "results", some())
    folder = tmp_path / "board"
    page.write(board(tmp_path / "results"), folder, pages=False)
    before = manifest.check(folder)
    assert {path.name for path in folder.iterdir()} == {"index.html", "standings.csv", "records.csv", manifest.NAME}
    page.write(board(tmp_path / "results"), folder, pages=False)
    assert manifest.check(folder) == before
    (folder / "index.html").write_text("mine")
    with pytest.raises(GenbenchError, match="is not overwritten"):
        page.write(board(tmp_path / "results"), folder, pages=False)


def test_a_board_that_cannot_be_written_is_one_line_that_says_where(tmp_path):
    put(tmp_path / "results", some())
    (tmp_path / "file").touch()
    with pytest.raises(GenbenchError, match=r"file/board cannot be written: Not a directory; name another folder"):
        page.write(board(tmp_path / "results"), tmp_path / "file" / "board", pages=False)


@pytest.mark.slow
def test_the_studies_pages_are_made_from_their_trials_and_never_taken_from_others(tmp_path):
    folder = put(tmp_path / "results", some(seeds=2))
    (folder / "report").mkdir()
    (folder / "report" / "report.html").write_text("<script>alert(1)</script>")
    page.write(board(tmp_path / "results"), tmp_path / "board", pages=True)
    text = (tmp_path / "board" / "index.html").read_text()
    (link,) = set(re.findall(r'href="(studies/[^"]+)"', text))
    assert "<script" not in (tmp_path / "board" / link).read_text()


def test_studies_without_a_score_have_no_board(tmp_path):
    put(tmp_path, some(status="failed"))
    with pytest.raises(GenbenchError, match="nothing to compare"):
        board(tmp_path)


def test_the_commands_write_a_board_and_refuse_a_fraud_with_exit_code_2(genbench, tmp_path):
    folder = put(tmp_path / "results", some())
    code, out, _ = genbench("board", "results", "--no-pages")
    assert code == 0
    assert "gram wins" in out
    assert (tmp_path / "board" / "index.html").exists()
    path = next((folder / "trials").glob("*/record.json"))
    edit(path, sealed=False, high_quality=0.99)
    code, out, err = genbench("board", "results", "--no-pages", "-o", "other")
    assert (code, out) == (2, "")
    assert str(path.relative_to(tmp_path)) in err
    assert not (tmp_path / "other").exists()
    assert genbench("publish", "nothing")[0] == 2
