"""The mmdnet plugin keeps the contract of a method."""

from genbench_mmdnet import METHOD

from genbench.testing import contract

test_contract = contract(METHOD)
