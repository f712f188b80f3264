"""How often a study of equals has a false verdict on its primary metric, on another, on any; and where trials diverge.

    python benchmarks/validity/studies.py [--draws 2000]

Writes studies.csv, failures.csv and studies.md into results/validity.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd
from draws import SPREADS, chances
from joint import LAWS, RING, correlated, correlations, ring_rows
from studies_page import page

from genbench.report.stats import adjustment, statistics
from genbench.report.stats.outcomes import Family, Outcomes
from genbench.report.stats.pairing import compare
from genbench.report.stats.statistics import LEVEL, Values

SEEDS = (3, 5, 10)
CONTENDERS = (2, 3, 4)
CHANCES = (0.2, 0.5)
"""Of a trial to diverge."""


def main(words: Sequence[str] | None = None) -> None:
    """Simulate and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--draws", type=int, default=2000, help="made-up studies in each row; half where trials diverge"
    )
    parser.add_argument("--out", type=Path, default=Path("results/validity"))
    arguments = parser.parse_args(words)
    started = time.process_time()
    studies = pd.DataFrame([*of_laws(arguments.draws), *of_the_ring(arguments.draws)])
    failures = pd.DataFrame(with_failures(max(arguments.draws // 2, 1)))
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, table in (("studies", studies), ("failures", failures)):
        table.to_csv(arguments.out / f"{name}.csv", index=False, float_format="%.4g")
    minutes = (time.process_time() - started) / 60
    (arguments.out / "studies.md").write_text(page(studies, failures, minutes), encoding="utf-8")


def of_laws(draws: int) -> list[dict[str, object]]:
    """Copies of one method, scored by five metrics of one law and one correlation."""
    rows = []
    for (law, make), (name, matrix), contenders, seeds in product(
        LAWS.items(), correlations().items(), CONTENDERS, SEEDS
    ):
        rng, shape = _rng(law, name, contenders, seeds), (draws, contenders, seeds)
        scores = make(correlated(rng, matrix, shape), correlated(rng, matrix, shape))
        rows.append(_row(law, name, scores, paired=True))
    return rows


def of_the_ring(draws: int) -> list[dict[str, object]]:
    """Copies of the GAN, whose trials are drawn from those that were run."""
    rows = []
    for contenders, seeds, paired in product(CONTENDERS, SEEDS, (True, False)):
        scores = ring_rows(_rng("ring", contenders, seeds, paired), (draws, contenders, seeds))
        rows.append(_row("the GAN's trials", "their own", scores, paired=paired))
    return rows


def _row(law: str, correlation: str, scores: Values, *, paired: bool) -> dict[str, object]:
    """scores: [draws, metrics, contenders, seeds], the primary metric first."""
    least = np.stack([chances(scores[:, number], paired=paired).min(axis=1) for number in range(len(RING))])
    wrong = {
        "primary": least[0] <= LEVEL,
        "secondary": (least[1:] <= LEVEL).any(axis=0),
        "any": (least <= LEVEL).any(axis=0),
        "any_times_metrics": (least * len(RING) <= LEVEL).any(axis=0),
    }
    names = {
        "spread": law,
        "correlation": correlation,
        "contenders": scores.shape[2],
        "seeds": scores.shape[3],
        "test": "paired" if paired else "Welch",
    }
    return {**names, "draws": len(scores), **_rates(wrong)}


def with_failures(draws: int) -> list[dict[str, object]]:
    """Copies of one method of which every trial diverges with a given chance."""
    rows = []
    for law, chance, contenders, seeds in product(("normal", "collapses 1 in 2"), CHANCES, (2, 4), (3, 4, 5, 10)):
        rng = _rng("diverges", law, chance, contenders, seeds)
        scores = SPREADS[law](rng, (draws, contenders, seeds))
        scores[rng.random(scores.shape) < chance] = np.nan
        found = np.array([_judged(study) for study in scores]).T
        wrong = {"verdict": found[0], "of_scored": found[1], "either": found.any(axis=0)}
        names = {"spread": law, "diverge": chance, "contenders": contenders, "seeds": seeds}
        rows.append({**names, "draws": draws, **_rates(wrong)})
    return rows


def _judged(study: Values) -> tuple[bool, bool]:
    """Whether any pair of a study [contenders, seeds], NaN where a trial diverged, is called different: by the verdict,
    and by the seeds with a score alone.
    """
    family = Family(
        dataset="drawn",
        metric="fid",
        better="lower",
        role="primary",
        conditions=("",),
        outcomes={f"copy{number}": {"": _outcomes(scores)} for number, scores in enumerate(study)},
    )
    pairs = [compare(family, a, b, ("",)) for a, b in combinations(family.outcomes, 2)]
    p = (adjustment.adjusted([test(pair) for pair in pairs]) for test in (adjustment.of_results, adjustment.of_scores))
    by_results, by_scores = (any(value <= LEVEL for value in values) for values in p)
    return by_results, by_scores


def _outcomes(scores: Values) -> Outcomes:
    return Outcomes(
        statuses={seed: "diverged" if np.isnan(score) else "finished" for seed, score in enumerate(scores)},
        scores={seed: float(score) for seed, score in enumerate(scores) if not np.isnan(score)},
        starts={seed: str(seed) for seed in range(len(scores))},
        possible=float("nan"),
    )


def _rates(wrong: dict[str, Values]) -> dict[str, float]:
    """The share of studies that are wrong, with its 95 % interval (Wilson)."""
    rates: dict[str, float] = {}
    for name, found in wrong.items():
        interval = statistics.wilson(int(found.sum()), len(found))
        rates |= {name: float(found.mean()), f"{name}_low": interval.low, f"{name}_high": interval.high}
    return rates


def _rng(*name: object) -> np.random.Generator:
    """A separate generator for every row, the same each time."""
    return np.random.default_rng(list(repr(name).encode()))


if __name__ == "__main__":
    main()
