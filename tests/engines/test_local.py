"""Trials on this machine: how much memory there is for one more."""

import math
from pathlib import Path

from genbench.engines import local


def test_memory_that_cannot_be_measured_is_enough(monkeypatch, tmp_path):
    monkeypatch.setattr(local, "Path", lambda name: tmp_path / Path(name).name)
    assert local.free_memory() == math.inf
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\n")
    assert local.free_memory() == math.inf
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable: 5 kB\n")
    assert local.free_memory() == 5 * 1024
