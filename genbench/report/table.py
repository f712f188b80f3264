"""A table of a report, whatever it is about and whatever format it becomes."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of a report."""

    name: str
    """Of its CSV file, without the suffix."""
    title: str
    caption: str
    shown: pd.DataFrame
    """Words, as a reader sees them."""
    data: pd.DataFrame | None = None
    """Numbers in full, for the CSV file; without it the words."""
    numbers: frozenset[str] = frozenset()
    """Columns that hold numbers and are aligned to the right."""
