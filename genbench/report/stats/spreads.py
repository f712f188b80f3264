"""The spread of every metric over training seeds, and how often trials diverge or lose modes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from genbench.report.stats import statistics
from genbench.report.stats.outcomes import UNSCORED, Outcomes, base_name, families


def spreads(records: pd.DataFrame) -> pd.DataFrame:
    """One row per contender, condition, data set and metric; every interval is of 95 %.

    `seeds` have a score; of these are `mean`, `sd`, `low` and `high` (Student's t), `bootstrap_low` and
    `bootstrap_high`, `iqm` (interquartile mean). Trials are counted as they ended: `finished` (also those, `unscored`,
    whose number is not finite), `diverged`, `failed`, `interrupted`; `divergence_rate` is the share that diverged of
    those that finished or diverged, with its Wilson interval. Of the metric `modes`, `collapsed` seeds hold fewer modes
    than the data have, `collapse_rate` is their share with its Wilson interval; missing for other metrics.
    """
    rows = [
        {
            "dataset": family.dataset,
            "method": contender,
            "condition": condition,
            "metric": family.metric,
            **_spread(outcomes),
            **_collapse(outcomes, family.metric),
        }
        for family in families(records)
        for contender, places in family.outcomes.items()
        for condition, outcomes in places.items()
    ]
    return pd.DataFrame(rows)


def _spread(outcomes: Outcomes) -> dict[str, Any]:
    values = np.array(list(outcomes.scores.values()), dtype=float)
    ends = list(outcomes.statuses.values())
    by_t, by_bootstrap = statistics.t_interval(values), statistics.bootstrap_interval(values)
    return {
        "seeds": len(values),
        "mean": statistics.mean(values),
        "sd": statistics.sd(values),
        "low": by_t.low,
        "high": by_t.high,
        "bootstrap_low": by_bootstrap.low,
        "bootstrap_high": by_bootstrap.high,
        "iqm": statistics.interquartile_mean(values),
        "finished": ends.count("finished") + ends.count(UNSCORED),
        "unscored": ends.count(UNSCORED),
        "diverged": ends.count("diverged"),
        "failed": ends.count("failed"),
        "interrupted": ends.count("interrupted"),
        **_rate("divergence_rate", ends.count("diverged"), len(outcomes.results)),
    }


def _collapse(outcomes: Outcomes, metric: str) -> dict[str, Any]:
    if math.isnan(outcomes.possible) or base_name(metric).partition("@")[0] != "modes":
        return {"collapsed": math.nan, **_rate("collapse_rate", 0, 0)}
    collapsed = sum(score < outcomes.possible for score in outcomes.scores.values())
    return {"collapsed": collapsed, **_rate("collapse_rate", collapsed, len(outcomes.scores))}


def _rate(name: str, count: int, total: int) -> dict[str, float]:
    interval = statistics.wilson(count, total)
    return {name: count / total if total else math.nan, f"{name}_low": interval.low, f"{name}_high": interval.high}
