"""What `import genbench` offers: running a study and loading its records, from Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame


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
    keep_old: bool = False,
    mix_settings: bool = False,
    observers: Sequence[str] = ("mlflow",),
    until_decided: bool = False,
    max_seeds: int | None = None,
    max_hours: float | None = None,
) -> DataFrame:
    """Run a study as `genbench run` does and return its records, a row per trial.

    study_file: a study's file or name; smoke: its small size. methods: labels `method` or `method/variant`. Methods,
    data sets and seeds that are not given are those of the file, without one all that are installed, `ring` and 0.
    keep_old: trials that were made under older numerics are not made again. mix_settings: trials of other settings that
    the study has already stay beside these. until_decided: seeds are added, at most
    max_seeds and none after max_hours, until what the study claims, or without claims its ranking, is decided.
    Trials that are done are not run again; one that fails is a row with its error. Raises GenbenchError before anything
    starts when the study cannot be run, UnfinishedError, after it has started, when its engine or the scoring
    cannot go on.
    """
    from genbench.engines.choice import choose
    from genbench.errors import UnfinishedError
    from genbench.study import catalogue, latents, mixing, until
    from genbench.study.file import EVERYTHING
    from genbench.study.plan import Study, asked, name_of, plan
    from genbench.study.run import Outcome, Silent, run_study, together
    from genbench.trial import collected

    file = catalogue.find(str(study_file)) if study_file else EVERYTHING
    changes = asked(methods, [dataset] if isinstance(dataset, str) else dataset, seeds, overrides)
    if until_decided:
        folder = Path(results) / (study or name_of(file, changes, smoke=smoke))
        changes = replace(changes, seeds=until.seeds(folder, seeds, most=max_seeds))
    planned = plan(file, changes, name=study, results=Path(results), smoke=smoke, keep_old=keep_old)
    if not mix_settings:
        mixing.check(planned, file.runs, changes.settings)
    words: dict[str, Any] = {
        "study_file": study_file and str(study_file),
        "smoke": smoke,
        "methods": methods,
        "dataset": dataset,
        "seeds": seeds,
    }
    words |= {"overrides": overrides, "study": study, "until_decided": until_decided}
    words |= {"max_seeds": max_seeds, "max_hours": max_hours, "mix_settings": mix_settings}
    command = f"genbench.run({', '.join(f'{key}={value!r}' for key, value in words.items() if value)})"
    outcomes: list[Outcome] = []

    def train(batch: Study) -> None:
        chosen = choose(engine, batch.trials, slots=slots)
        outcomes.append(run_study(batch, chosen, observers=observers, display=Silent(), command=command))

    if until_decided:
        until.run(until.begin(planned), train, command=command, hours=max_hours)
    else:
        train(planned)
    unscored = [problem for _, problem in latents.score(planned) if problem]
    if unscored:
        raise UnfinishedError(
            f"the trials have run, but {len(unscored)} were not scored on more latents: {unscored[0]}"
        )
    return collected.frame(together(outcomes).records(planned))


def load(path: str | Path) -> DataFrame:
    """The records at or below a path: a trial's folder, a study's, or a results folder; a row per trial."""
    from genbench.trial import collected

    return collected.load(path)
