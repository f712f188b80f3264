"""The page and the picture about studies that are looked at while their seeds come in."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

SHOWN = {
    "fixed": ("fixed", "#000000", "-"),
    "obrien-fleming": ("O'Brien-Fleming", "#0072B2", "-"),
    "quadratic": ("quadratic", "#009E73", "-"),
    "quadratic, every second seed": ("quadratic, every second seed", "#009E73", ":"),
    "pocock": ("Pocock", "#E69F00", "-"),
    "e-process": ("e-process", "#D55E00", "--"),
    "every look at 5 %": ("every look at 5 %", "#999999", ":"),
}
"""Procedure to its name, colour (Okabe and Ito's) and line."""
LIMIT = 0.05


def picture(found: pd.DataFrame, path: Path) -> None:
    """What procedures find and what they save, against the size of the difference."""
    ladder = found[(found["question"] == "a ladder") & (found["cap"] == found["cap"].max())]
    figure, axes = plt.subplots(2, 2, figsize=(9, 6.4), sharex=True, sharey="row", layout="constrained")
    for column, (contenders, own) in enumerate(ladder.groupby("contenders")):
        for row, number in enumerate(("rate", "seeds")):
            axis = axes[row, column]
            for name, (label, colour, style) in SHOWN.items():
                line = own[own["procedure"] == name]
                if name != "every look at 5 %":
                    axis.plot(
                        line["effect"], line[number], style, color=colour, marker="o", markersize=3.5, label=label
                    )
            axis.spines[["top", "right"]].set_visible(False)
            axis.set_ylim(0, 1.03 if number == "rate" else None)
        axes[0, column].set_title(f"{contenders} contenders, each better than the next", fontsize="medium")
    axes[0, 0].set_ylabel("share of comparisons decided")
    axes[1, 0].set_ylabel("seeds of a contender, mean")
    figure.supxlabel("step between two neighbours, in standard deviations over seeds", fontsize="medium")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize=8)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def page(found: pd.DataFrame, draws: int, minutes: float) -> str:
    """sequential.md: what was asked, what came out, and what was chosen."""
    own = found[found["procedure"] == "obrien-fleming"]
    false, ladder = own[own["question"].str.startswith("copies")], found[found["question"] == "a ladder"]
    return f"""# Studies that run until they are answered

    python benchmarks/validity/sequential.py

`genbench run STUDY --until-decided` looks at a study after every seed and stops when its claims are decided. Who \
looks ten times at 5 % is wrong more often than in 5 %.
{minutes:.0f} minutes of CPU ask how often, and which correction costs least at few seeds: {len(found):,} rows of \
{draws:,} made-up studies (half for what is found, a quarter where trials
diverge), each with its 95 % Wilson interval in [sequential.csv](sequential.csv).

## The procedures

A look after 3 seeds of every contender and after each one more, up to a cap. A contender of which nothing is open \
gets no more seeds.

- *O'Brien-Fleming*, *quadratic*, *Pocock*: group-sequential. Lan and DeMets' spending functions say how much of the \
5 % is used up by each look: almost nothing at first, the square of the
  share of seeds, or nearly evenly. The p of the same tests as ever, after Holm's adjustment over what is still open, \
is held to the level of the look, and the permutation tests have to agree at it.
- *e-process*: anytime-valid. The likelihood ratio of a normal mixture of standardised paired differences against \
none, which decides at 20 times the number of open comparisons; it needs no cap.
- *fixed*: one look, at the cap. *every look at 5 %*: what one must not do.

**Levels for t.** The textbook's levels are those of means with a known spread. Of 3, 4, 5, … values t is another \
matter: at these levels {_gaussian(found, "gaussian_levels")} of normal studies are called different by the t test \
alone, not 5 %. The levels here
are t's own ({_gaussian(found, "t_levels")}): t is the tangent of an angle that changes, with one \
value more, by a law that does not know the spread, so that the chance to pass a bound first at some look is a \
recursion in one dimension
(`genbench.report.stats.spending.t_levels`).

## A method against itself

Share of studies, in %, in which any pair is called different at any look; the mean over all spreads (those of \
[the page of one look](README.md)), and the highest. {_claim(false)}

{_false_alarms(found)}

By spread, O'Brien-Fleming, up to {found["cap"].max()} seeds:

{_by_spread(own)}

### Five metrics

Every pair on every metric is a claim, all in one family: 5 claims with 2 contenders, 15 with 3; up to \
{found["cap"].max()} seeds. O'Brien-Fleming, in %:

{_of_several(own)}

### Trials that diverge

Up to {found["cap"].min()} seeds, by the code that judges real ones. O'Brien-Fleming, in %:

{_of_failures(own)}

## What is found, and at what price

Each contender is better than the next by a step, in standard deviations over seeds; normal values. *decided*: the \
share of comparisons that were, in %. *seeds*: those of a contender, the mean.

![What is found, and the seeds it took](sequential.png)

{_ladders(ladder)}

## What was chosen

{_choice(ladder)}
"""


