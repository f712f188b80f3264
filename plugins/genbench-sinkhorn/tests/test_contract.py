"""The sinkhorn plugin keeps the contract of a method."""

from genbench_sinkhorn import METHOD

from genbench.testing import contract

test_contract = contract(METHOD)
