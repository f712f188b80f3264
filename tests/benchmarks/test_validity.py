"""The script that measures how far verdicts can be trusted runs, at the smallest size, and leaves its tables, picture
and page.
"""

import importlib.util
from pathlib import Path

import matplotlib as mpl
import pytest

SCRIPTS = Path(__file__).parents[2] / "benchmarks" / "validity"


@pytest.fixture
def script(monkeypatch):
    """The module, as if it was started from its folder."""
    mpl.use("agg")
    monkeypatch.syspath_prepend(SCRIPTS)
    spec = importlib.util.spec_from_file_location("null", SCRIPTS / "null.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_simulation_leaves_tables_a_picture_and_a_page(script, tmp_path):
    script.main(["--draws", "2", "--out", str(tmp_path)])
    assert {path.name for path in tmp_path.iterdir()} == {
        "null.csv",
        "power.csv",
        "power.png",
        "coverage.csv",
        "README.md",
    }


def test_a_study_that_is_passed_over_would_not_have_been_called_different(script):
    studies = script.SPREADS["7 or 8 modes, 1 in 2"](script._rng("test"), (30, 3, 4))
    found = script.different(studies, paired=False)
    slow = [script.decide(study, paired=False) for study in studies]
    assert found.tolist() == [((p <= 0.05) & (difference != 0)).tolist() for p, difference in slow]