def _gaussian(found: pd.DataFrame, levels: str) -> str:
    own = found[(found["question"] == "levels") & (found["test"] == levels)]["rate"]
    return f"{_percent(own.min())} to {_percent(own.max())} %"


def _claim(false: pd.DataFrame) -> str:
    over = false[false["low"] > LIMIT]
    worst = false.sort_values("rate").iloc[-1]
    named = f"{_interval(worst)} ({worst['spread']}, {worst['contenders']} contenders, {worst['test']})"
    if over.empty:
        return (
            f"With O'Brien-Fleming's spending in none of the {len(false)} rows, those of several metrics and of trials"
            f" that diverge among them, does the interval lie above 5 %; the highest is {named}."
        )
    return (
        f"**With O'Brien-Fleming's spending the interval lies above 5 % in {len(over)} of {len(false)} rows**: {named}."
    )


def _false_alarms(found: pd.DataFrame) -> str:
    rows, copies = [], found[found["question"] == "copies"]
    groups = [
        (contenders, cap) for contenders in sorted(set(copies["contenders"])) for cap in sorted(set(copies["cap"]))
    ]
    for name, (label, _, _) in SHOWN.items():
        cells = []
        for contenders, cap in groups:
            own = copies[(copies["contenders"] == contenders) & (copies["cap"] == cap) & (copies["procedure"] == name)]
            cells.append(f"{_percent(own['rate'].mean())}, {_percent(own['rate'].max())}")
        rows.append([label, *cells])
    return _markdown(["", *(f"{contenders} contenders, ≤ {cap} seeds" for contenders, cap in groups)], rows)


def _by_spread(own: pd.DataFrame) -> str:
    copies = own[(own["question"] == "copies") & (own["cap"] == own["cap"].max())]
    rows = [
        [str(name), *(_interval(row) for _, row in of_spread.sort_values(["contenders", "test"]).iterrows())]
        for name, of_spread in copies.groupby("spread", sort=False)
    ]
    return _markdown(["spread", "2, Welch", "2, paired", "4, Welch", "4, paired"], rows)


def _of_several(own: pd.DataFrame) -> str:
    several = own[own["question"] == "copies, five metrics"]
    rows = [
        [str(spread), str(correlation), *(_interval(row) for _, row in few.sort_values("contenders").iterrows())]
        for (spread, correlation), few in several.groupby(["spread", "correlation"], sort=False)
    ]
    return _markdown(["spread", "correlation", "2 contenders", "3 contenders"], rows)


def _of_failures(own: pd.DataFrame) -> str:
    failures = own[own["question"] == "copies that diverge"]
    rows = [
        [str(spread), f"{chance:g}", *(_interval(row) for _, row in few.sort_values("contenders").iterrows())]
        for (spread, chance), few in failures.groupby(["spread", "diverge"], sort=False)
    ]
    return _markdown(["spread", "chance", "2 contenders", "3 contenders"], rows)


def _ladders(ladder: pd.DataFrame) -> str:
    effects = sorted(set(ladder["effect"]))
    rows = []
    for (contenders, cap), own in ladder.groupby(["contenders", "cap"]):
        for name, (label, _, _) in SHOWN.items():
            line = own[own["procedure"] == name].sort_values("effect")
            cells = [f"{100 * row['rate']:.0f}, {row['seeds']:.1f}" for _, row in line.iterrows()]
            rows.append([str(contenders), str(cap), label, *cells])
    return _markdown(["contenders", "cap", "procedure", *(f"{effect:g} sd" for effect in effects)], rows)


def _choice(ladder: pd.DataFrame) -> str:
    """The loss against the fixed design and the seeds saved, in words."""
    table = ladder.pivot(index=["contenders", "cap", "effect"], columns="procedure", values="rate")
    saved = ladder.pivot(index=["contenders", "cap", "effect"], columns="procedure", values="saved")
    loss = {name: 100 * (table["fixed"] - table[name]).max() for name in SHOWN}
    clear = {name: 100 * saved[name][saved.index.get_level_values("effect") >= 2].mean() for name in SHOWN}
    compared = "; ".join(
        f"{SHOWN[name][0]} {loss[name]:.0f} points and {clear[name]:.0f} %"
        for name in ("quadratic", "pocock", "e-process")
    )
    return f"""**O'Brien-Fleming-like spending.** At its worst it finds {loss["obrien-fleming"]:.0f} points less than \
the fixed design at the cap, and where neighbours are two standard deviations apart or more it
saves {clear["obrien-fleming"]:.0f} % of the seeds. The others, in the same two numbers: {compared}. A study that \
reaches its cap undecided has spent all its seeds for nothing, and a look at three
seeds is where a metric with two outcomes deceives most: so little is spent there. The e-process pays for its right \
to go on for ever, which a study with a cap does not need."""


def _interval(row: pd.Series) -> str:
    return f"{_percent(row['rate'])} [{_percent(row['low'])}, {_percent(row['high'])}]"


def _markdown(columns: list[str], rows: list[list[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
