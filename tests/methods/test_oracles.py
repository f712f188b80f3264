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


def test_every_variant_of_a_method_has_an_oracle():
    ours = {case.label.partition("/")[0] for case in CASES} & METHODS
    labels = {"/".join(filter(None, (name, variant))) for name in ours for variant in ("", *variants(name))}
    assert labels <= {case.label for case in CASES}


def variants(name):
    return registry.load("methods", name).variants
