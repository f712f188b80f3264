"""Numerics revisions: part of a trial's id, refused when they differ, told to be different."""

import dataclasses

import pytest
import toys

from genbench.contract import numerics
from genbench.errors import GenbenchError, PluginError
from genbench.trial.trial import Trial


@pytest.fixture
def trial(study):
    (trial,) = study().trials
    return trial


def raised(monkeypatch, by=1):
    """The toy's author raises its numerics revision."""
    monkeypatch.setattr(toys, "TOY", dataclasses.replace(toys.TOY, numerics=toys.TOY.numerics + by))


def test_a_planned_trial_names_the_revisions_of_core_method_data_set_and_architecture(trial):
    assert dict(trial.numerics) == {"genbench": numerics.NUMERICS, "method": 1, "dataset": 1, "architecture": 1}
    assert numerics.difference(trial) == ""


def test_a_raised_revision_is_another_trial_that_answers_the_same_question(study, trial, monkeypatch):
    raised(monkeypatch)
    (other,) = study().trials
    assert other.id != trial.id
    assert other.directory != trial.directory
    assert other.question == trial.question
    assert numerics.difference(trial) == "method 1, now 2"


def test_a_trial_does_not_go_on_under_other_numerics(trial, monkeypatch):
    numerics.check(trial)
    raised(monkeypatch)
    with pytest.raises(GenbenchError, match=r"began under other numerics \(method 1, now 2\).*begins it anew"):
        numerics.check(trial)


def test_of_a_trial_of_the_version_before_nothing_is_known_and_it_may_go_on(trial):
    old = dataclasses.replace(trial, numerics={})
    numerics.check(old)
    assert numerics.difference(old).startswith("unknown, now genbench 1, method 1")
    assert "numerics" not in old.to_dict()
    assert Trial.from_dict(old.to_dict()) == old


@pytest.mark.parametrize("revision", [0, -1, "2", 1.0, True, None])
def test_a_plugin_whose_revision_is_none_is_named_before_anything_starts(study, monkeypatch, revision):
    monkeypatch.setattr(toys, "TOY", dataclasses.replace(toys.TOY, numerics=revision))
    with pytest.raises(PluginError, match=r"method 'toy' has numerics=.*a revision is a whole number from 1 up"):
        study()


@pytest.mark.parametrize("strange", [{"genbench": 0}, {"genbench": "1"}, {"genbench": True}, [1], 7])
def test_numerics_that_are_no_revisions_are_refused(trial, strange):
    with pytest.raises(GenbenchError, match="numerics are not revisions"):
        Trial.from_dict({**trial.to_dict(), "numerics": strange})
