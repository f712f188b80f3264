"""genbench compares ways to train a generator: fairly, reproducibly, fast.

>>> import genbench
>>> records = genbench.run(methods=["gram", "mmdgan"], dataset="ring", seeds=[0, 1, 2])  # doctest: +SKIP
>>> genbench.load("results")  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

    from genbench.generator import Generator

__all__ = ["Generator", "__version__", "load", "run"]
__version__ = version("genbench")


def run(
    *,
    methods: Sequence[str] = (),
    dataset: str | Sequence[str] = "ring",
    seeds: Sequence[int] = (0,),
    overrides: Sequence[str] = (),
    study: str | None = None,
    results: str | Path = "results",
    engine: str = "local",
    slots: int | None = None,
    observers: Sequence[str] = ("mlflow",),
) -> DataFrame:
    """Run a study as `genbench run` does and return its records, a row per trial.

    methods: labels `method` or `method/variant`; none: every installed method. Trials that are done are not run again;
    one that fails is a row with its error. Raises GenbenchError before anything starts when the study cannot be run.
    """
    from genbench import record, sweep
    from genbench import study as studies
    from genbench.engines.choice import choose

    datasets = [dataset] if isinstance(dataset, str) else list(dataset)
    planned = studies.plan_study(methods, datasets, seeds, overrides, name=study, results=Path(results))
    sweep.run_study(planned, choose(engine, planned, slots=slots), observers=observers, display=sweep.Silent())
    return record.frame([row for trial in planned.trials if (row := planned.record_of(trial))])


def load(path: str | Path) -> DataFrame:
    """The records at or below a path: a trial's folder, a study's, or a results folder; a row per trial."""
    from genbench import record

    return record.load(path)


def __getattr__(name: str) -> Any:
    if name == "Generator":
        from genbench.generator import Generator

        return Generator
    raise AttributeError(f"module 'genbench' has no attribute '{name}'")
