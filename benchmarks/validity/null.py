"""How often genbench's verdicts call equal things different, how often they find what is there, and what their
intervals cover.

    python benchmarks/validity/null.py [--draws 4000]

Writes results/validity/: null.csv, power.csv, power.png, coverage.csv, README.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from draws import SPREADS, Draw, decide, different, lognormal, normal, shared
from page import page, picture

from genbench.report.stats import judgement, statistics
from genbench.report.stats.statistics import Values
from genbench.trial.collected import frame
from genbench.trial.record import Record

SEEDS = (3, 5, 10)
EFFECTS = (0.5, 1.0, 2.0, 3.0)
FAR = 100.0
"""Standard deviations by which one contender is better than its equal companions."""


def main(words: Sequence[str] | None = None) -> None:
    """Simulate and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--draws",
        type=int,
        default=4000,
        help="made-up studies in each row; a quarter as many for power and through records",
    )
    parser.add_argument("--out", type=Path, default=Path("results/validity"))
    arguments = parser.parse_args(words)
    started, few = time.process_time(), max(arguments.draws // 4, 1)
    nulls = pd.DataFrame(
        [
            row
            for rows in (against_itself, by_holm_alone, under_conditions, beside, unlike)
            for row in rows(arguments.draws)
        ]
    )
    found = power(few)
    covered = coverage(arguments.draws)
    checked = through_records(few)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, table in (("null", nulls), ("power", found), ("coverage", covered)):
        table.to_csv(arguments.out / f"{name}.csv", index=False, float_format="%.4g")
    picture(found, arguments.out / "power.png")
    minutes = (time.process_time() - started) / 60
    (arguments.out / "README.md").write_text(
        page(nulls, found, covered, checked, arguments.draws, minutes), encoding="utf-8"
    )


def against_itself(draws: int) -> list[dict[str, object]]:
    """Copies of one method: any pair that is called different is an error."""
    designs = [(name, paired) for name in SPREADS for paired in (True, False)]
    rows = []
    for (name, paired), contenders, seeds in product(designs, (2, 4), SEEDS):
        studies = SPREADS[name](_rng(name, contenders, seeds, paired), (draws, contenders, seeds))
        rows.append(_row("a method against itself", name, contenders, seeds, paired, different(studies, paired=paired)))
    return rows


def by_holm_alone(draws: int) -> list[dict[str, object]]:
    """The same studies without permutation tests."""
    rows = []
    for name, contenders, seeds, paired in product(("normal", "collapses 1 in 2"), (2, 4), SEEDS, (True, False)):
        studies = SPREADS[name](_rng(name, contenders, seeds, paired), (draws, contenders, seeds))
        rows.append(
            _row(
                "a method against itself, Holm alone",
                name,
                contenders,
                seeds,
                paired,
                different(studies, paired=paired, agreed=False),
            )
        )
    return rows


def under_conditions(draws: int) -> list[dict[str, object]]:
    """Copies of one method under four conditions, each condition with its own verdicts."""
    rows = []
    for name, contenders, seeds, paired in product(("normal", "collapses 1 in 2"), (2, 3), SEEDS, (True, False)):
        studies = SPREADS[name](_rng(name, contenders, seeds, paired, 4), (draws, 4, contenders, seeds))
        rows.append(
            _row(
                "against itself under each of 4 conditions",
                name,
                contenders,
                seeds,
                paired,
                different(studies, paired=paired),
            )
        )
    return rows


def beside(draws: int) -> list[dict[str, object]]:
    """Three copies beside a fourth that is far better: errors among the copies."""
    rows = []
    for name, seeds, paired in product(("normal", "collapses 1 in 2"), SEEDS, (True, False)):
        studies = SPREADS[name](_rng(name, seeds, paired), (draws, 4, seeds))
        studies[:, 3] += FAR
        copies = different(studies, paired=paired)[:, [0, 1, 3]]
        rows.append(_row("three copies beside a far better one", name, 4, seeds, paired, copies))
    return rows


def unlike(draws: int) -> list[dict[str, object]]:
    """Two contenders with one mean and different spreads: calling them different is an error of the mean."""
    laws: dict[str, tuple[Draw, float]] = {
        "normal, sd 1 against 10": (normal, 10.0),
        "normal against log-normal": (lognormal, 1.0),
    }
    rows = []
    for (name, (law, scale)), seeds in product(laws.items(), SEEDS):
        rng = _rng(name, seeds)
        centre, spread = (float(np.exp(0.5)), float(np.sqrt((np.e - 1) * np.e))) if law is lognormal else (0.0, 1.0)
        one, other = scale * law(rng, (draws, 1, seeds)), centre + spread * normal(rng, (draws, 1, seeds))
        rows.append(
            _row(
                "equal means, unlike spreads",
                name,
                2,
                seeds,
                False,
                different(np.concatenate([one, other], axis=1), paired=False),
            )
        )
    return rows


def power(draws: int) -> pd.DataFrame:
    """One contender is better than one or three equal others: the share of its comparisons that say so."""
    rows = []
    designs: dict[str, tuple[Draw, bool]] = {
        "paired": (normal, True),
        "paired, half shared": (shared, True),
        "Welch": (normal, False),
    }
    for (name, (law, paired)), contenders, seeds, effect in product(designs.items(), (2, 4), SEEDS, EFFECTS):
        studies = law(_rng(name, contenders, seeds, effect), (draws, contenders, seeds))
        studies[:, 0] += effect
        hits = different(studies, paired=paired)[:, : contenders - 1]
        interval = statistics.wilson(round(float(hits.mean(axis=1).sum())), draws)
        rows.append(
            {
                "design": name,
                "contenders": contenders,
                "seeds": seeds,
                "effect": effect,
                "power": hits.mean(),
                "low": interval.low,
                "high": interval.high,
            }
        )
    return pd.DataFrame(rows)


def coverage(draws: int) -> pd.DataFrame:
    """The share of 95 % intervals that hold the true mean."""
    truths: dict[str, float] = {"normal": 0.0, "log-normal, skewed": float(np.exp(0.5)), "collapses 1 in 5": -0.2}
    kinds = {"t": statistics.t_interval, "bootstrap": statistics.bootstrap_interval}
    rows = []
    for (name, truth), seeds in product(truths.items(), SEEDS):
        values = SPREADS[name](_rng(name, seeds, "coverage"), (draws, seeds))
        for kind, interval in kinds.items():
            held = sum(low <= truth <= high for low, high in map(interval, values))
            rows.append(
                {"interval": kind, "spread": name, "seeds": seeds, "coverage": held / draws, **_wilson(held, draws)}
            )
    return pd.DataFrame(rows)


def through_records(draws: int) -> dict[str, int]:
    """A method against itself through records and `verdicts`: how many studies say different, and how many as the
    arrays alone do.
    """
    said = agreed = 0
    for study in SPREADS["normal"](_rng("records"), (draws, 2, 5)):
        (verdict,) = judgement.verdicts(frame([_record(method, seed, study) for method in (0, 1) for seed in range(5)]))
        (p,), _ = decide(study, paired=True)
        said += verdict.verdict in ("better", "worse")
        agreed += verdict.p_holm == p
    return {"studies": draws, "different": said, "agreed": agreed}


def _record(method: int, seed: int, study: Values) -> Record:
    return Record(
        study="null",
        trial=f"{method}-{seed}",
        id=f"{method}-{seed}",
        method=f"copy{method}",
        dataset="drawn",
        architecture="none",
        seed=seed,
        status="finished",
        batches_hash=str(seed),
        generator_hash=str(seed),
        metrics={"fid": float(study[method, seed])},
        better={"fid": "lower"},
        protocol={"fid": "one"},
    )


def _row(question: str, spread: str, contenders: int, seeds: int, paired: bool, found: Values) -> dict[str, object]:
    """found: [draws, pairs], whether a pair was called different."""
    wrong = int(found.any(axis=1).sum())
    names = {
        "question": question,
        "spread": spread,
        "contenders": contenders,
        "seeds": seeds,
        "test": "paired" if paired else "Welch",
    }
    return {
        **names,
        "draws": len(found),
        "different": wrong,
        "rate": wrong / len(found),
        **_wilson(wrong, len(found)),
        "rate_per_verdict": found.mean(),
    }


def _wilson(count: int, total: int) -> dict[str, float]:
    return statistics.wilson(count, total)._asdict()


def _rng(*name: object) -> np.random.Generator:
    """A separate generator for every row, the same each time."""
    return np.random.default_rng(list(repr(name).encode()))


if __name__ == "__main__":
    main()
