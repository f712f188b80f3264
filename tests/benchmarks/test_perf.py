"""The scripts that measure speed run, at the smallest size, and print a ratio or a share for each contestant."""

import importlib.util
import os
from pathlib import Path

import pytest
import torch

from genbench.contract import registry

SCRIPTS = Path(__file__).parents[2] / "benchmarks" / "perf"
METHODS = {"gram", "gan", "mmdgan", "mmdnet"}
SMALLEST = {
    "engines": (["--images", "4000", "--seeds", "1", "--updates", "2", "--methods", "gan"], {"gan"}),
    "ideas": (["--updates", "1", "--rounds", "1", "--seeds", "2"], {"gan", "gram", "mmdnet"}),
    "kernels": (["--points", "20", "--memory-points", "500", "--rounds", "1"], set()),
    "loop": (["--updates", "6", "--rounds", "1", "--methods", "gan"], {"gan"}),
    "many": (["--trials", "2", "4", "--updates", "2"], {"gan"}),
    "metrics": (["--images", "4", "--rounds", "1"], set()),
    "neighbours": (["--references", "30", "--queries", "4", "--rounds", "1"], set()),
    "ring": ([str(SCRIPTS.parents[1]), "--updates", "2", "--rounds", "1", "--methods", "gan"], {"gan"}),
    "root": (["--dimensions", "8", "--rounds", "1"], set()),
    "share": (["--images", "1", "--steps", "1", "--rounds", "1"], {"gan"}),
    "start": (["--rounds", "1"], set()),
    "step": (["--steps", "1", "--rounds", "1", "--precision", "bf16"], METHODS),
    "supply": (["--images", "130", "--batches", "2", "--rounds", "1"], set()),
}
LONG = {"engines", "kernels", "many", "metrics", "ring", "start"}
"""Those that start processes, or compare with another library's networks."""
INSTALLED = {entry.name for entry in registry.installed("methods")}


@pytest.fixture
def script(monkeypatch):
    """script(name): the module, as if it was started from its folder."""
    monkeypatch.syspath_prepend(SCRIPTS)
    for changed in ("GENBENCH_CACHE", "GENBENCH_DATA"):
        monkeypatch.setenv(changed, os.environ.get(changed, ""))
    threads = torch.get_num_threads()

    def load(name):
        found = importlib.util.spec_from_file_location(f"benchmarks_perf_{name}", SCRIPTS / f"{name}.py")
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        return module

    yield load
    torch.set_num_threads(threads)


def test_every_script_is_tried():
    assert set(SMALLEST) | {"rounds"} == {path.stem for path in SCRIPTS.glob("*.py")}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.long) if name in LONG else name
        for name, (_, needed) in SMALLEST.items()
        if needed <= INSTALLED
    ],
)
def test_the_script_runs_and_prints_a_table(name, script, capsys):
    script(name).main(SMALLEST[name][0])
    head, *lines = filter(None, capsys.readouterr().out.splitlines())
    assert f"torch {torch.__version__}" in head
    assert len(lines) > 1
    assert all(
        any(character.isdigit() for character in line) or line.startswith(("method", "engine")) for line in lines[1:]
    )


def test_rounds_take_turns_and_the_first_warms_up(script):
    rounds, calls = script("rounds"), []
    found = rounds.alternate(
        {"one": lambda: calls.append("one"), "other": lambda: calls.append("other") or len(calls)}, 2
    )
    assert calls == ["one", "other"] * 3
    assert found["other"].answer == 6
    assert [len(outcome.seconds) for outcome in found.values()] == [2, 2]


def test_a_ratio_is_the_median_of_the_rounds_with_its_range(script):
    rounds = script("rounds")
    ours, theirs = rounds.Outcome([1.0, 2.0, 1.0], None), rounds.Outcome([3.0, 2.0, 2.0], None)
    assert rounds.faster(ours, theirs) == "2.00 (1.00 to 3.00)"
