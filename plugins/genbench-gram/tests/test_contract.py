"""The gram plugin keeps the contract of a method."""

from genbench_gram import METHOD

from genbench.testing import contract

test_contract = contract(METHOD)
