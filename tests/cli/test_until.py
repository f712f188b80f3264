"""`run --until-decided`, from the command line to the page."""

import subprocess

import pytest
from disturbed import command, small

from genbench.report import contents, looked
from genbench.study import until
from genbench.trial import about
from genbench.trial.collected import load_good

WORDS = [*small(log_every=40, save_every=400), "train.updates=40", "toy.lr=1e-4,1e-2", "--study", "s"]


def run(results, *words, **options):
    return subprocess.run(
        command(results, *WORDS, *words), capture_output=True, text=True, timeout=120, check=False, **options
    )


@pytest.mark.slow
def test_the_terminal_and_the_page_say_which_look_it_was_and_what_was_decided(tmp_path, monkeypatch):
    ended = run(tmp_path, "--until-decided", "--max-seeds", "4")
    assert ended.returncode == 0, ended.stderr
    assert "looks at 3 and 4 seeds" in ended.stderr
    assert "look 1, 3 seeds: " in ended.stderr
    folder = tmp_path / "s"
    records, _ = load_good(folder)
    found = contents.standing(folder, about.read(folder), records)
    assert found.taken >= 1
    assert all(line in ended.stdout for line in looked.lines(found))
    monkeypatch.setattr(
        contents.gallery, "of", lambda trials: ([], [])
    )  # figures take seconds and say nothing of looks
    assert set(looked.lines(found)) <= set(contents.of(folder).promise)
    again = run(tmp_path, "--until-decided")
    assert again.returncode == 0, again.stderr
    assert "starts" not in again.stderr
    assert all(line in again.stdout for line in looked.lines(found))
    other = run(tmp_path, "--until-decided", "--max-seeds", "5")
    assert (other.returncode, "up to 4 seeds, not 5" in other.stderr) == (2, True)
    assert until.seeds(folder, [], most=None) == (0, 1, 2, 3)


@pytest.mark.slow
def test_what_bounds_the_seeds_needs_until_decided(tmp_path):
    ended = run(tmp_path, "--max-seeds", "4")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "--until-decided" in ended.stderr
