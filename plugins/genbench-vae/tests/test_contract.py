"""The vae plugin keeps the contract of a method."""

from genbench_vae import METHOD

from genbench.testing import contract

test_contract = contract(METHOD)
