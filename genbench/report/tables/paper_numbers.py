"""A paper's numbers beside the measured ones, with what differs in how they were made."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from genbench.report.table import Table
from genbench.report.tables import summary
from genbench.trial.about import PublishedNumbers


def beside(published: PublishedNumbers, records: pd.DataFrame, metrics: Sequence[str]) -> Table | None:
    """A row for each published number and each way in which it was measured here; None when a paper has none.

    published: `protocol`, how the paper made its numbers, and `numbers`, each with method, dataset, metric, mean, sd,
    n, where, condition. records: with `label`, numbers under different protocols in separate columns; metrics: the
    names of those columns.
    """
    rows, data = [], []
    for number in published["numbers"]:
        own = records[
            (records["label"] == number["method"])
            & (records["dataset"] == number["dataset"])
            & (records["status"] == "finished")
        ]
        for key, value in number["condition"].items():
            column = key if key in own else f"settings.{key}"
            own = own[own[column].map(str) == str(value)] if column in own else own.iloc[:0]
        columns = [name for name in metrics if name.partition(" ")[0] == number["metric"] and own[name].notna().any()]
        for column in columns or [number["metric"]]:
            values = own[column].dropna() if column in own else pd.Series(dtype=float)
            n = number["n"]
            measured = {"mean": values.mean(), "sd": values.std(ddof=1), "n": len(values)}
            condition = ", ".join(f"{key.rpartition('.')[2]}={value}" for key, value in number["condition"].items())
            names = {
                "data set": number["dataset"],
                "method": number["method"],
                "condition": condition,
                "metric": column,
            }
            paper = summary.mean_and_sd(number["mean"], _or_missing(number["sd"])) + (f" ({n})" if n else "")
            here = (
                f"{summary.mean_and_sd(measured['mean'], measured['sd'])} ({len(values)})"
                if len(values)
                else "not measured"
            )
            rows.append({**names, "paper": paper, "here": here, "where": number["where"]})
            data.append(
                {
                    **names,
                    **{f"paper_{name}": number[name] for name in ("mean", "sd", "n", "where")},
                    **{f"here_{name}": it for name, it in measured.items()},
                }
            )
    if not rows:
        return None
    frame = pd.DataFrame(rows)
    return Table(
        name="published",
        title="The paper's numbers beside these",
        caption=(
            "Mean ± sd (trained networks). The two were not made in the same way. The paper:"
            f" {published['protocol'].rstrip('.')}. Here: {_measured(records)}."
        ),
        shown=frame.drop(columns=[name for name in ("condition",) if not frame[name].any()]),
        data=pd.DataFrame(data),
        numbers=frozenset({"paper", "here"}),
    )


def _measured(records: pd.DataFrame) -> str:
    """How the numbers here were made, in one sentence."""
    words = {
        "generated_images": "{} samples",
        "real_images": "against {} real ones",
        "split": "split {}",
        "extractor": "features of {}",
        "checkpoint": "{} checkpoint",
    }
    found = []
    for field, text in words.items():
        columns = [
            name for name in records.columns if name.startswith("protocols.") and name.rpartition(".")[2] == field
        ]
        values = dict.fromkeys(
            str(value).removesuffix(".0")
            for name in columns
            for value in records[name].dropna()
            if value not in ("", 0)
        )
        if values:
            found.append(text.format(" or ".join(values)))
    updates = sorted({int(value) for value in records["updates"]})
    budget = f"{updates[0]:,}" if len(updates) == 1 else f"{updates[0]:,} to {updates[-1]:,}"
    return ", ".join([f"{budget} updates", *found, "the protocol in full is below"])


def _or_missing(value: float | None) -> float:
    return float("nan") if value is None else value
