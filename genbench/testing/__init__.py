"""The conformance suite: what a method must keep, one check per clause."""

from genbench.testing.assertions import ContractError
from genbench.testing.miniature import kit
from genbench.testing.place import on
from genbench.testing.suite import CHECKS, Finding, check, clause, contract, examined

__all__ = ["CHECKS", "ContractError", "Finding", "check", "clause", "contract", "examined", "kit", "on"]
