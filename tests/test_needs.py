"""What `tox -m cluster` needs is named in one line where it is missing, and the test fails there."""

import os

import debian
import disks
import pytest
import slurm_cluster

WANTED = {"wanted": "wanted-tools", "also": "wanted-tools"}


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """programs(name=lines of a shell, …): the only programs that there are."""

    def put(**lines):
        for name, text in lines.items():
            path = tmp_path / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)

    monkeypatch.setattr(debian, "PATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    return put


def user(monkeypatch, number):
    monkeypatch.setattr(os, "geteuid", lambda: number)


def said(call):
    with pytest.raises(pytest.fail.Exception) as failed:
        call()
    assert not failed.value.pytrace
    (line,) = str(failed.value).splitlines()
    return line


@pytest.mark.parametrize(("number", "there"), [(1000, {"apt_get": "exit 0"}), (0, {})])
def test_programs_that_cannot_be_installed_are_named_with_their_packages(programs, monkeypatch, number, there):
    user(monkeypatch, number)
    programs(**there)
    line = said(lambda: debian.install(WANTED))
    assert line == "this needs also, wanted: install wanted-tools, or run as root on Debian"


def test_an_installation_that_fails_is_one_line_with_the_reason(programs, monkeypatch):
    user(monkeypatch, 0)
    programs(apt_get='echo "W: a warning" >&2; echo "E: no network" >&2; exit 100')
    line = said(lambda: debian.install(WANTED))
    assert line == "this needs also, wanted: install wanted-tools; apt-get update could not: E: no network"


def test_where_nothing_is_missing_nothing_is_installed(programs, monkeypatch):
    user(monkeypatch, 1000)
    programs(wanted="exit 0", also="exit 0", apt_get="exit 1")
    debian.install(WANTED)


def test_slurm_asks_for_root_even_where_its_programs_are(programs, monkeypatch, tmp_path):
    user(monkeypatch, 1000)
    programs(**dict.fromkeys(slurm_cluster.PACKAGES, "exit 0"))
    assert said(slurm_cluster.cluster(tmp_path / "cluster").__enter__).startswith("this needs root, to start munged, ")


def test_a_small_disk_asks_for_root_where_it_cannot_be_mounted(programs, tmp_path):
    programs(mount='echo "mount: only root can do that" >&2; exit 1')
    line = said(disks.small_disk(tmp_path / "disk").__enter__)
    assert line == "this needs root on Linux, to mount a small disk: mount: only root can do that"
