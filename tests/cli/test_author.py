"""`genbench new` and `genbench check`: what an author of a method sees."""

import os
import subprocess
import sys
from pathlib import Path

import faulty
import pytest
import torch

from genbench import testing
from genbench.cli import author
from genbench.contract import registry

ROOT = Path(__file__).parents[2]
QUICK = [name for name in testing.CHECKS if name not in author.LEFT_OUT]


@pytest.fixture
def made(genbench, tmp_path):
    """The folder of a new method's package."""
    code, out, err = genbench("new", "my-method")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "next: python -m pip install -e genbench-my-method && genbench check my-method"
    return tmp_path / "genbench-my-method"


@pytest.fixture
def installed(made, monkeypatch):
    """The same, found as if it were installed."""
    information = made / "genbench_my_method-0.1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: genbench-my-method\nVersion: 0.1.0\n")
    (information / "entry_points.txt").write_text("[genbench.methods]\nmy-method = genbench_my_method\n")
    monkeypatch.syspath_prepend(str(made))
    registry._entry_points.cache_clear()
    yield made
    sys.modules.pop("genbench_my_method", None)
    registry._manager.cache_clear()


def test_a_new_method_has_the_files_of_a_plugin(made):
    assert sorted(str(path.relative_to(made)) for path in made.rglob("*.*")) == [
        "README.md",
        "genbench_my_method.py",
        "pyproject.toml",
        "tests/test_contract.py",
    ]
    texts = [path.read_text() for path in made.rglob("*.*")]
    assert not any(word in text for text in texts for word in ("CLASS", "NAME", "MODULE"))
    assert "class MyMethodTrainer(Trainer)" in (made / "genbench_my_method.py").read_text()


def test_a_new_method_keeps_the_contract(installed, genbench):
    code, out, _ = genbench("check", "my-method", *[word for name in QUICK for word in ("--only", name)])
    assert out.splitlines() == [f"ok    {name}: {testing.clause(name)}" for name in QUICK]
    assert code == 0


@pytest.mark.slow
def test_a_new_method_keeps_it_on_two_ranks_and_in_another_process(installed, genbench):
    assert genbench("check", "my-method", "--only", "process", "--only", "ranks")[0] == 0


def test_a_new_method_is_clean(made):
    ruff = [sys.executable, "-m", "ruff"]
    if subprocess.run([*ruff, "--version"], capture_output=True).returncode:
        pytest.skip("ruff is not installed (the extra `lint`)")
    config = ["--no-cache", "--config", str(ROOT / "pyproject.toml")]
    for words in (["check", *config], ["format", "--check", *config], ["check", "--isolated", "--no-cache"]):
        done = subprocess.run([*ruff, *words, "."], cwd=made, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_a_folder_that_is_there_is_left_alone(made, genbench):
    before = (made / "README.md").read_text()
    code, _, err = genbench("new", "my-method")
    assert code == 2
    assert "genbench-my-method is there already; choose another name, or remove it" in err
    assert (made / "README.md").read_text() == before


def line_of(text):
    return next(
        number for number, line in enumerate(Path(faulty.__file__).read_text().splitlines(), start=1) if text in line
    )


@pytest.mark.parametrize(
    ("trainer", "check", "line"),
    [
        (faulty.ImagesOnly, "batches", "_, _, height, _ = "),
        (faulty.OwnStart, "start", "class Good(Trainer)"),
        (faulty.SeededNetwork, "seeds", "class SeededNetwork(Good)"),
        (faulty.Idle, "batches", "class Idle(Good)"),
        (faulty.NoSample, "announcement", "class NoSample(Trainer)"),
    ],
)
def test_a_finding_names_the_line_to_look_at(trainer, check, line):
    method = faulty.replace(faulty.GOOD, trainer=trainer)
    place = testing.examined(method, check).place
    name, _, number = place.partition(", line ")
    assert name == "faulty.py"
    assert 0 <= int(number) - line_of(line) < 40
    source = Path(faulty.__file__).read_text().splitlines()[int(number) - 1]
    assert line in source or "def " in source


def test_a_failed_clause_is_printed_with_its_line(genbench, monkeypatch):
    broken = faulty.replace(faulty.GOOD, trainer=faulty.KeepsTheGraph)
    monkeypatch.setattr(registry, "load", lambda kind, name: broken)
    code, out, _ = genbench("check", "any", "--only", "scalars", "--only", "progress")
    failed, fine = out.splitlines()
    assert code == 1
    assert failed.startswith("FAIL  scalars: step returned 'loss' with its graph")
    assert failed.endswith(f"(faulty.py, line {line_of('class KeepsTheGraph') + 1})")
    assert fine == f"ok    progress: {testing.clause('progress')}"


@pytest.mark.parametrize("precision", ["fp64", "bf16"])
def test_clauses_are_checked_in_another_precision(genbench, monkeypatch, precision):
    seen = []

    class Looks(faulty.Good):
        def loss(self, fake, real):
            seen.append((real.dtype, torch.is_autocast_enabled("cpu")))
            return super().loss(fake, real)

    monkeypatch.setattr(registry, "load", lambda kind, name: faulty.replace(faulty.GOOD, trainer=Looks))
    assert genbench("check", "any", "--only", "shapes", "--precision", precision)[0] == 0
    assert set(seen) == {(torch.float64, False) if precision == "fp64" else (torch.float32, True)}


def test_a_watched_file_is_checked_again_by_a_forked_process_when_it_changes(tmp_path, capfd):
    source, rounds = tmp_path / "method.py", []
    source.write_text("")

    def wait(seconds):
        rounds.append(seconds)
        if len(rounds) == 2:
            os.utime(source, (0, 0))
        if len(rounds) == 4:
            raise KeyboardInterrupt

    def examine():
        print(f"checked by {os.getpid()}", flush=True)
        return 1

    with pytest.raises(KeyboardInterrupt):
        author._again_and_again(source, examine, wait)
    out = capfd.readouterr().out
    assert out.count("checked by") == 2
    assert f"checked by {os.getpid()}" not in out
    assert out.count("-- again when method.py changes; Ctrl-C ends") == 2
