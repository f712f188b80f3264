"""Tables of a study: a row per method and setting, a column per metric, mean and standard deviation over seeds."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from genbench.errors import GenbenchError
from genbench.report.stats import protocols
from genbench.report.stats.columns import metric_names, varying_settings
from genbench.report.stats.contenders import labels

CLOCKS = ("images", "updates", "train_seconds")
STARTS = {"generator": "the study's", "field": "a field", "own": "own"}
"""What samples come from, in words."""
LONG = 1e15
"""From which on a number is written with its power of ten; infinity too has no digits to count."""


def summarize(records: pd.DataFrame) -> pd.DataFrame:
    """One row per (data set, method, settings that vary): counts by status, the three clocks, and each metric.

    A metric `m` is two columns, `m` (mean over the seeds that finished) and `m_sd` (sample standard deviation, missing
    for fewer than two). Numbers that were made under different protocols have separate columns (`protocols.separate`).
    Diverged and failed trials are counted, never averaged. Where a method samples otherwise than by one pass of the
    study's generator, every row has `start`, `generator_parameters` and `evaluations`. Raises GenbenchError for no
    record.
    """
    if records.empty:
        raise GenbenchError("there is no record yet: no trial has ended")
    table, metrics = protocols.separate(records, metric_names(records))
    table["method"] = table["method"] + table["variant"].where(table["variant"] == "", "/" + table["variant"])
    varying = varying_settings(table)
    keys = ["dataset", "method", *varying]
    rows = []
    for values, group in table.groupby(keys, sort=False, dropna=False):
        done = group[group["status"] == "finished"]
        row = dict(zip(keys, values, strict=True))
        row |= {"seeds": len(group)}
        row |= {
            status: int((group["status"] == status).sum())
            for status in ("finished", "diverged", "failed", "interrupted")
        }
        row |= {clock: group[clock].mean() for clock in CLOCKS}
        row |= _sampling(group) if samplers_differ(table) else {}
        for metric in metrics:
            row[metric] = done[metric].mean() if len(done) else float("nan")
            row[f"{metric}_sd"] = done[metric].std(ddof=1) if len(done) > 1 else float("nan")
        rows.append(row)
    table = pd.DataFrame(rows)
    return table.rename(columns={name: name.removeprefix("settings.") for name in varying})


def notes(records: pd.DataFrame) -> list[str]:
    """What a reader of the table must know: which numbers were made under different protocols, in unlike arithmetic,
    with averaged weights or falling learning rates, and the warnings of the trials.
    """
    warnings = records["warnings"] if "warnings" in records else pd.Series(dtype=str)
    counted = (warning for listed in warnings.dropna() for warning in listed.split("; ") if warning)
    made = protocols.notes(records, metric_names(records))
    made += protocols.unlike_arithmetic(records)
    return [*made, *_mixed_worlds(records), *_averaged(records), *_scheduled(records), *dict.fromkeys(counted)]


def formatted(summary: pd.DataFrame) -> pd.DataFrame:
    """The summary for a person: `mean ± sd`, one column per metric, counts as words, columns that say nothing left
    out.
    """
    metrics = [name.removesuffix("_sd") for name in summary.columns if name.endswith("_sd")]
    keys = list(summary.columns[: list(summary.columns).index("seeds")])
    if summary["dataset"].nunique() == 1:
        keys.remove("dataset")
    shown = pd.DataFrame({key: summary[key].map(_value) for key in keys})
    for metric in metrics:
        shown[metric] = [
            mean_and_sd(mean, sd) for mean, sd in zip(summary[metric], summary[f"{metric}_sd"], strict=True)
        ]
    if "evaluations" in summary:
        shown["generator"] = [
            f"{STARTS.get(start, 'not known')}, {_count(size)} parameters" if start else "not known"
            for start, size in zip(summary["start"], summary["generator_parameters"], strict=True)
        ]
        shown["evaluations"] = summary["evaluations"].map(lambda value: f"{value:,.0f}" if value else "–")
    shown["images"] = summary["images"].map(lambda value: f"{value:,.0f}")
    shown["updates"] = summary["updates"].map(lambda value: f"{value:,.0f}")
    shown["seconds"] = summary["train_seconds"].map(lambda value: f"{value:.1f}")
    shown["seeds"] = summary["seeds"].map(str)
    problems = [_problems(row) for _, row in summary.iterrows()]
    if any(problems):
        shown["not finished"] = problems
    return shown


def samplers_differ(records: pd.DataFrame) -> bool:
    """Whether any trial samples otherwise than by one pass of the study's generator."""
    if "evaluations" not in records:
        return False
    return bool((records["evaluations"] > 1).any() or records["start"].isin(["field", "own"]).any())


