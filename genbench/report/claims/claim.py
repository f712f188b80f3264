"""What a study can claim: one contender is better, a share of trials gets somewhere, two are equal, a score follows a
setting.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Across = Literal["mean", "range"]
Direction = Literal["rises", "falls", "steady"]
Where = Mapping[str, tuple[Any, ...]]
"""`dataset`, or a setting as the command line has it, to the values that the trials of a claim have."""


@dataclass(frozen=True, kw_only=True)
class Claim(ABC):
    """A statement that the trials of a study can be asked about."""

    words: str
    """The statement, for a reader."""
    paper: str = ""
    """The words of the paper that it stands for, and where they are."""
    where: Where = field(default_factory=dict)
    """The trials that it is about; all where empty."""

    @property
    @abstractmethod
    def labels(self) -> tuple[str, ...]:
        """The methods, as `method` or `method/variant`, whose trials it needs; those that `where` lets through."""

    @property
    @abstractmethod
    def metric(self) -> str:
        """The metric that it is about."""

    @property
    @abstractmethod
    def test(self) -> str:
        """What is tested, without the words of the claim."""

    @property
    def tested(self) -> str:
        """The same with the trials that it is about: `gram better than gan on fid, where net.critic=weak`."""
        places = " ".join(f"{key}={','.join(map(_shown, values))}" for key, values in self.where.items())
        return f"{self.test}, where {places}" if places else self.test


@dataclass(frozen=True, kw_only=True)
class Better(Claim):
    """One method is better than each of some others on a metric, on every data set."""

    better: str
    than: tuple[str, ...]
    on: str
    across: Across = "mean"
    """What a seed counts with where there are several conditions: its mean over them, or the range of its scores, of
    which a smaller one is better."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The method and those it is compared with."""
        return (self.better, *self.than)

    @property
    def metric(self) -> str:
        """The metric."""
        return self.on

    @property
    def test(self) -> str:
        """What is tested."""
        over = " by a smaller range over the conditions" if self.across == "range" else ""
        return f"{self.better} better than {_listed(self.than)} on {self.on}{over}"


@dataclass(frozen=True, kw_only=True)
class Rate(Claim):
    """Of the trials of each of some methods at least, or at most, a share reaches a value of a metric."""

    of: tuple[str, ...]
    on: str
    value: float
    share: float
    at_least: bool

    @property
    def labels(self) -> tuple[str, ...]:
        """The methods."""
        return self.of

    @property
    def metric(self) -> str:
        """The metric."""
        return self.on

    @property
    def test(self) -> str:
        """What is tested."""
        bound = "at least" if self.at_least else "at most"
        return f"{bound} {self.share:g} of the trials of {_listed(self.of)} reach {self.on} {self.value:g}"


@dataclass(frozen=True, kw_only=True)
class Equal(Claim):
    """Two methods differ by less than a margin on a metric, on every data set."""

    equal: tuple[str, str]
    on: str
    within: float
    across: Across = "mean"

    @property
    def labels(self) -> tuple[str, ...]:
        """Both methods."""
        return self.equal

    @property
    def metric(self) -> str:
        """The metric."""
        return self.on

    @property
    def test(self) -> str:
        """What is tested."""
        over = ", in its range over the conditions" if self.across == "range" else ""
        return f"{_listed(self.equal)} differ by less than {self.within:g} on {self.on}{over}"


@dataclass(frozen=True, kw_only=True)
class Trend(Claim):
    """A metric rises or falls with a setting, or hardly changes, for each of some methods, on every data set."""

    direction: Direction
    on: str
    setting: str
    """As the command line has it; its values are ordered as numbers, or as `where` lists them."""
    of: tuple[str, ...]
    within: float = 0.0
    """Of `steady`: the change from one value of the setting to the next that is none."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The methods."""
        return self.of

    @property
    def metric(self) -> str:
        """The metric."""
        return self.on

    @property
    def test(self) -> str:
        """What is tested."""
        if self.direction == "steady":
            return f"{self.on}: {_listed(self.of)} change by less than {self.within:g} a step of {self.setting}"
        return f"{self.on} {self.direction} with {self.setting}, for {_listed(self.of)}"


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else "null" if value is None else str(value)
