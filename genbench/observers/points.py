"""What trackers show of a trial's files: points of curves over images, final scores, pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from genbench.trial.picture import of_trial

CLOCKS = ("train_seconds", "updates")
"""What progress is counted in, other than images, which are the axis of every curve."""
TRAINING_PICTURES = 20
"""Pictures of the progress of training that are shown: the last ones."""


class Point(NamedTuple):
    """A value of a curve."""

    name: str
    """With the chart's section before the slash: `train/loss`."""
    value: float
    images: int
    seconds: float
    """Unix time at which it was measured."""


def curves(rows: Iterable[Mapping[str, Any]]) -> list[Point]:
    """The points of rows of metrics.jsonl: `train/...` for the trainer's values, `curve/...` for scores, `work/...` for
    the clocks.

    Trackers sort their sections by name: scores (`eval/...`) come first, the clocks last.
    """
    points = []
    for row in rows:
        values = {f"train/{name}": value for name, value in row.get("values", {}).items()}
        values |= {f"curve/{name}": value for name, value in row.get("metrics", {}).items()}
        clocks = {f"work/{name}": row[name] for name in CLOCKS}
        points += [Point(name, float(value), row["images"], row["time"]) for name, value in (values | clocks).items()]
    return points


def scores(record: Mapping[str, Any]) -> list[Point]:
    """The final metrics of a record, `eval/...`, one point each."""
    return [Point(f"eval/{name}", float(record[name]), record["images"], record["ended"]) for name in record["metrics"]]


def pictures(directory: Path, trial: str) -> list[Path]:
    """The pictures of samples of the trial with that id: the last ones of training, named by their images, then those
    of the evaluation.
    """
    paths = of_trial(directory / "samples", trial)
    training = [path for path in paths if path.stem.isdigit()]
    return training[-TRAINING_PICTURES:] + [path for path in paths if not path.stem.isdigit()]
