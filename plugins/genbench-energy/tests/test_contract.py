"""The energy plugin keeps the contract of a method."""

from genbench_energy import METHOD

from genbench.testing import contract

test_contract = contract(METHOD)
