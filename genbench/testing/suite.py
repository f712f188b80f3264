"""The conformance suite: everything that is wrong with a method, told to its author.

A plugin's tests/test_contract.py is three lines: import `contract`, import METHOD, `test_contract = contract(METHOD)`.
`genbench check METHOD` runs the same checks, one per clause of the contract. They need no data set and no architecture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from genbench.contract.trainer import Method
from genbench.testing.announcement import announcement, choices, settings, variants
from genbench.testing.assertions import ContractError, place, problem
from genbench.testing.kinds import kinds
from genbench.testing.process import process
from genbench.testing.ranks import ranks
from genbench.testing.run import repeats, resume
from genbench.testing.sample import evaluations, projecting, samples, sampling, split, start
from genbench.testing.step import batches, layout, progress, randomness, scalars, shapes
from genbench.testing.study import averaging, data, scheduling, seeds, statistics
from genbench.testing.surroundings import surroundings

__all__ = ["CHECKS", "ContractError", "Finding", "check", "clause", "contract"]

_IN_ORDER = (
    announcement,
    settings,
    choices,
    shapes,
    batches,
    scalars,
    progress,
    data,
    randomness,
    surroundings,
    layout,
    kinds,
    start,
    seeds,
    evaluations,
    samples,
    sampling,
    split,
    statistics,
    projecting,
    scheduling,
    averaging,
    repeats,
    resume,
    variants,
    process,
    ranks,
)

CHECKS: Mapping[str, Callable[[Method], None]] = {examine.__name__: examine for examine in _IN_ORDER}
"""Every check by its name, the cheap ones first; each raises when the method breaks its clause."""


ABOUT: Mapping[str, str] = {
    "announcement": "class",
    "settings": "config",
    "choices": "config",
    "start": "sample",
    "samples": "sample",
    "sampling": "sample",
    "split": "sample",
    "statistics": "sample",
    "projecting": "project",
    "averaging": "sample",
    "seeds": "__init__",
    "surroundings": "__init__",
}
"""What in a plugin a check is about; where none is named, `step`."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One clause that a method breaks."""

    name: str
    """Of the check."""
    clause: str
    problem: str
    """What was expected, what happened, what to do."""
    place: str
    """The file and line of the plugin to look at: where it raised, or else the function that the clause is about."""

    def __str__(self) -> str:
        return self.problem if self.place in self.problem else f"{self.problem} ({self.place})"


def check(method: Method) -> list[Finding]:
    """What is wrong with a method: every check is run, and whatever one raises becomes a finding."""
    return [finding for name in CHECKS if (finding := examined(method, name))]


def examined(method: Method, name: str) -> Finding | None:
    """What one check finds; nothing where the method keeps its clause."""
    try:
        CHECKS[name](method)
    except Exception as error:  # whatever a plugin raises is the plugin's fault and must be shown as such
        return Finding(
            name=name, clause=clause(name), problem=problem(error, method), place=place(error, method, ABOUT.get(name))
        )
    return None


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
