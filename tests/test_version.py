"""Which genbench this is."""

from genbench import version


def test_without_git_no_commit_is_known(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert version.git_commit.__wrapped__() == ""
