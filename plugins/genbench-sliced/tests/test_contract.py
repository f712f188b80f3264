"""The sliced plugin keeps the contract of a method."""

from genbench_sliced import METHOD

from genbench.testing import contract

test_contract = contract(METHOD)
