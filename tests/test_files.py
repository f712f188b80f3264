"""Opening files: only plain ones, without waiting, and no link is written through."""

import os
import socket
import stat

import pytest

from genbench import files

pytestmark = pytest.mark.usefixtures("impatient")
WAYS = {
    "read": files.read_bytes,
    "lock": lambda path: files.locking(path).close(),
    "append": lambda path: files.append(path, b"x"),
}


@pytest.fixture
def strange(tmp_path):
    """strange(kind): something that is no plain file."""
    opened = []

    def make(kind):
        path = tmp_path / "strange"
        if kind == "a FIFO":
            os.mkfifo(path)
        elif kind == "a socket":
            opened.append(socket.socket(socket.AF_UNIX))
            opened[0].bind(str(path))
        elif kind == "a folder":
            path.mkdir()
        else:
            path.symlink_to(os.devnull)
        return path

    yield make
    for one in opened:
        one.close()


def test_what_was_a_plain_file_until_it_was_opened_is_looked_at_again(strange, monkeypatch):
    path, look = strange("a FIFO"), os.stat

    def too_early(name, **options):
        if name == path:
            raise FileNotFoundError
        return look(name, **options)

    monkeypatch.setattr(files.os, "stat", too_early)
    with pytest.raises(OSError, match="it is a FIFO"):
        files.read_bytes(path)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["a FIFO", "a socket", "a folder", "a device"])
def test_what_is_no_plain_file_is_not_opened(strange, way, kind):
    path = strange(kind)
    with pytest.raises(OSError, match="it is") as error:
        WAYS[way](path)
    expected = "a link" if kind == "a device" and way != "read" else kind
    assert expected in error.value.strerror


@pytest.mark.parametrize("way", ["lock", "append"])
def test_no_link_is_written_through(tmp_path, way):
    (tmp_path / "precious").write_text("a")
    (tmp_path / "name").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="it is a link"):
        WAYS[way](tmp_path / "name")
    assert (tmp_path / "precious").read_text() == "a"
    (tmp_path / "nowhere").symlink_to(tmp_path / "made")
    with pytest.raises(OSError, match="it is a link"):
        WAYS[way](tmp_path / "nowhere")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_new_file_takes_the_place_of_a_link_and_leaves_what_it_led_to(tmp_path, link):
    (tmp_path / "precious").write_text("a")
    link(tmp_path / "precious", tmp_path / "name")
    with files.creating(tmp_path / "name") as file:
        file.write(b"b")
    assert (tmp_path / "precious").read_text() == "a"
    assert (tmp_path / "name").read_text() == "b"


def test_a_new_file_takes_the_place_of_a_fifo(strange):
    path = strange("a FIFO")
    files.creating(path).close()
    assert stat.S_ISREG(path.lstat().st_mode)


def test_a_lock_keeps_what_the_file_holds(tmp_path):
    (tmp_path / "lock").write_text("1 on here")
    with files.locking(tmp_path / "lock") as file:
        file.seek(0)
        assert file.read() == "1 on here"


def test_what_is_appended_stands_at_the_end(tmp_path):
    files.append(tmp_path / "log", b"a\n")
    files.append(tmp_path / "log", b"b\n")
    assert files.read_text(tmp_path / "log") == "a\nb\n"


def test_a_link_to_a_file_is_read(tmp_path):
    (tmp_path / "file").write_text("a")
    (tmp_path / "name").symlink_to("file")
    assert files.read_text(tmp_path / "name") == "a"


def test_a_file_that_is_too_large_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(bytes(10))
    assert len(files.read_bytes(tmp_path / "file", most=10)) == 10
    with pytest.raises(OSError, match="more than 9 bytes"):
        files.read_bytes(tmp_path / "file", most=9)


def test_what_is_not_there_is_said_as_the_system_says_it(tmp_path):
    with pytest.raises(FileNotFoundError):
        files.read_bytes(tmp_path / "none")