def csv(summary: pd.DataFrame) -> str:
    """The summary as CSV text, numbers in full."""
    return str(summary.to_csv(index=False))


def _mixed_worlds(records: pd.DataFrame) -> list[str]:
    """Lines when trials ran on different numbers of ranks: what may be compared, and which methods have both."""
    worlds = sorted(records["world"].dropna().astype(int).unique()) if "world" in records else []
    if len(worlds) < 2:
        return []
    own = records.assign(label=labels(records)).groupby("label", sort=False)["world"].nunique()
    mixed = ", ".join(own.index[own > 1])
    lines = [f"trials ran on {', '.join(map(str, worlds))} ranks: the metrics may be compared, the seconds may not"]
    if mixed:
        lines.append(
            f"trials of {mixed} ran on several numbers of ranks: the same training but for rounding, which it may"
            " amplify until two such trials differ like two seeds"
        )
    return lines


def _averaged(records: pd.DataFrame) -> list[str]:
    """Lines that say whose samples are made with averaged weights, and how these are averaged."""
    return [
        f"samples of {trials} are made with averaged weights: {words}" for words, trials in _told(records, "average")
    ]


def _scheduled(records: pd.DataFrame) -> list[str]:
    """Lines that say whose learning rates fall, beside what a method does itself."""
    return [
        f"learning rates of {trials} fall to 0 over the budget: schedule {word}"
        for word, trials in _told(records, "schedule")
        if word != "constant"
    ]


def _told(records: pd.DataFrame, column: str) -> list[tuple[str, str]]:
    """What a column says and how many trials say it; older records say nothing."""
    if column not in records:
        return []
    counts = records[column].fillna("").value_counts(sort=False)
    return [
        (str(words), "all trials" if count == len(records) else f"{count} of {len(records)} trials")
        for words, count in counts.items()
        if words
    ]


def mean_and_sd(mean: float, sd: float) -> str:
    """A mean and a standard deviation for a person; either may be missing."""
    if pd.isna(mean):
        return "–"
    if abs(mean) >= LONG:
        return f"{mean:.3g}" if pd.isna(sd) else f"{mean:.3g} ± {sd:.3g}"
    digits = max(0, 3 - len(str(int(abs(mean))))) if abs(mean) >= 1 else 3
    text = f"{mean:.{digits}f}"
    return text if pd.isna(sd) else f"{text} ± {sd:.{digits}f}"


def _sampling(group: pd.DataFrame) -> dict[str, object]:
    """What the samples of some trials come from, those of its records that say so."""
    told = group[group["evaluations"] > 0]
    return {
        "start": ", ".join(dict.fromkeys(told["start"])),
        "generator_parameters": told["generator_parameters"].mean() if len(told) else 0,
        "evaluations": told["evaluations"].mean() if len(told) else 0,
    }


def _count(number: float) -> str:
    """A large number for a person: `10,702`, `1.3 M`."""
    return f"{number / 1e6:.1f} M" if number >= 1e6 else f"{number:,.0f}"


def _value(value: object) -> str:
    if isinstance(value, float) and pd.isna(value):
        return "default"  # of a setting that was added later: trials leave it out
    return f"{value:g}" if isinstance(value, float) else str(value)


def _problems(row: pd.Series) -> str:
    counts: Sequence[str] = ("diverged", "failed", "interrupted")
    return ", ".join(f"{row[name]} {name}" for name in counts if row[name])
