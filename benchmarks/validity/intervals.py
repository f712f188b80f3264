"""What the intervals beside verdicts hold: made-up studies whose true differences are known.

    python benchmarks/validity/intervals.py [--draws 500]

Writes results/validity/: intervals.csv, intervals.md.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from draws import SPREADS

from genbench.report.stats import adjustment, hypotheses, intervals
from genbench.report.stats.adjustment import Test
from genbench.report.stats.intervals import Decided
from genbench.report.stats.outcomes import Family, Outcomes
from genbench.report.stats.pairing import compare
from genbench.report.stats.statistics import LEVEL, Values, wilson

SEEDS = (3, 5, 10)
DESIGNS: dict[str, tuple[str, tuple[float, ...]]] = {
    "2 equal": ("normal", (0, 0)),
    "4 equal": ("normal", (0, 0, 0, 0)),
    "3 equal, 1 far away": ("normal", (0, 0, 0, 100)),
    "4 apart: 0, 1, 2, 4 sd": ("normal", (0, 1, 2, 4)),
    "4 far apart": ("normal", (0, 100, 200, 300)),
    "4 equal, collapses 1 in 2": ("collapses 1 in 2", (0, 0, 0, 0)),
}
"""Name to a law of draws.py and the mean of each contender, in standard deviations over seeds of normal values."""
PAGE = """# What the intervals beside verdicts hold

    python benchmarks/validity/intervals.py

Made-up studies with one metric and unpaired seeds, {draws:,} in each row, by the code that makes the intervals of
reports, `genbench.report.stats.intervals`; shares in %, with 95 % Wilson intervals in [intervals.csv](intervals.csv).
{minutes:.1f} minutes of CPU.

An interval beside a verdict excludes 0 where the word is *better* or *worse* and nowhere else. *together*: studies in
which all intervals hold the true differences. *each*: single intervals that do. *wrong*: studies in which an interval
excludes 0 between equals, or on the wrong side. *later*: verdicts that only a later step of Holm's procedure finds,
whose intervals are not Bonferroni's.

{table}

{worst} By theory only Bonferroni's are sure to; of those of later
steps it is sure that none excludes 0 wrongly more often than the verdicts do.
"""


def main(words: Sequence[str] | None = None) -> None:
    """Simulate and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--out", type=Path, default=Path("results/validity"))
    arguments = parser.parse_args(words)
    started = time.process_time()
    found = pd.DataFrame(
        [row(name, law, means, seeds, arguments.draws) for name, (law, means) in DESIGNS.items() for seeds in SEEDS]
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    found.to_csv(arguments.out / "intervals.csv", index=False, float_format="%.4g")
    minutes = (time.process_time() - started) / 60
    (arguments.out / "intervals.md").write_text(page(found, arguments.draws, minutes), encoding="utf-8")


def row(name: str, law: str, means: Sequence[float], seeds: int, draws: int) -> dict[str, object]:
    """What intervals hold in studies of one design."""
    rng = np.random.default_rng([*name.encode(), seeds])
    counts = {"together": 0, "wrong": 0}
    each = compared = later = 0
    for _ in range(draws):
        values = SPREADS[law](rng, (len(means), seeds)) + np.array(means, dtype=float)[:, None]
        held, wrong = [], []
        found, bonferroni = shown(family(values))
        for test, one in found:
            truth = means[int(test.pair.a)] - means[int(test.pair.b)]
            held.append(one.low <= truth <= one.high)
            wrong.append(one.low > 0 >= truth or one.high < 0 <= truth)
            later += one.level > bonferroni * 1.001
        counts["together"] += all(held)
        counts["wrong"] += any(wrong)
        each, compared = each + sum(held), compared + len(held)
    said: dict[str, object] = {"contenders": name, "law": law, "seeds": seeds, "draws": draws}
    for key, count in counts.items():
        low, high = wilson(count, draws)
        said |= {key: count / draws, f"{key}_low": low, f"{key}_high": high}
    return said | {"each": each / max(compared, 1), "later": later / max(compared, 1)}


def shown(outcomes: Family) -> tuple[list[tuple[Test, Decided]], float]:
    """The intervals that a report shows beside its verdicts on all pairs, and the level of Bonferroni's."""
    pairs = [compare(outcomes, a, b, outcomes.conditions) for a, b in combinations(outcomes.outcomes, 2)]
    tests = [adjustment.of_results(pair) for pair in pairs]
    steps = hypotheses.holm_levels([test.p for test in tests], LEVEL)
    bonferroni = LEVEL / len(pairs)
    found = [
        (test, intervals.deciding(test, bonferroni=bonferroni, step=step, is_decided=p <= LEVEL))
        for test, p, step in zip(tests, adjustment.adjusted(tests), steps, strict=True)
    ]
    return [(test, one) for test, one in found if not math.isnan(one.low)], bonferroni


def family(values: Values) -> Family:
    """The outcomes of unpaired seeds, [contenders, seeds]; contenders are called by their number."""
    outcomes = {
        str(number): {
            "": Outcomes(
                statuses=dict.fromkeys(range(len(row)), "finished"),
                scores=dict(enumerate(map(float, row))),
                starts=dict.fromkeys(range(len(row)), ""),
                possible=math.nan,
            )
        }
        for number, row in enumerate(values)
    }
    return Family(dataset="drawn", metric="drawn", better="higher", role="primary", conditions=("",), outcomes=outcomes)


def page(found: pd.DataFrame, draws: int, minutes: float) -> str:
    """intervals.md: what came out, and what that means."""
    heads = ["contenders", "seeds", "together", "each", "wrong", "later"]
    lines = ["| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|"]
    for one in found.to_dict("records"):
        shares = [f"{100 * one[name]:.1f}" for name in heads[2:]]
        lines.append(f"| {one['contenders']} | {one['seeds']} | {' | '.join(shares)} |")
    least = found.sort_values("together").iloc[0]
    below = int((found["together_high"] < 1 - LEVEL).sum())
    worst = (
        f"All intervals of a study hold together least often for {least['contenders']} and {least['seeds']} seeds, in"
        f" {100 * least['together']:.1f} [{100 * least['together_low']:.1f}, {100 * least['together_high']:.1f}] %;"
        f" {below or 'none'} of the {len(found)} rows {'lie' if below > 1 else 'lies'} below 95 % by more than chance."
    )
    return PAGE.format(draws=draws, minutes=minutes, table="\n".join(lines), worst=worst)


if __name__ == "__main__":
    main()
