"""What trials logged, as arrays: values and scores by name, each with its clocks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genbench.trial.log import Tail

CLOCKS = {"images": "images", "updates": "updates of the generator", "train_seconds": "seconds of training"}

Logged = Mapping[tuple[str, str], tuple[Mapping[str, NDArray[np.float64]], NDArray[np.float64]]]
"""(`values` or `metrics`, name) to (clocks, values)."""


def read(directory: Path) -> Logged:
    """All curves in a trial's metrics.jsonl. Raises GenbenchError for a damaged one."""
    found: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    for row in Tail(directory).rows():
        for kind in ("values", "metrics"):
            for name, value in row.get(kind, {}).items():
                found.setdefault((kind, name), []).append((*(float(row[clock]) for clock in CLOCKS), float(value)))
    columns = {key: np.array(rows, dtype=np.float64).T for key, rows in found.items()}
    return {key: (dict(zip(CLOCKS, array[:-1], strict=True)), array[-1]) for key, array in columns.items()}
