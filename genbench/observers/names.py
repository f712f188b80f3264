"""How trials are called in MLflow: the parameters of a run, names that it takes, and how much it takes at once."""

from __future__ import annotations

import posixpath
import re

from genbench.config.nested import flatten
from genbench.trial.trial import Trial

PARAMS, METRICS = 100, 1000
"""What one call of `log_batch` takes."""
LONGEST_PARAM, LONGEST_TAG, LONGEST_NAME = 6000, 8000, 250
"""Characters that MLflow keeps; all settings are in full in trial.json, an artifact."""


def parameters(trial: Trial) -> dict[str, str]:
    """What a run is sorted and grouped by: the trial's names and every setting that determines its numbers."""
    # The comparison of runs begins with the first three parameters that differ, by name: the data set, the method, the
    # seed.
    names = {
        "method": trial.label,
        "variant": trial.variant,
        "dataset": trial.dataset,
        "architecture": trial.architecture,
        "seed": trial.seed,
    }
    settings = {
        key: ",".join(map(str, value)) if isinstance(value, list) else value
        for key, value in flatten(trial.settings, "settings.").items()
    }
    return {key: str(value) for key, value in (names | settings).items() if value not in (None, "")}


def allowed(text: str) -> str:
    """A name that MLflow takes: word characters, space, and . : / -, none of them doubled into a path."""
    return posixpath.normpath(re.sub(r"[^\w.: /-]", "_", text))[:LONGEST_NAME]
