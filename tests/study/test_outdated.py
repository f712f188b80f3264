"""Trials that were made under older numerics: made again beside the old ones, or kept; never in one mean."""

import dataclasses

import pytest
import toys

from genbench.report import contents
from genbench.report.stats import contenders
from genbench.study import status
from genbench.study.file import EVERYTHING
from genbench.study.plan import asked, plan
from genbench.training.attempt import describe
from genbench.trial import replaced
from genbench.trial.collected import load
from genbench.trial.record import Record, write

SMALL = ("data.points=800", "train.batch=20", "net.width=8", "evaluate.samples=100", "train.updates=2")


@pytest.fixture
def again(tmp_path):
    """again(seeds…): the same study planned once more, as the same command would."""

    def planned(*seeds, keep_old=False):
        changes = asked(["toy"], [], list(seeds), SMALL)
        return plan(EVERYTHING, changes, name="s", results=tmp_path / "results", keep_old=keep_old)

    return planned


@pytest.fixture
def raised(monkeypatch):
    """raised(): the toy's author raises its numerics revision."""

    def raise_it():
        monkeypatch.setattr(toys, "TOY", dataclasses.replace(toys.TOY, numerics=toys.TOY.numerics + 1))

    return raise_it


def end(study, outcome="finished", **metrics):
    for trial in study.trials:
        directory = study.directory_of(trial)
        directory.mkdir(parents=True)
        trial.write(directory)
        numbers = {name: value + trial.seed for name, value in metrics.items()} if outcome == "finished" else {}
        written = Record(**describe(trial, directory), status=outcome, images=40, metrics=numbers)
        write(dataclasses.replace(written, better=dict.fromkeys(numbers, "lower")), directory)


def test_the_same_command_makes_them_again_and_names_them(again, raised):
    old = again(0, 1)
    end(old, mmd=1.0)
    assert again(0, 1).outdated == ()
    raised()
    new = again(0, 1)
    assert new.outdated == tuple(trial.directory for trial in old.trials)
    assert not any(new.is_done(trial) for trial in new.trials)
    end(new, mmd=3.0)
    assert again(0, 1).outdated == ()


def test_keep_old_leaves_them_as_they_are_and_makes_only_the_missing_ones(again, raised):
    old = again(0, 1)
    end(old, mmd=1.0)
    raised()
    new = again(0, 1, 2, keep_old=True)
    assert [new.is_done(trial) for trial in new.trials] == [True, True, False]
    assert [trial.directory for trial in new.trials[:2]] == [trial.directory for trial in old.trials]
    assert new.outdated == ()


def test_one_that_has_not_ended_is_begun_anew(again, raised):
    end(again(0), outcome="interrupted")
    raised()
    for keep_old in (False, True):
        new = again(0, keep_old=keep_old)
        assert not new.directory_of(new.trials[0]).exists()


def test_status_tells_which_they_are(again, raised):
    end(again(0), mmd=1.0)
    raised()
    (state,), _ = status.states(again(0).directory)
    assert (state.state, state.is_outdated, state.detail) == ("finished", True, "other numerics: method 1, now 2")


def test_of_a_trial_that_was_made_again_only_the_newer_one_counts(again, raised):
    end(again(0, 1), mmd=1.0)
    raised()
    end(again(0, 1), mmd=3.0)
    assert sorted(load(again(0).results)["mmd"]) == [3.0, 4.0]


REPLACED = "2 trials of older numerics (method 1, now 2), kept as trials/ring-toy-seed0-"


def test_those_that_were_replaced_are_counted_and_named_with_their_place(again, raised, genbench):
    old = again(0, 1)
    end(old, mmd=1.0)
    assert replaced.lines(old.directory) == ()
    raised()
    end(again(0, 1), mmd=3.0)
    (line,) = replaced.lines(old.directory)
    assert line == f"replaced, and in no number here: {REPLACED}{old.trials[0].id} and beside it"
    _, out, _ = genbench("status", "s", "--results", old.results)
    assert line in out
    assert "2 finished\n" in out
    assert "genbench run makes them again" not in out
    assert line in contents.of(old.directory).notes


def test_run_says_what_becomes_of_older_ones_and_in_the_end_where_they_are(again, raised, genbench):
    old = again(0, 1)
    end(old, mmd=1.0)
    raised()
    assert again(0, 1).older == (
        "2 trials of older numerics (method 1, now 2): made again beside those, which stay; --keep-old keeps them"
        " instead",
    )
    assert again(0, 1, keep_old=True).older == ("2 trials of older numerics (method 1, now 2): kept as asked",)
    end(again(0, 1), mmd=3.0)
    words = ("run", "--methods", "toy", "--seeds", "0,1", "--study", "s", "--results", old.results, *SMALL)
    code, out, err = genbench(*words, "--observers", "none")
    assert (code, "older numerics" in err) == (0, False)
    assert REPLACED in out


def test_a_newer_one_that_has_not_ended_replaces_none(again, raised):
    end(again(0), mmd=1.0)
    raised()
    end(again(0), outcome="interrupted")
    assert replaced.trials(again(0).directory) == {}


def test_a_newer_one_that_has_not_ended_does_not_replace_it_yet(again, raised):
    end(again(0), mmd=1.0)
    raised()
    end(again(0), outcome="interrupted")
    assert list(load(again(0).results)["mmd"]) == [1.0]


@pytest.mark.slow
def test_kept_ones_and_newer_ones_never_stand_in_one_mean(again, raised):
    end(again(0, 1), mmd=1.0)
    raised()
    end(again(2, 3), mmd=3.0)
    records = load(again(0).results)
    assert set(contenders.name(records).records["contender"]) == {"toy numerics=method:1", "toy numerics=method:2"}
    (scores, *_) = contents.of(again(0).directory).results
    assert list(scores.shown["method.numerics"]) == ["method:1", "method:2"]
    assert list(scores.shown["mmd"]) == ["1.50 ± 0.71", "5.50 ± 0.71"]
