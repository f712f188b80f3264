"""What the metrics of a study mean, a line each."""

from __future__ import annotations

from contextlib import suppress

import pandas as pd

from genbench.contract import registry
from genbench.errors import GenbenchError
from genbench.report.stats import columns
from genbench.report.stats.outcomes import base_name
from genbench.report.table import Table

BETTER = {"higher": "higher is better", "lower": "lower is better", "neither": "neither is better"}


def of(records: pd.DataFrame) -> Table | None:
    """The meaning and the better direction of every metric that is installed; None where none is."""
    names = dict.fromkeys(base_name(name).partition("@")[0] for name in columns.metric_names(records))
    rows = []
    for name in names:
        with suppress(GenbenchError):  # the metric of a plugin that is not here
            metric = registry.load("metrics", name)
            rows.append({"metric": name, "better": BETTER[metric.better], "what it is": metric.about})
    if not rows:
        return None
    return Table(
        name="metrics",
        title="What the metrics mean",
        caption="Of the first that has a better direction, the primary one, verdicts are right over the whole study.",
        shown=pd.DataFrame(rows),
    )
