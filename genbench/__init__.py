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
    study_file: str | Path | None = None,
    smoke: bool = False,
    methods: Sequence[str] = (),
    dataset: str | Sequence[str] = (),
    seeds: Sequence[int] = (),
    overrides: Sequence[str] = (),
    study: str | None = None,
    results: str | Path = "results",
    engine: str = "local",
    slots: int | None = None,
    observers: Sequence[str] = ("mlflow",),
) -> DataFrame:
    """Run a study as `genbench run` does and return its records, a row per trial.

    study_file: a study's file or name; smoke: its small size. methods: labels `method` or `method/variant`. Methods, data sets and
    seeds that are not given are those of the file, without one all that are installed, `ring` and 0. Trials that are done are not
    run again; one that fails is a row with its error. Raises GenbenchError before anything starts when the study cannot be run.
    """
    from genbench import catalogue, latents, record, studyfile, sweep
    from genbench import study as studies
    from genbench.engines.choice import choose

    file = catalogue.find(str(study_file)) if study_file else studyfile.EVERYTHING
    changes = studies.asked(methods, [dataset] if isinstance(dataset, str) else dataset, seeds, overrides)
    planned = studies.plan(file, changes, name=study, results=Path(results), smoke=smoke)
    chosen = choose(engine, planned, slots=slots)
    words = {"study_file": study_file and str(study_file), "smoke": smoke, "methods": methods, "dataset": dataset, "seeds": seeds}
    words |= {"overrides": overrides, "study": study}
    studies.write_asked(planned, f"genbench.run({', '.join(f'{key}={value!r}' for key, value in words.items() if value)})")
    sweep.run_study(planned, chosen, observers=observers, display=sweep.Silent())
    for _ in latents.score(planned):
        pass
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
