"""`genbench show --environment` tells what a bug report needs and no secret, and nothing broken ends it."""

import platform
import re
from importlib.metadata import version

import pytest
import torch

from genbench.cli import environment
from genbench.contract import registry


@pytest.fixture
def shown(genbench):
    code, out, err = genbench("show", "--environment")
    assert (code, err) == (0, "")
    return out


def test_versions_threads_and_memory_are_told(shown):
    for said in (
        f"genbench: {version('genbench')}, ",
        f"Python: {platform.python_version()}, ",
        f"torch: {torch.__version__}, built for ",
        f"threads: {torch.get_num_threads()} in torch",
        f"mlflow {version('mlflow')}",
        f"torch-fidelity {version('torch-fidelity')}",
    ):
        assert said in shown
    assert re.search(r"^devices: (none|\d+)$", shown, re.MULTILINE)
    assert re.search(r"^CPUs: \d+ of \d+ can be used$", shown, re.MULTILINE)
    assert re.search(r"^memory: [\d.]+ of [\d.]+ GiB are free$", shown, re.MULTILINE)
    assert "cannot be told" not in shown


def test_every_extra_of_users_is_told_and_none_of_developers(shown):
    (extras,) = re.findall(r"^extras: (.*)$", shown, re.MULTILINE)
    assert [part.partition(":")[0] for part in extras.split("; ")] == ["pdf", "ray", "slurm", "tensorboard"]


def test_a_plugin_stands_with_its_version_and_what_it_provides(shown):
    assert "  genbench-toys 0.1: methods toy (fast), toy-fails; extractors toy-features\n" in shown


def test_a_plugin_that_cannot_be_imported_is_broken_and_says_why(genbench, monkeypatch):
    broken = registry.Entry("methods", "absent", "no_such_module", "genbench-absent 3.0")
    installed = registry.installed
    monkeypatch.setattr(
        registry, "installed", lambda kind: [*installed(kind), *([broken] if kind == "methods" else [])]
    )
    code, out, _ = genbench("show", "--environment")
    assert code == 0
    assert "  genbench-absent 3.0: methods absent\n" in out
    assert re.search(r"^  BROKEN: method absent of genbench-absent 3\.0: .*no_such_module", out, re.MULTILINE)


def test_settings_of_threads_are_shown_and_no_other_value_of_the_environment(genbench, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "ftp://somebody:secret@tracking")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    _, out, _ = genbench("show", "--environment")
    assert "OMP_NUM_THREADS=3" in out
    assert "secret" not in out
    assert "tracking" not in out


def test_a_path_below_the_home_folder_does_not_name_the_user(genbench, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GENBENCH_DATA", str(tmp_path / "data"))
    _, out, _ = genbench("show", "--environment")
    assert "data folder: ~/data, which is not there yet; " in out
    assert str(tmp_path) not in out


def test_a_part_that_cannot_be_told_is_one_line_and_ends_no_other(genbench, monkeypatch):
    def broken():
        raise RuntimeError("no kernel\nmodule")
        yield

    monkeypatch.setattr(environment, "PARTS", {**environment.PARTS, "torch": broken})
    code, out, _ = genbench("show", "--environment")
    assert code == 0
    assert "torch: cannot be told: RuntimeError: no kernel\\nmodule\n" in out
    assert "data folder: " in out
