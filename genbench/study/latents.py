"""Scoring finished trials on more latents than their own, as a study may ask: what is scored already is not scored
again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from genbench.config.compose import Override
from genbench.errors import GenbenchError
from genbench.study.plan import Study
from genbench.training.rescore import changed, rescore
from genbench.trial.record import Record
from genbench.trial.trial import Trial


def score(study: Study) -> Iterator[tuple[Trial, str]]:
    """Score the finished trials on the latents that the study also asks for; yields each trial that there was
    something to do for, and why it could not be done, if so.

    The numbers are in its record, `modes@seed7`.
    """
    for trial in study.trials:
        try:
            scored = _score(study, trial)
        except GenbenchError as error:  # the trials have run, and the others can be scored
            yield trial, str(error)
        else:
            if scored:
                yield trial, ""


def _score(study: Study, trial: Trial) -> bool:
    """Score a trial, if it is finished, on the latents that it was not scored on; whether there were any."""
    record = study.record_of(trial)
    own = trial.settings["evaluate"]["seed"]
    todo = [
        seed
        for seed in study.file.score
        if record and record.status == "finished" and seed != own and not _is_scored(record, trial, seed)
    ]
    for seed in todo:
        directory = study.directory_of(trial)
        rescore(directory, changed(directory, [Override("evaluate.seed", (seed,))]))
    return bool(todo)


def own(record: Record) -> Record:
    """The record without what other latents than the trial's own gave."""
    return dataclasses.replace(
        record, metrics={name: number for name, number in record.metrics.items() if "@seed" not in name}
    )


def _is_scored(record: Record, trial: Trial, seed: int) -> bool:
    scored = {name.partition("@")[0] for name in record.metrics if name.endswith(f"@seed{seed}")}
    return scored >= set(trial.settings["evaluate"]["metrics"])
