"""The mmdgan plugin keeps the contract of a method."""

from genbench_mmdgan import METHOD

from genbench.testing import contract

test_contract = contract(METHOD)
