"""How long a study takes: from earlier records, and from trials that run."""

import pytest
from study_folders import a_record, make

from genbench.study.estimate import Earlier, Remaining, earlier
from genbench.study.plan import Study
from genbench.trial.trial import Trial

NOTHING = Earlier(seconds={}, records=0)


def a_trial(method="gan", seed=0, images=1000):
    train = {"batch": 20, "precision": "fp32", "images": images, "updates": None, "seconds": None}
    settings = {"method": {"lr": 1.0}, "net": {"width": 20}, "train": train, "evaluate": {}}
    return Trial(study="s", method=method, dataset="ring", architecture="mlp", seed=seed, settings=settings)


class Clock:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


def test_records_of_the_same_method_tell_what_another_budget_takes(tmp_path):
    old = {"train.precision": "fp32", "net.latent": 8, "train.batch": 20}
    make(
        tmp_path, [a_record("gan", 0, settings=old, trial="ring-gan-seed0")], name="other", logged=False, pictured=False
    )
    trial = a_trial(images=4000)
    trial = Trial(**{**trial.__dict__, "settings": {**trial.settings, "net": {"latent": 8, "width": 20}}})
    study = Study(name="s", results=tmp_path, trials=(trial, a_trial("gram")))
    found = earlier(study, study.trials)
    assert found.seconds == {trial.directory: pytest.approx(4 * 2.0 + 1.0)}, "four times the training, once the rest"
    assert found.records == 1


def test_methods_of_unlike_speed_are_told_apart():
    clock = Clock()
    trials = [a_trial(method, seed) for seed in (0, 1) for method in ("gan", "gram")]
    left = Remaining(trials, 1, NOTHING, now=clock)
    assert left.left().seconds == 0
    left.started(trials[0])
    clock.seconds = 10
    left.ended(trials[0])
    assert (left.left().seconds, left.left().unknown) == (10, ("gram",))
    left.started(trials[1])
    clock.seconds = 110
    left.ended(trials[1])
    assert (left.left().seconds, left.left().unknown) == (110, ())


def test_two_slots_take_half_the_time_but_no_less_than_the_longest_trial():
    trials = [a_trial("gan", 0), a_trial("gan", 1), a_trial("gram")]
    before = Earlier(seconds={trials[0].directory: 10, trials[1].directory: 10, trials[2].directory: 100}, records=3)
    assert Remaining(trials, 2, before).left().seconds == 100
    assert Remaining(trials[:2], 2, before).left().seconds == 10
    assert Remaining(trials[:2], 1, before).left().seconds == 20


def test_a_trial_that_goes_on_from_half_is_not_thought_twice_as_fast():
    clock, trial = Clock(), a_trial()
    left = Remaining([trial], 1, NOTHING, now=clock)
    left.started(trial)
    left.progress(trial, 0.5)
    clock.seconds = 10
    left.progress(trial, 0.6)
    assert left.left().seconds == pytest.approx(40)
