"""The r3gan plugin keeps the contract of a method."""

from genbench_r3gan import METHOD

from genbench.testing import contract

test_contract = contract(METHOD)
