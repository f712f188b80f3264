"""The page and the picture about how far genbench's verdicts can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

COLOURS = {3: "#D55E00", 5: "#0072B2", 10: "#009E73"}
"""Of the numbers of seeds: Okabe and Ito's, told apart by the colour-blind."""
LINES = {"Welch": "-", "paired": "--", "paired, half shared": ":"}


def picture(power: pd.DataFrame, path: Path) -> None:
    """The chance to find a difference against its size, a line for each number of seeds and design."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
    for axis, (contenders, own) in zip(axes, power.groupby("contenders"), strict=True):
        for seeds, design in product(COLOURS, LINES):
            line = own[(own["seeds"] == seeds) & (own["design"] == design)]
            axis.plot(
                line["effect"],
                line["power"],
                LINES[design],
                color=COLOURS[seeds],
                marker="o",
                markersize=3.5,
                label=f"{seeds} seeds, {design}",
            )
        axis.axhline(0.8, color="grey", linewidth=0.7)
        axis.set(title=f"{contenders} contenders", ylim=(0, 1.02))
        axis.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("difference, in standard deviations over seeds", fontsize="medium")
    axes[0].set_ylabel("share of comparisons that find it")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def page(
    nulls: pd.DataFrame,
    power: pd.DataFrame,
    coverage: pd.DataFrame,
    checked: Mapping[str, int],
    draws: int,
    minutes: float,
) -> str:
    """README.md: what was asked, what came out, and what that means."""
    itself = nulls[nulls["question"] == "a method against itself"]
    over = itself[itself["low"] > 0.05]
    worst = itself.sort_values("rate").iloc[-1]
    return f"""# How far the verdicts can be trusted

    python benchmarks/validity/null.py

Made-up studies whose truth is known, judged by the code that judges real ones (`genbench.report.stats.statistics`). \
{minutes:.0f} minutes of CPU on
2 cores of a shared AMD EPYC. Every rate is of {draws:,} studies, that of power of {checked["studies"]:,}, and stands \
with its 95 % Wilson
interval in [null.csv](null.csv), [power.csv](power.csv) and [coverage.csv](coverage.csv). This page is about one \
metric, as the primary one of a study is; what that promises of a
study with several, and where trials diverge, is on [a page of its own](studies.md), \
and so is [a study that is looked at while its seeds come in](sequential.md).

## The procedure

A t test on the seeds decides, at 5 %: on the differences of a seed where both contenders share data order and \
initial weights, else Welch's.
Holm's adjustment covers all pairs of a metric, on all data sets. A permutation test has to agree: with more than one \
comparison the joint one, that the
contenders are not all alike; with a single one its own, where that has room (eight pairs, five against five). Where \
a number has no spread
at all there is no t, and p is 2/4^n: the largest chance with which one law of two outcomes gives n seeds of one \
contender the first and n
of the other the second.

Why not only permutation tests: the smallest p of three paired seeds is 2/2³ = 0.25, of five 0.0625; of three \
against three 0.1. They could
never say anything. Why not only t tests with Holm's adjustment: three seeds of two copies of a method that \
collapses in every other trial may
fall apart, with a t that no adjustment holds back, and among many copies some do. Studies of copies called different \
by only these, in %:

{_grid(nulls[nulls["question"].str.contains("Holm")], "spread")}

## A method against itself is called different in at most 5 % of studies

Share of studies, in %, in which any pair of copies of one method is called *better* or *worse*. \
{_claim(over, len(itself))}
The highest of the {len(itself)} is {_percent(worst["rate"])} [{_percent(worst["low"])}, {_percent(worst["high"])}] \
({worst["spread"]}, {worst["contenders"]} \
contenders, {worst["seeds"]} seeds, {worst["test"]}).
Of rows whose true rate is 5 %, as where normal values are paired, one in 40 lies above by chance.

{_grid(itself, "spread")}

