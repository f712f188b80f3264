"""Tables of what surrounds the scores: how they were made, what the trials cost, where they ran and which did not
finish.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd

from genbench.report.stats import columns, protocols
from genbench.report.stats.contenders import labels
from genbench.report.table import Table
from genbench.report.tables.summary import samplers_differ


def protocol(records: pd.DataFrame) -> Table | None:
    """Every protocol in full, a column each; None for records from before there were protocols."""
    metrics = columns.metric_names(records)
    keyed: dict[str, list[str]] = {}
    for metric in metrics:
        if f"protocol.{metric}" in records:
            for key in dict.fromkeys(records[f"protocol.{metric}"].dropna()):
                keyed.setdefault(key, []).append(metric)
    if not keyed:
        return None
    described = {
        key: {
            "metrics": ", ".join(named),
            "arithmetic": protocols.arithmetic(records[records[f"protocol.{named[0]}"] == key]),
            **protocols.in_full(records, key),
        }
        for key, named in keyed.items()
    }
    fields = list(dict.fromkeys(field for one in described.values() for field in one))
    rows = [
        {"field": field.replace("_", " "), **{key: _text(one.get(field)) for key, one in described.items()}}
        for field in fields
    ]
    return Table(
        name="protocols",
        title="How the numbers were made",
        caption=(
            "The protocol behind every number, by its key. Numbers with different keys are never compared, unless the"
            " protocols differ only in the data set."
        ),
        shown=pd.DataFrame(rows),
    )


def fairness(records: pd.DataFrame) -> list[str]:
    """Whether trials of one data set, architecture and seed saw the same data in the same order and began with the same
    generator, by their hashes.
    """
    varying = [
        name
        for name in columns.varying_settings(records.copy())
        if name.startswith(("settings.data.", "settings.net.", "settings.train.", "settings.seeds."))
    ]
    cells = ["dataset", "architecture", "seed", *varying]
    lines = []
    apart = records["start"].isin(["field", "own"]) if "start" in records else pd.Series(False, index=records.index)
    for column, what in (
        ("data_hash", "the data"),
        ("batches_hash", "the first batches"),
        ("generator_hash", "the untrained generator's samples"),
    ):
        own = records[~apart] if column == "generator_hash" else records
        if column not in own or not (own[column] != "").any():
            continue
        known = own[own[column] != ""][[*cells, column]].map(str).groupby(cells)[column].nunique()
        different, count = int((known > 1).sum()), len(known)
        lines.append(
            f"{what}: the same hash for all contenders in each of {count} groups of one seed and setting"
            if not different
            else (
                f"{what}: different hashes in {different} of {count} groups of one seed and setting; contenders there"
                " did not start alike"
            )
        )
    if apart.any():
        named = ", ".join(dict.fromkeys(labels(records[apart])))
        lines.append(f"another network than the study's generator makes the samples of {named}")
    return lines


def failures(records: pd.DataFrame) -> Table | None:
    """Every trial that has not finished and why; None when all have."""
    left = records[records["status"] != "finished"]
    if left.empty:
        return None
    shown = pd.DataFrame(
        {
            "method": left["contender"],
            "data set": left["dataset"],
            "condition": left["condition"],
            "seed": left["seed"].map(str),
            "status": left["status"],
            "why": left["error"].map(lambda error: (str(error).splitlines() or [""])[0]),
            "images": left["images"].map("{:,}".format),
        }
    )
    shown = shown.drop(columns=[name for name in ("condition",) if not shown[name].any()])
    return Table(
        name="failures",
        title="What did not finish",
        caption=(
            "Diverged: a loss or a parameter was no longer finite, a result. Failed: an error. Interrupted: stopped;"
            " the same run command goes on."
        ),
        shown=shown,
        numbers=frozenset({"images"}),
    )


def cost(records: pd.DataFrame) -> Table:
    """What the trials of every contender took: means over its trials."""
    rows, data = [], []
    columns = {
        "images": "images",
        "updates": "updates",
        "train_seconds": "seconds of training",
        "images_per_second": "images/s",
        "evaluate_seconds": "seconds of scoring",
        "peak_memory_mb": "peak memory, MB",
        "generator_parameters": "generator parameters",
        "trainer_parameters": "all parameters",
        **({"evaluations": "evaluations a sample"} if samplers_differ(records) else {}),
    }
    for (dataset, contender), own in records.groupby(["dataset", "contender"], sort=False):
        means = {name: float(own[name].mean()) for name in columns if name in own}
        data.append({"dataset": dataset, "method": contender, "trials": len(own), **means})
        shown = {
            word: f"{means[name]:,.0f}" if means[name] >= 100 or name == "updates" else f"{means[name]:.3g}"
            for name, word in columns.items()
            if name in means
        }
        rows.append({"data set": dataset, "method": contender, **shown, "trials": str(len(own))})
    total = records["wall_seconds"].sum() if "wall_seconds" in records else 0.0
    frame = pd.DataFrame(rows)
    return Table(
        name="cost",
        title="What it cost",
        caption=(
            "Means over all trials of a contender, however they ended. Seconds of training are those inside the"
            f" trainer's step. All trials together: {total / 3600:.2g} hours from first line to last."
        ),
        shown=frame if records["dataset"].nunique() > 1 else frame.drop(columns="data set"),
        data=pd.DataFrame(data),
        numbers=frozenset(frame.columns) - {"data set", "method"},
    )


def environment(records: pd.DataFrame) -> Table:
    """Versions and machines, with the number of trials where they differ."""
    names = {
        "genbench_version": "genbench",
        "torch_version": "torch",
        "python_version": "Python",
        "origin": "methods",
        "git_commit": "git commit",
        "device": "device",
        "arithmetic": "arithmetic",
        "threads": "threads per trial",
        "world": "ranks per trial",
        "resumes": "times resumed",
    }
    rows = [{"": word, "value": _counted(records[name])} for name, word in names.items() if name in records]
    times = [value for value in (*records["started"], *records["ended"]) if value > 0] if "started" in records else []
    if times:
        first, last = (
            datetime.fromtimestamp(one, UTC).strftime("%Y-%m-%d %H:%M UTC") for one in (min(times), max(times))
        )
        rows.append({"": "run", "value": f"{first} to {last}"})
    return Table(
        name="environment",
        title="Where it ran",
        caption="As the trials recorded it; in brackets the number of trials, where they differ.",
        shown=pd.DataFrame(rows),
    )


def _counted(column: pd.Series) -> str:
    counts = column.map(str).value_counts(sort=False)
    if len(counts) == 1:
        return str(counts.index[0]) or "not known"
    return ", ".join(f"{value or 'not known'} ({count})" for value, count in counts.items())


def _text(value: object) -> str:
    if value is None or value == "":
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)


def joined(parts: Sequence[Table | None]) -> tuple[Table, ...]:
    """The tables that there are."""
    return tuple(part for part in parts if part is not None)
