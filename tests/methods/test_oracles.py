"""A method's step is the one of its equations: the same weights after 1, 5 and 20 updates, in fp64."""

import pytest
from oracle_cases import CASES
from replayed import CLOSE, replayed

from genbench.contract import registry

pytestmark = [pytest.mark.methods, pytest.mark.slow]
METHODS = {entry.name for entry in registry.installed("methods")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_twenty_updates_are_those_of_the_equations(case):
    name = case.label.partition("/")[0]
    if name not in METHODS:
        pytest.skip(f"{name} is not installed: python -m pip install -r requirements-zoo.txt")
    distances = [far for far, _ in replayed(case, registry.load("methods", name))]
    assert max(distances) < CLOSE