Through records and `genbench.report.stats.judgement`, {checked["studies"]:,} studies of two copies and five paired \
seeds: \
{checked["different"]} say different, and in
{checked["agreed"]:,} the p is the one that only the arrays give.

With a verdict for every condition, or every data set \
({nulls[nulls["question"].str.contains("conditions")]["draws"].sum():,} studies), \
any of the pairs under any of 4:

{_grid(nulls[nulls["question"].str.contains("conditions")], "spread")}

## What it does not protect from

Equal contenders beside a far better one: that not all are alike is then true, and Holm's adjustment is left with \
the copies. With
three seeds of a metric that falls into either of two modes every other time it does not hold 5 %; with five it does.

{_grid(nulls[nulls["question"].str.contains("beside")], "spread")}

Equal means, different spreads: a verdict is about means, and no relabelling answers for contenders that are alike in \
nothing else. With these
two laws Welch's test stays near 5 %; how little few seeds of a skewed metric say about its mean is in the last table.

{_grid(nulls[nulls["question"].str.contains("unlike")], "spread")}

## What is found

Share of comparisons, in %, between one better contender and equal others that say so; the difference is in standard \
deviations over seeds,
values are normal. *half shared*: half of the variance is the seed's own luck, the same for all contenders; without \
any such luck, pairing costs
degrees of freedom and gives nothing back.

![Power](power.png)

{_powers(power)}

## What the intervals cover

Share, in %, of 95 % intervals of means that hold the true one; those of differences, beside verdicts, have
[a page of their own](intervals.md). The bootstrap never looks beyond the values that were seen: \
of three seeds it covers far
too little, and it is not what verdicts use. On skewed metrics neither holds its promise.

{_coverages(coverage)}
"""


def _claim(over: pd.DataFrame, total: int) -> str:
    if over.empty:
        return f"In none of the {total} rows does the interval lie above 5 %."
    named = ", ".join(
        f"{row['spread']} with {row['contenders']} contenders and {row['seeds']} seeds ({row['test']})"
        for row in over.to_dict("records")
    )
    return f"**In {len(over)} of the {total} rows the interval lies above 5 %: {named}.**"


def _grid(rows: pd.DataFrame, by: str) -> str:
    """Rates in %, a row per spread and a column per design."""
    rows = rows.assign(
        design=rows["contenders"].astype(str) + " × " + rows["seeds"].astype(str) + " " + rows["test"],
        shown=rows["rate"].map(_percent),
    )
    order = list(dict.fromkeys(rows.sort_values(["contenders", "seeds", "test"])["design"]))
    table = rows.pivot(index=by, columns="design", values="shown").loc[list(dict.fromkeys(rows[by])), order]
    return _markdown(
        [by, *order], [[name, *values] for name, values in zip(table.index, table.to_numpy().tolist(), strict=True)]
    )


def _powers(power: pd.DataFrame) -> str:
    rows = power.assign(shown=power["power"].map(_percent))
    table = rows.pivot(index=["contenders", "seeds", "design"], columns="effect", values="shown")
    effects = [f"{effect:g} sd" for effect in table.columns]
    return _markdown(
        ["contenders", "seeds", "test", *effects],
        [[*map(str, name), *values] for name, values in zip(table.index, table.to_numpy().tolist(), strict=True)],
    )


def _coverages(coverage: pd.DataFrame) -> str:
    rows = coverage.assign(
        column=coverage["interval"] + ", " + coverage["seeds"].astype(str) + " seeds",
        shown=coverage["coverage"].map(_percent),
    )
    order = list(dict.fromkeys(rows.sort_values(["interval", "seeds"], ascending=[False, True])["column"]))
    table = rows.pivot(index="spread", columns="column", values="shown").loc[list(dict.fromkeys(rows["spread"])), order]
    return _markdown(
        ["spread", *order],
        [[name, *values] for name, values in zip(table.index, table.to_numpy().tolist(), strict=True)],
    )


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
