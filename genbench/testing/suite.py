"""The conformance suite: everything that is wrong with a method, told to its author.

A plugin's tests/test_contract.py is three lines: import `contract`, import METHOD, `test_contract = contract(METHOD)`.
`genbench check METHOD` runs the same checks, one per clause of the contract. They need no data set and no architecture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from genbench.contract.trainer import Method
from genbench.testing.announcement import announcement, choices, settings, variants
from genbench.testing.assertions import ContractError, problem
from genbench.testing.kinds import kinds
from genbench.testing.ranks import ranks
from genbench.testing.run import repeats, resume
from genbench.testing.sample import projecting, samples, sampling, split, start
from genbench.testing.step import batches, layout, progress, randomness, scalars, shapes

__all__ = ["CHECKS", "ContractError", "Finding", "check", "clause", "contract"]

_IN_ORDER = (
    announcement,
    settings,
    choices,
    shapes,
    batches,
    scalars,
    progress,
    randomness,
    layout,
    kinds,
    start,
    samples,
    sampling,
    split,
    projecting,
    repeats,
    resume,
    variants,
    ranks,
)

CHECKS: Mapping[str, Callable[[Method], None]] = {examine.__name__: examine for examine in _IN_ORDER}
"""Every check by its name, the cheap ones first; each raises when the method breaks its clause."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One clause that a method breaks."""

    name: str
    """Of the check."""
    clause: str
    problem: str
    """What was expected, what happened, what to do."""


def check(method: Method) -> list[Finding]:
    """What is wrong with a method: every check is run, and whatever one raises becomes a finding."""
    findings = []
    for name, examine in CHECKS.items():
        try:
            examine(method)
        except Exception as error:  # whatever a plugin raises is the plugin's fault and must be shown as such
            findings.append(Finding(name=name, clause=clause(name), problem=problem(error, method)))
    return findings


def clause(name: str) -> str:
    """The clause of the contract that a check stands for, one sentence."""
    return " ".join((CHECKS[name].__doc__ or "").partition("\n\n")[0].split())


def contract(method: Method) -> Callable[[str], None]:
    """A pytest test of a method, one case for each check."""
    import pytest

    @pytest.mark.parametrize("name", list(CHECKS))
    def test_contract(name: str) -> None:
        CHECKS[name](method)

    return test_contract
