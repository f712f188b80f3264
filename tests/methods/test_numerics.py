"""Numbers do not move while their numerics revision stays."""

import json

import golden
import pytest

from genbench.contract import registry

pytestmark = [pytest.mark.methods, pytest.mark.slow]
INSTALLED = {entry.name for entry in registry.installed("methods")}
KEPT = json.loads(golden.FILE.read_text())
WHAT_TO_DO = (
    "numbers that a seed yields have moved: if that is meant, raise the numerics revision of what moved them"
    " (genbench.version.NUMERICS, or numerics= of the method, data set, architecture or metric), say so in"
    " CHANGELOG.md, and run python tests/support/golden.py"
)


@pytest.fixture(scope="module")
def processor():
    return golden.processor()


@pytest.mark.parametrize(("name", "precision"), golden.WAYS)
def test_a_seed_yields_the_golden_curve_scores_and_parameters(name, precision, processor):
    if name in golden.ZOO and name.partition("/")[0] not in INSTALLED:
        pytest.skip(f"{name} is not installed: python -m pip install -r requirements-zoo.txt")
    key = f"{name} {precision}"
    case, kept = golden.made(name, precision), KEPT["cases"][key]
    assert case["numerics"] == kept["numerics"], "a revision was raised: run python tests/support/golden.py"
    reason = golden.moved(case, kept, precision)
    assert not reason, f"{name}: {reason}; {WHAT_TO_DO}"
    # On a processor whose arithmetic is known, to the bit: a change of the order of a sum moves numbers, too.
    if processor in KEPT["bits"][key]:
        assert case["bits"] == KEPT["bits"][key][processor], f"{name}: in their last bits {WHAT_TO_DO}"


def test_numbers_that_move_under_the_same_revision_are_told():
    case = KEPT["cases"]["gan fp64"]
    assert golden.moved(case, case, "fp64") == ""
    other = {**case, "parameters": case["parameters"] * (1 + 1e-5)}
    assert golden.moved(other, case, "fp64").startswith("the sum of the parameters is")
    curve = [dict(row) for row in case["curve"]]
    curve[3] = {key: value + 1e-4 for key, value in curve[3].items()}
    assert "at update 4 is" in golden.moved({**case, "curve": curve}, case, "fp64")
