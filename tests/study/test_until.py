"""Running until a study is answered: what is trained after which look, with records made up and workers that write
them.
"""

import dataclasses
import os
import signal

import numpy as np
import pytest
from disturbed import small

import genbench
from genbench.errors import GenbenchError
from genbench.study import until
from genbench.study.file import EVERYTHING
from genbench.study.plan import asked, name_of, plan, plan_study
from genbench.study.run import write_trial
from genbench.training.attempt import describe
from genbench.trial import about, record
from genbench.trial.record import Record

pytestmark = pytest.mark.slow

GOOD, BAD = 1e-3, 1e-2
"""Learning rates: one is made up to be far better than two others, which cannot be told apart."""


def planned(results, cap=6, rates=f"{GOOD},{BAD},2e-2", **changes):
    seeds = until.seeds(results, [], most=cap)
    words = [*small(log_every=40, save_every=400), "train.updates=40", f"toy.lr={rates}"]
    return until.begin(plan_study(["toy"], ["ring"], seeds, words, name="s", results=results, **changes))


class Training:
    """A worker that writes made-up records, and is killed before its die_at-th."""

    def __init__(self, die_at=None, fails=()):
        self.trained, self.die_at, self.fails = [], die_at, fails

    def __call__(self, study):
        for trial in study.trials:
            directory = study.directory_of(trial)
            if study.is_done(trial):
                continue
            if self.die_at == len(self.trained):
                os.kill(os.getpid(), signal.SIGKILL)
            self.trained.append((trial.settings["method"]["lr"], trial.seed))
            write_trial(trial, directory)
            record.write(self.record(trial, directory), directory)

    def record(self, trial, directory):
        rate = trial.settings["method"]["lr"]
        luck = np.random.default_rng([int(rate * 1e6), trial.seed]).standard_normal()
        made = Record(**describe(trial, directory), status="finished")
        if (rate, trial.seed) in self.fails:
            return dataclasses.replace(made, status="failed", error="made up")
        return dataclasses.replace(
            made,
            batches_hash=str(trial.seed),
            generator_hash=str(trial.seed),
            metrics={"modes": luck + 50 * (rate == GOOD)},
            better={"modes": "higher"},
            protocol={"modes": "one"},
        )


def test_seeds_are_added_until_all_is_decided_or_there_are_no_more(tmp_path):
    training = Training()
    found = until.run(planned(tmp_path), training, command="x")
    assert sum(rate == GOOD for rate, _ in training.trained) == 5, "it was decided at the third look"
    assert sum(rate == BAD for rate, _ in training.trained) == 6
    assert (found.taken, found.waiting, len(found.decisions), len(found.open)) == (4, (), 2, 1)


def test_the_same_command_again_trains_nothing_and_decides_the_same(tmp_path):
    found = until.run(planned(tmp_path), Training(), command="x")
    training = Training()
    assert until.run(planned(tmp_path), training, command="x") == found
    assert training.trained == []


@pytest.mark.slow
@pytest.mark.parametrize("die_at", [2, 11])
def test_a_command_that_was_killed_goes_on_from_the_files_to_the_same_decisions(tmp_path, die_at):
    undisturbed = until.run(planned(tmp_path / "one"), Training(), command="x")
    pid = os.fork()
    if pid == 0:
        try:
            until.run(planned(tmp_path / "two"), Training(die_at), command="x")
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    training = Training()
    found = until.run(planned(tmp_path / "two"), training, command="x")
    assert len(training.trained) == len(undisturbed.used) - die_at
    assert (found.decisions, found.open, found.used) == (undisturbed.decisions, undisturbed.open, undisturbed.used)


def test_after_the_hours_no_batch_is_begun(tmp_path):
    training = Training()
    found = until.run(planned(tmp_path), training, command="x", hours=0.0)
    assert training.trained == []
    assert found.taken == 0


def test_a_look_does_not_go_on_without_a_trial_that_failed(tmp_path):
    found = until.run(planned(tmp_path), Training(fails=[(BAD, 1)]), command="x")
    assert (found.taken, len(found.waiting)) == (0, 1)
    again = until.run(planned(tmp_path), Training(), command="x")
    assert again.taken == 4


def test_the_looks_are_written_before_the_first_trial_and_kept_by_later_commands(tmp_path):
    def stop(study):
        raise KeyboardInterrupt

    study = planned(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        until.run(study, stop, command="x")
    assert about.read(study.directory).looks["seeds"] == [3, 4, 5, 6]
    until.write_asked(dataclasses.replace(study, looks=None), "genbench run")
    assert about.read(study.directory).looks["seeds"] == [3, 4, 5, 6]
    assert until.seeds(study.directory, [], most=None) == tuple(range(6))


def test_another_cap_is_refused(tmp_path):
    until.run(planned(tmp_path), Training(), command="x")
    with pytest.raises(GenbenchError, match=r"up to 6 seeds, not 7.*leave --max-seeds out"):
        planned(tmp_path, cap=7)


def test_other_trials_are_refused(tmp_path):
    until.run(planned(tmp_path), Training(), command="x")
    with pytest.raises(GenbenchError, match="begun its looks with other trials"):
        planned(tmp_path, rates=f"{GOOD},{BAD}")


def test_seeds_of_ones_own_are_refused(tmp_path):
    with pytest.raises(GenbenchError, match="leave --seeds out"):
        until.seeds(tmp_path, [5], most=None)


def test_a_study_without_looks_has_no_standing(tmp_path):
    with pytest.raises(GenbenchError, match="has no looks"):
        until.standing(dataclasses.replace(planned(tmp_path), looks=None))


def test_without_a_number_there_are_twelve_seeds(tmp_path):
    assert until.seeds(tmp_path, [], most=None) == tuple(range(12))


def test_a_study_without_a_name_is_found_where_its_plan_puts_it(tmp_path):
    changes = asked(["toy"], ["ring"], [], [])
    assert plan(EVERYTHING, changes, name=None, results=tmp_path).name == name_of(EVERYTHING, changes)


@pytest.mark.slow
def test_from_python_a_study_of_one_contender_is_over_after_its_first_look(tmp_path):
    words = {"methods": ["toy"], "overrides": [*small(log_every=40, save_every=400), "train.updates=40"]}
    records = genbench.run(**words, results=tmp_path, observers=(), until_decided=True, max_seeds=4)
    assert sorted(records["seed"]) == [0, 1, 2]
