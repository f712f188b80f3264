"""The title of a study that has none of its own: what was run, on what, for how long, how often and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd

from genbench.report.stats import contenders

MOST = 4
"""Names that are said; of more their number."""


def of(study: str, field: contenders.Field) -> str:
    """`gan and gram on ring: 20,000 images, 3 seeds, 2027-01-31 (study first)`."""
    records = field.records
    methods = _listed(list(dict.fromkeys(records["label"])), "methods")
    datasets = _listed(list(dict.fromkeys(records["dataset"])), "data sets")
    seeds = records["seed"].nunique()
    conditions = records["condition"].nunique()
    parts = [
        _budget(records),
        f"{conditions} settings" if conditions > 1 else "",
        f"{seeds} {'seed' if seeds == 1 else 'seeds'}",
        _date(records),
    ]
    return f"{methods} on {datasets}: {', '.join(filter(None, parts))} (study {study})"


def _budget(records: pd.DataFrame) -> str:
    """What every trial was given, where it is the same for all."""
    for setting, unit in (("images", "images"), ("updates", "updates"), ("seconds", "seconds of training")):
        column = f"settings.train.{setting}"
        if column in records and records[column].notna().all() and records[column].nunique() == 1:
            return f"{records[column].iloc[0]:,.0f} {unit}"
    return ""


def _date(records: pd.DataFrame) -> str:
    ended = [float(value) for value in records["ended"] if value > 0] if "ended" in records else []
    return datetime.fromtimestamp(max(ended), UTC).strftime("%Y-%m-%d") if ended else ""


def _listed(names: Sequence[str], kind: str) -> str:
    if len(names) > MOST:
        return f"{len(names)} {kind}"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
