"""The sngan plugin keeps the contract of a method."""

from genbench_sngan import METHOD

from genbench.testing import contract

test_contract = contract(METHOD)
