"""Scoring on other latents: once each, beside the trial's own numbers."""

import dataclasses
import shutil

from genbench.study import latents
from genbench.study.file import EVERYTHING


def scored(study):
    (trial,) = study.trials
    return study.record_of(trial).metrics


def test_finished_trials_are_scored_on_the_wanted_latents_once(study, run_trial):
    planned = study()
    planned = dataclasses.replace(planned, file=dataclasses.replace(EVERYTHING, score=(0, 3, 4)))
    assert list(latents.score(planned)) == []
    (trial,) = planned.trials
    run_trial(planned.directory_of(trial))
    own = dict(scored(planned))
    assert list(latents.score(planned)) == [(trial, "")]
    assert set(scored(planned)) == {f"{name}{suffix}" for name in own for suffix in ("", "@seed3", "@seed4")}
    assert scored(planned)["mmd@seed3"] != scored(planned)["mmd"] != scored(planned)["mmd@seed4"]
    assert list(latents.score(planned)) == []
    assert latents.own(planned.record_of(trial)).metrics == own


def test_a_trial_that_cannot_be_scored_is_named_with_the_reason(study, trained):
    shutil.rmtree(trained() / "checkpoint")
    planned = study()
    planned = dataclasses.replace(planned, file=dataclasses.replace(EVERYTHING, score=(3,)))
    ((trial, problem),) = latents.score(planned)
    assert trial == planned.trials[0]
    assert "checkpoint" in problem
