"""Where the spread of scores comes from: initial weights, the order of the data, the noise of training, the latents of
the samples.
"""

from __future__ import annotations

import math

import pandas as pd

from genbench.report.stats import columns, contenders
from genbench.report.table import Table

SOURCES = {"init": "initial weights", "data": "order of the data", "noise": "noise of training"}
"""Settings `seeds.*` to what each draws."""
LATENTS = "@seed"
"""In the name of a number that other latents than the trial's own gave."""


def own(records: pd.DataFrame) -> pd.DataFrame:
    """The records of trials whose seed draws everything, where a study has such; and no numbers but those of the
    trial's own latents.
    """
    kept = records
    columns = [f"settings.seeds.{name}" for name in SOURCES if f"settings.seeds.{name}" in records]
    alone = records[columns].isna().all(axis=1)
    if alone.any():
        kept = records[alone]
    names = kept["metrics"].map(lambda listed: ",".join(name for name in listed.split(",") if LATENTS not in name))
    return kept.assign(metrics=names).reset_index(drop=True)


def spread(records: pd.DataFrame) -> Table | None:
    """The standard deviation of every metric when all sources of randomness vary, and when one does; None where a study
    never varies only one.
    """
    if not any(
        LATENTS in name or (name.startswith("settings.seeds.") and records[name].notna().any())
        for name in map(str, records.columns)
    ):
        return None
    done = records[records["status"] == "finished"].assign(label=contenders.labels(records))
    rows, data = [], []
    for (dataset, label), trials in done.groupby(["dataset", "label"], sort=False):
        for metric in [name for name in columns.metric_names(trials) if LATENTS not in name]:
            found = _sources(trials, metric)
            if len(found) < 2:
                continue
            together = found.get("everything", (math.nan, 0))[0]
            shown = {
                source: _said(sd, count, together if source != "everything" else math.nan)
                for source, (sd, count) in found.items()
            }
            rows.append({"data set": dataset, "method": label, "metric": metric, **shown})
            data.append(
                {"dataset": dataset, "method": label, "metric": metric}
                | {
                    f"{source}_{what}": value
                    for source, pair in found.items()
                    for what, value in zip(("sd", "n"), pair, strict=True)
                }
            )
    if not rows:
        return None
    frame = pd.DataFrame(rows).fillna("–")
    return Table(
        name="lottery",
        title="Where the spread comes from",
        caption=(
            "Standard deviation of a score (number of values), and the share of the variance of everything together."
            " Everything: another training seed. One source: only that was drawn again, the others are those of one"
            " seed. Latents: the same generators, other samples; the mean over trials."
        ),
        shown=frame.drop(columns="data set") if frame["data set"].nunique() == 1 else frame,
        data=pd.DataFrame(data),
        numbers=frozenset({"everything", "latents", *SOURCES.values()}),
    )


def _sources(trials: pd.DataFrame, metric: str) -> dict[str, tuple[float, int]]:
    """What was drawn again to the standard deviation of the metric and the number of values; sources that were not
    varied are left out.
    """
    columns = {name: f"settings.seeds.{name}" for name in SOURCES if f"settings.seeds.{name}" in trials}
    alone = trials[trials[list(columns.values())].isna().all(axis=1)]
    found = {"everything": (alone[metric].std(ddof=1), int(alone[metric].notna().sum()))} if len(alone) > 1 else {}
    for name, column in columns.items():
        others = [other for other in columns.values() if other != column]
        drawn = trials[trials[column].notna() & trials[others].isna().all(axis=1)]
        if drawn.empty:
            continue
        values = pd.concat([drawn, alone[alone["seed"].isin(drawn["seed"])]])[metric].dropna()
        found[SOURCES[name]] = (values.std(ddof=1), len(values))
    again = [column for column in map(str, trials.columns) if column.startswith(f"{metric}{LATENTS}")]
    within = alone[[metric, *again]].dropna()
    if again and len(within):
        found["latents"] = (math.sqrt(within.var(axis=1, ddof=1).mean()), within.size)
    return found


def _said(sd: float, count: int, together: float) -> str:
    share = f", {100 * sd**2 / together**2:.0f} %" if together > 0 else ""
    return f"{sd:.3g} ({count}{share})" if not math.isnan(sd) else "–"
