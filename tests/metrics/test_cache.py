"""The cache: what was kept comes back, damage is noticed, and nothing is lost without a folder."""

import errno
import json
import logging
import os

import numpy as np
import pytest

from genbench.metrics.cache import cached, folder

KEY = {"content": "c", "images": 3}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def compute():
    def once():
        once.calls += 1
        return {"features": np.arange(6, dtype=np.float32).reshape(3, 2)}

    once.calls = 0
    return once


def archive():
    (path,) = folder().glob("*.npz")
    return path


def test_on_a_full_disk_nothing_is_kept_and_no_half_file_is_left(compute, monkeypatch, caplog):
    def full(source, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with caplog.at_level(logging.WARNING, logger="genbench"):
        assert list(cached(KEY, compute)) == ["features"]
    assert "cannot be written: No space left on device" in caplog.text
    assert {path.suffix for path in folder().iterdir()} == {".lock"}


def test_what_was_computed_once_is_kept(compute):
    fresh, kept = cached(KEY, compute), cached(KEY, compute)
    assert compute.calls == 1
    assert list(kept) == ["features"]
    assert np.array_equal(fresh["features"], kept["features"])
    assert kept["features"].dtype == np.float32


def test_another_key_is_another_file(compute):
    for key in (KEY, KEY | {"images": 4}, KEY | {"content": "d"}):
        cached(key, compute)
    assert compute.calls == len(list(folder().glob("*.npz"))) == 3


@pytest.mark.parametrize("damage", ["empty", "half", "a flipped byte", "text", "another key", "a bomb", "a FIFO"])
def test_a_damaged_file_is_computed_anew_and_said_so(compute, damage, caplog):
    cached(KEY, compute)
    path, content = archive(), bytearray(archive().read_bytes())
    if damage == "another key":
        np.savez(path, key=np.array("{}"), features=np.zeros(2))
    elif damage == "a bomb":
        np.savez_compressed(path, key=np.array(json.dumps(KEY, sort_keys=True)), features=np.zeros(10**6))
    elif damage == "a FIFO":
        path.unlink()
        os.mkfifo(path)
    else:
        content[content.index(np.float32(4).tobytes())] ^= 1
        path.write_bytes(
            {
                "empty": b"",
                "half": content[: len(content) // 2],
                "a flipped byte": bytes(content),
                "text": b"no archive",
            }[damage]
        )
    with caplog.at_level(logging.WARNING, logger="genbench"):
        found = cached(KEY, compute)
    assert "is damaged" in caplog.text
    assert found["features"].sum() == 15
    cached(KEY, compute)
    assert compute.calls == 2


def test_no_half_written_file_is_left(compute):
    def fails():
        raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        cached(KEY, fails)
    cached(KEY, compute)
    assert {path.suffix for path in folder().iterdir()} == {".npz", ".lock"}


def test_without_a_folder_that_can_be_written_it_is_computed_each_time(compute, tmp_path, caplog):
    (tmp_path / "cache").write_text("a file")
    with caplog.at_level(logging.WARNING, logger="genbench"):
        for _ in range(2):
            assert cached(KEY, compute)["features"].shape == (3, 2)
    assert compute.calls == 2
    assert "cannot be kept" in caplog.text


def test_the_folder_is_the_users_cache_unless_told_otherwise(monkeypatch):
    monkeypatch.delenv("GENBENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert str(folder()) == "/somewhere/genbench/features"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert str(folder()) == "/home/someone/.cache/genbench/features"
