"""The drift plugin keeps the contract of a method."""

from genbench_drift import METHOD

from genbench.testing import contract

test_contract = contract(METHOD)
