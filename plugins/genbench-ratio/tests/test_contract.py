"""The ratio plugin keeps the contract of a method."""

from genbench_ratio import METHOD

from genbench.testing import contract

test_contract = contract(METHOD)
