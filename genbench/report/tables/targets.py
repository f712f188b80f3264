"""Time to target: on each clock, when a contender's scores during training first reach what a study asks for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from genbench.errors import GenbenchError
from genbench.report import logged
from genbench.report.table import Table

WORDS = {"images": "images", "updates": "updates", "train_seconds": "seconds of training"}


def reached(directory: Path, metric: str, target: float, better: str) -> dict[str, float] | None:
    """The clocks of the first score during training that is as good as the target, infinite when none was; None for a
    trial without such scores.

    better: `higher` or `lower`. Raises GenbenchError for a damaged metrics.jsonl.
    """
    clocks, values = logged.read(directory).get(("metrics", metric), ({}, np.empty(0)))
    if not clocks:
        return None
    good = np.flatnonzero(values >= target if better == "higher" else values <= target)
    return {clock: float(times[good[0]]) if len(good) else math.inf for clock, times in clocks.items()}


def table(
    targets: Mapping[str, float], records: pd.DataFrame, directions: Mapping[str, str], folder: Path
) -> Table | None:
    """A row for every contender, condition and target; None when a study has no targets, or no trial of it was scored
    during training.

    records: with `contender` and `condition`; directions: metric to its better direction. A median is over all trials
    of a row, those that never reached the target included, so it is "not within the budget" when most of them did not.
    """
    rows, data, missing = [], [], []
    for metric, target in targets.items():
        better = directions.get(metric, "neither")
        found = [] if better == "neither" else _rows(records, folder, metric, target, better)
        missing += [] if found else [metric]
        for names, times in found:
            medians = {clock: float(np.median([time[clock] for time in times])) for clock in WORDS}
            count = sum(math.isfinite(time["images"]) for time in times)
            wanted = f"{metric} {'≥' if better == 'higher' else '≤'} {target:g}"
            shown = {word: _said(medians[clock]) for clock, word in WORDS.items()}
            rows.append({**names, "target": wanted, "reached by": f"{count} of {len(times)}", **shown})
            data.append(
                {**names, "metric": metric, "target": target, "trials": len(times), "reached": count, **medians}
            )
    if not rows:
        return None
    frame = pd.DataFrame(rows)
    unknown = f" No trial was scored during training by {', '.join(missing)}." if missing else ""
    return Table(
        name="targets",
        title="Time to target",
        caption=(
            "When a score during training first was as good as the target: medians over all trials of a row, where"
            f" one that never reached it counts as later than all others. Only moments of scoring are seen.{unknown}"
        ),
        shown=frame.drop(columns=[name for name in ("data set", "condition") if frame[name].nunique() == 1]),
        data=pd.DataFrame(data),
        numbers=frozenset(WORDS.values()) | {"reached by"},
    )


def _rows(
    records: pd.DataFrame, folder: Path, metric: str, target: float, better: str
) -> list[tuple[dict[str, str], list[dict[str, float]]]]:
    """For every data set, contender and condition the clocks at which its trials reached the target; a damaged file is
    left out.
    """
    found: dict[tuple[str, str, str], list[dict[str, float]]] = {}
    for row in records.to_dict("records"):
        try:
            times = reached(folder / "trials" / str(row["trial"]), metric, target, better)
        except (GenbenchError, OSError):
            continue  # the figures of the same file name it
        if times is not None:
            found.setdefault((str(row["dataset"]), str(row["contender"]), str(row["condition"])), []).append(times)
    return [
        (dict(zip(("data set", "method", "condition"), names, strict=True)), times) for names, times in found.items()
    ]


def _said(clock: float) -> str:
    if not math.isfinite(clock):
        return "not within the budget"
    return f"{clock:,.0f}" if clock >= 100 else f"{clock:.3g}"
