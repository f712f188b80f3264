"""The flow plugin keeps the contract of a method."""

from genbench_flow import METHOD

from genbench.testing import contract

test_contract = contract(METHOD)
