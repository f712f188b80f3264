"""A figure before it is drawn: what it shows in words, and the trials that it is drawn from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of a report."""

    name: str
    """Of its files, without a suffix."""
    section: str
    caption: str
    alt: str
    """What one sees, for those who do not see it."""
    draw: Callable[[], Drawing]
    problem: str = ""
    """Why it could not be drawn, in one line; empty where it was, or was not tried yet."""


@dataclass(frozen=True, kw_only=True)
class Trials:
    """The trials of one data set as figures need them."""

    dataset: str
    records: pd.DataFrame
    """With `label`, `contender` and `condition`, and numbers under different protocols in separate columns."""
    metrics: Sequence[str]
    directions: Mapping[str, str]
    """Metric to its better direction, `higher`, `lower` or `neither`."""
    shared: Sequence[str]
    """Columns of settings that vary for all contenders alike."""
    own: Sequence[str]
    """Columns of settings that vary within a method."""
    folder: Path | None
    """The study's; None where there are records alone."""
    prefix: str = ""
    """Of the figures' names; not empty when a study has several data sets."""

    def trial(self, name: str) -> Path:
        """The folder of a trial, of a study that has one."""
        assert self.folder is not None
        return self.folder / "trials" / name

    def may_be_logarithmic(self, metric: str) -> bool:
        """Whether the metric is an error, whose zero is the best; a share that is almost nothing is not a different
        thing from nothing.
        """
        return self.directions.get(metric, "neither") == "lower"

    def directed(self, metric: str) -> str:
        """A metric's name with the direction that is better."""
        direction = self.directions.get(metric, "neither")
        return metric if direction == "neither" else f"{metric} ({direction} is better)"


def slug(words: str) -> str:
    """Words as the name of a file."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", words).strip("-.") or "figure"
