"""A study whose settings change says what changed; what belongs together joins it as before."""

import pytest
from disturbed import small

from genbench.config.compose import Override
from genbench.errors import GenbenchError
from genbench.report import unended
from genbench.study import mixing, status
from genbench.study.file import EVERYTHING
from genbench.study.plan import asked, plan, write_asked
from genbench.study.run import write_trial
from genbench.study.runs import StudyRun
from genbench.trial import about

SMALL = small(log_every=40, save_every=100)


@pytest.fixture
def command(tmp_path):
    """command(word…, methods=…, seeds=…): plan and check as a run of study `s` does, and write its trials."""

    def run(*words, methods=("toy",), seeds=(0,), runs=(), said="", mixed=False):
        changes = asked(methods, [], seeds, [*SMALL, *words])
        study = plan(EVERYTHING, changes, name="s", results=tmp_path)
        if not mixed:
            mixing.check(study, runs, changes.settings)
        for trial in study.trials:
            write_trial(trial, study.directory_of(trial))
        write_asked(study, said or " ".join(words))
        return study

    return run


def test_another_budget_under_the_same_name_is_refused_and_nothing_is_written(command, tmp_path):
    command("train.images=4000", methods=("toy", "toy/fast"), seeds=(0, 1))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(
        GenbenchError, match=r"s has 4 trials with train\.images=4000; this command asks for 2000: .*--mix-settings"
    ):
        command("train.images=2000", methods=("toy", "toy/fast"))
    assert sorted(tmp_path.rglob("*")) == before


def test_seeds_methods_variants_and_the_same_again_join_a_study(command):
    command("train.images=4000")
    command("train.images=4000", seeds=(3, 4))
    command("train.images=4000", methods=("toy/fast", "toy-fails"))
    command("train.images=4000")


def test_another_method_with_another_budget_is_refused_too(command):
    command("train.images=4000")
    with pytest.raises(GenbenchError, match=r"train\.images=4000; this command asks for 2000"):
        command("train.images=2000", methods=("toy-fails",))


def test_several_changes_are_named_with_both_values(command):
    command("train.images=4000")
    with pytest.raises(GenbenchError, match=r"toy\.lr=0\.002, train\.images=4000; .* toy\.lr=0\.1, train\.images=2000"):
        command("train.images=2000", "toy.lr=0.1")


@pytest.mark.parametrize("words", [["toy.lr=1e-3,1e-2"], ["toy.lr=1e-1"], ["toy.lr=1e-3"]])
def test_a_sweep_can_be_begun_made_longer_and_run_in_parts(command, words):
    command("train.images=4000", "toy.lr=1e-3,1e-4")
    command("train.images=4000", *words)


def test_a_setting_that_the_file_has_several_values_of_is_no_change(command):
    command("train.images=4000")
    runs = (StudyRun(settings=(Override("train.images", (4000, 2000)),)),)
    command("train.images=2000", runs=runs)
    assert mixing.several([StudyRun(), StudyRun(settings=(Override("net.width", (8,)),))]) == {"net.width"}


def test_a_study_that_is_mixed_on_purpose_goes_on_with_either_command(command):
    command("train.images=4000")
    command("train.images=2000", mixed=True)
    command("train.images=2000", seeds=(1,))
    command("train.images=4000")
    with pytest.raises(GenbenchError, match="asks for 1000"):
        command("train.images=1000")


def test_what_an_earlier_command_left_is_not_waited_for_and_its_command_is_named(command):
    command("train.images=4000", said="long")
    study = command("train.images=2000", said="short", mixed=True)
    states, _ = status.states(study.directory)
    found = {one.trial.settings["train"]["images"]: (one.state, one.command) for one in states}
    assert found == {4000: ("left", "long"), 2000: ("waiting", "")}
    notes = unended.notes(study.directory, about.read(study.directory))
    assert notes[0] == "1 of the study's trials have no record yet and are missing here"
    assert notes[1].startswith("1 trial of toy images=4000 was left without a record by an earlier command")


def test_a_study_of_an_older_version_waits_as_before(command):
    study = command("train.images=4000", said="long")
    (study.directory / "study.json").unlink()
    assert [one.state for one in status.states(study.directory)[0]] == ["waiting"]
