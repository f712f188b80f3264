"""What the trials of each method and setting of a study come to, whatever their seeds: read from the study's files."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from genbench.errors import GenbenchError
from genbench.report.stats import columns, contenders, outcomes, protocols, statistics
from genbench.trial.collected import load_good
from genbench.trial.record import trial_directories
from genbench.trial.trial import Trial


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A metric over the seeds that finished."""

    mean: float
    sd: float
    """NaN of one seed; so are the ends of the interval."""
    low: float
    """The 95 % interval of the mean, by Student's t."""
    high: float
    seeds: int


@dataclass(kw_only=True)
class Cell:
    """The trials of a study that differ only in their seed."""

    trial: Trial
    """One of them."""
    name: str
    """The method and the settings that differ in the study."""
    directories: list[Path] = field(default_factory=list)
    ends: dict[str, int] = field(default_factory=dict)
    """Status to how many records have it."""
    started: float = 0.0
    """When the first one began; 0 where no record says so."""
    ended: float = 0.0
    """When the last one ended."""
    spreads: dict[str, Spread] = field(default_factory=dict)
    """Of every metric; a number under another protocol than most of the study's has a name of its own, `fid:KEY`."""


def cells(study: Path) -> Mapping[str, Cell]:
    """The cells of a study's folder by their `key_of`; trials whose files are damaged are left out."""
    found: dict[str, Cell] = {}
    keys: dict[str, str] = {}
    for directory in trial_directories(study):
        with suppress(GenbenchError):  # a damaged one has no run to stand under, and is named by status and report
            trial = Trial.read(directory)
            key = keys[trial.id] = key_of(trial)
            found.setdefault(key, Cell(trial=trial, name=name_of(trial))).directories.append(directory)
    records, _ = load_good(study)
    if not records.empty:
        _fill(found, keys, records)
    return found


def key_of(trial: Trial) -> str:
    """A word for the cell of a trial in its study."""
    return f"{trial.study}/{trial.cell}"


def name_of(trial: Trial) -> str:
    """What a cell is called before there are records: the method and what the study sweeps."""
    return " ".join([trial.label, *(f"{key.rpartition('.')[2]}={value}" for key, value in trial.swept.items())])


def _fill(found: Mapping[str, Cell], keys: Mapping[str, str], records: pd.DataFrame) -> None:
    """Add to cells what the records of their trials say."""
    separated, _ = protocols.separate(records, columns.metric_names(records))
    named = contenders.name(separated).records
    several = named["dataset"].nunique() > 1
    places: dict[tuple[str, str, str], Cell] = {}
    for row in named.to_dict("records"):
        if (cell := found.get(keys.get(str(row["id"]), ""))) is None:
            continue
        places[str(row["dataset"]), row["contender"], row["condition"]] = cell
        where = f"{row['contender']} on {row['dataset']}" if several else row["contender"]
        cell.name = ", ".join(filter(None, (where, row["condition"])))
        cell.ends[row["status"]] = cell.ends.get(row["status"], 0) + 1
        began = [time for time in (cell.started, row["started"]) if time > 0]
        cell.started, cell.ended = min(began, default=0.0), max(cell.ended, row["ended"])
    for family in outcomes.families(records):
        for contender, conditions in family.outcomes.items():
            for condition, outcome in conditions.items():
                if (cell := places.get((family.dataset, contender, condition))) and outcome.scores:
                    metric = family.metric.replace(" [", ":").rstrip("]")
                    cell.spreads[metric] = _spread(np.array(list(outcome.scores.values()), dtype=float))


def _spread(values: statistics.Values) -> Spread:
    interval = statistics.t_interval(values)
    return Spread(
        mean=statistics.mean(values),
        sd=statistics.sd(values),
        low=interval.low,
        high=interval.high,
        seeds=len(values),
    )
