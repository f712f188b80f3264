"""The wgan plugin keeps the contract of a method."""

from genbench_wgan import METHOD

from genbench.testing import contract

test_contract = contract(METHOD)
