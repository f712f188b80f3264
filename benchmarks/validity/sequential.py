"""How often a study that is looked at after every seed has a false verdict, what it finds, and the seeds that it saves.

    python benchmarks/validity/sequential.py [--draws 1000]

Writes sequential.csv, sequential.png and sequential.md into results/validity.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from draws import SPREADS
from joint import LAWS, correlated, correlations, ring_rows
from looks import KINDS, Found, Procedure, procedures, run, t_tests
from sequential_page import page, picture

from genbench.report.stats import adjustment, sequential, statistics
from genbench.report.stats.outcomes import Family, Outcomes
from genbench.report.stats.pairing import compare
from genbench.report.stats.spending import gaussian_levels, t_levels
from genbench.report.stats.statistics import LEVEL, Values

CAPS = (8, 12)
EFFECTS = (0.5, 1.0, 2.0, 3.0, 5.0)
CHANCES = (0.2, 0.5)
"""Of a trial to diverge."""
OF_SEVERAL = ("fixed", "obrien-fleming", "quadratic", "pocock", "e-process")
"""The procedures that are tried on several metrics."""


def main(words: Sequence[str] | None = None) -> None:
    """Simulate and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--draws", type=int, default=1000, help="made-up studies in each row; a quarter where they diverge"
    )
    parser.add_argument("--out", type=Path, default=Path("results/validity"))
    arguments = parser.parse_args(words)
    draws, started = arguments.draws, time.process_time()
    found = pd.DataFrame(
        [
            *of_levels(50 * draws),
            *of_one_metric(draws),
            *of_several(draws),
            *with_failures(max(draws // 4, 1)),
            *what_is_found(draws),
        ]
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    found.to_csv(arguments.out / "sequential.csv", index=False, float_format="%.4g")
    picture(found, arguments.out / "sequential.png")
    minutes = (time.process_time() - started) / 60
    (arguments.out / "sequential.md").write_text(page(found, draws, minutes), encoding="utf-8")


def of_levels(draws: int) -> list[dict[str, object]]:
    """Normal values whose mean is 0, and their t test alone, at the levels of Gaussian looks and at those of t."""
    rows = []
    for cap, kind in product(CAPS, KINDS):
        looks = tuple(range(3, cap + 1))
        p = t_tests(_rng("levels", cap).standard_normal((draws, cap)), looks)
        for levels in (gaussian_levels, t_levels):
            wrong = (p <= np.array(levels(looks, kind, LEVEL))).any(axis=1)
            named = _named("levels", "normal", 1, cap, kind, test=levels.__name__)
            rows.append({**named, **_false(wrong)})
    return rows


def of_one_metric(draws: int) -> list[dict[str, object]]:
    """Copies of one method: any pair that is called different at any look is an error."""
    rows = []
    for name, contenders, cap, paired in product(SPREADS, (2, 4), CAPS, (True, False)):
        studies = SPREADS[name](_rng(name, contenders, cap, paired), (draws, 1, contenders, cap))
        for kind, procedure in procedures(cap).items():
            found = run(studies, procedure, paired=paired)
            named = _named("copies", name, contenders, cap, kind, test="paired" if paired else "Welch")
            rows.append({**named, **_false(found.different.any(axis=1))})
    return rows


def of_several(draws: int) -> list[dict[str, object]]:
    """Copies of one method on five metrics, every pair on each of them a claim: any that is decided is an error."""
    rows = []
    for (name, correlation), contenders in product(
        [*product(LAWS, correlations()), ("the GAN's trials", "its own")], (2, 3)
    ):
        cap, rng = CAPS[-1], _rng(name, correlation, contenders)
        shape = (draws, contenders, cap)
        if name in LAWS:
            matrix = correlations()[correlation]
            studies = LAWS[name](correlated(rng, matrix, shape), correlated(rng, matrix, shape))
        else:
            studies = ring_rows(rng, shape)
        for kind in OF_SEVERAL:
            found = run(studies, procedures(cap)[kind], paired=True)
            named = _named("copies, five metrics", name, contenders, cap, kind, correlation=correlation)
            rows.append({**named, **_false(found.different.any(axis=1))})
    return rows


def what_is_found(draws: int) -> list[dict[str, object]]:
    """Contenders of which each is better than the next by one step: the share of the comparisons that are decided
    rightly, and the seeds that it took.
    """
    rows = []
    for contenders, cap, effect in product((2, 4), CAPS, EFFECTS):
        studies = SPREADS["normal"](_rng("ladder", contenders, cap, effect), (max(draws // 2, 1), 1, contenders, cap))
        studies -= effect * np.arange(contenders)[:, None]
        for kind, procedure in procedures(cap).items():
            found = run(studies, procedure, paired=True)
            named = _named("a ladder", "normal", contenders, cap, kind, effect=effect)
            rows.append({**named, **_power(found, procedure)})
    return rows


def with_failures(draws: int) -> list[dict[str, object]]:
    """Copies of one method of which every trial diverges with a given chance, judged by the code that judges real
    ones.
    """
    rows = []
    for name, chance, contenders in product(("normal", "collapses 1 in 2"), CHANCES, (2, 3)):
        rng, cap = _rng("diverges", name, chance, contenders), CAPS[0]
        scores = SPREADS[name](rng, (draws, contenders, cap))
        scores[rng.random(scores.shape) < chance] = np.nan
        wrong = np.array([_is_decided(study, sequential.design(cap)) for study in scores])
        named = _named("copies that diverge", name, contenders, cap, sequential.SPENDING, diverge=chance)
        rows.append({**named, **_false(wrong)})
    return rows


def _is_decided(study: Values, design: sequential.Design) -> bool:
    """Whether any pair of a study [contenders, seeds], NaN where a trial diverged, is decided at any look."""
    opened = list(combinations([f"copy{number}" for number in range(len(study))], 2))
    for look, seeds in enumerate(design.looks):
        family = Family(
            dataset="drawn",
            metric="fid",
            better="lower",
            role="primary",
            conditions=("",),
            outcomes={f"copy{number}": {"": _outcomes(scores[:seeds])} for number, scores in enumerate(study)},
        )
        p = adjustment.adjusted([adjustment.of_results(compare(family, a, b, ("",))) for a, b in opened])
        if any(value <= design.level(look, len(opened)) for value in p):
            return True
    return False


def _outcomes(scores: Values) -> Outcomes:
    return Outcomes(
        statuses={seed: "diverged" if np.isnan(score) else "finished" for seed, score in enumerate(scores)},
        scores={seed: float(score) for seed, score in enumerate(scores) if not np.isnan(score)},
        starts={seed: str(seed) for seed in range(len(scores))},
        possible=float("nan"),
    )


def _named(question: str, spread: str, contenders: int, cap: int, procedure: str, **more: object) -> dict[str, object]:
    names = {"question": question, "spread": spread, "contenders": contenders, "cap": cap, "procedure": procedure}
    return {**names, "test": "paired", **more}


def _false(wrong: Any) -> dict[str, object]:
    """The share of studies that are wrong, with its 95 % interval (Wilson)."""
    interval = statistics.wilson(int(wrong.sum()), len(wrong))
    return {"draws": len(wrong), "rate": wrong.mean(), "low": interval.low, "high": interval.high}


def _power(found: Found, procedure: Procedure) -> dict[str, object]:
    """The share of comparisons that are decided, with the 95 % interval of as many studies, and the seeds."""
    decided = found.different.mean()
    interval = statistics.wilson(round(float(decided * len(found.seeds))), len(found.seeds))
    cap = procedure.looks[-1]
    return {
        "draws": len(found.seeds),
        "rate": decided,
        "low": interval.low,
        "high": interval.high,
        "seeds": found.seeds.mean(),
        "saved": 1 - found.seeds.mean() / cap,
    }


def _rng(*name: object) -> np.random.Generator:
    """A separate generator for every row, the same each time."""
    return np.random.default_rng(list(repr(name).encode()))


if __name__ == "__main__":
    main()
