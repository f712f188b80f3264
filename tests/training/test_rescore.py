"""Scoring finished trials again: numbers are added, nothing is trained, nothing is mixed up."""

import json
import shutil

import pytest
import torch

from genbench.config.compose import Override
from genbench.errors import CheckpointError, GenbenchError
from genbench.report.tables import summary
from genbench.training import rescore
from genbench.training.generator import Generator
from genbench.trial import checkpoint, collected, record
from genbench.trial.lock import locked
from genbench.trial.trial import Trial


@pytest.fixture
def directory(trained):
    return trained("evaluate.every=100", "evaluate.best=mmd", "evaluate.metrics=[modes,mmd]")


def score(directory, *overrides, which="last"):
    return rescore.rescore(directory, rescore.changed(directory, overrides), which)


def test_scoring_again_in_the_same_way_gives_the_same_record(directory):
    before = record.read(directory)
    score(directory)
    after = record.read(directory)
    assert (after.metrics, after.protocol, after.protocols) == (before.metrics, before.protocol, before.protocols)


def test_a_new_metric_is_added_and_the_others_stay(directory):
    before = record.read(directory)
    new = score(directory, "evaluate.metrics=[max_abs]")
    after = record.read(directory)
    assert list(new.metrics) == ["max_abs"]
    assert after.metrics == {**before.metrics, "max_abs": new.metrics["max_abs"]}
    assert set(after.protocol) == set(after.metrics) == set(after.better)


def test_a_number_that_is_made_otherwise_stands_beside_the_first(directory):
    before = record.read(directory)
    (name,) = score(directory, "evaluate.metrics=[mmd]", "evaluate.samples=50").metrics
    after = record.read(directory)
    assert name == f"mmd@{after.protocol[name]}"
    assert after.metrics["mmd"] == before.metrics["mmd"] != after.metrics[name]
    assert after.protocols[after.protocol[name]]["generated_images"] == 50
    assert "generated_images 50 instead of 100" in " ".join(summary.notes(collected.frame([after])))


def test_other_latents_make_another_number_of_the_same_protocol(directory):
    score(directory, "evaluate.seed=7")
    after = record.read(directory)
    assert after.protocol["mmd@seed7"] == after.protocol["mmd"]
    assert after.metrics["mmd@seed7"] != after.metrics["mmd"]


def test_the_best_checkpoint_scores_what_the_curve_says_of_its_best_point(directory):
    rows = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    curve = {row["updates"]: row["metrics"]["mmd"] for row in rows if "metrics" in row}
    best = min(curve, key=curve.get)
    found = record.read(directory)
    assert found.best_updates == best == Generator.load(directory, "best").updates
    numbers = score(directory, which="best").metrics
    assert list(curve.values())[-1] == found.metrics["mmd"]
    assert any(value == curve[best] for name, value in numbers.items() if name.startswith("mmd@"))


def test_scoring_changes_no_checkpoint_and_no_curve(directory):
    def files():
        return {
            path.name: path.read_bytes()
            for path in [*(directory / "checkpoint").iterdir(), directory / "metrics.jsonl", directory / "trial.json"]
        }

    before = files()
    score(directory, "evaluate.samples=40")
    assert files() == before


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("train.batch=3", "cannot be changed after training"),
        ("evaluate.every=3", "cannot be changed"),
        ("evaluate.samples=30,40", "has several values"),
        ("evaluate.samples=1", "must be at least 2"),
        ("evaluate.sample=9", "did you mean"),
    ],
)
def test_what_cannot_be_scored_again_is_refused(directory, word, said):
    with pytest.raises(GenbenchError, match=said):
        rescore.changed(directory, [word])


def test_a_picture_that_cannot_be_written_is_named_and_the_record_stays(directory):
    before = record.read(directory)
    shutil.rmtree(directory / "samples")
    (directory / "samples").touch()
    with pytest.raises(GenbenchError, match=r"samples.* cannot be written: "):
        score(directory, Override("evaluate.samples", (40,)))
    assert record.read(directory) == before


def test_the_best_checkpoint_says_which_metric_chose_it(directory):
    state = checkpoint.load(directory / "checkpoint" / checkpoint.BEST, Trial.read(directory))
    del state["progress"]["chosen_by"]
    checkpoint.save_best(state, directory / "checkpoint")
    with pytest.raises(CheckpointError, match="does not say which metric chose it"):
        Generator.load(directory, "best")


def test_only_finished_trials_are_scored_and_the_others_are_named(directory, study):
    planned = study(
        "toy", seeds=(0, 1), overrides=["evaluate.every=100", "evaluate.best=mmd", "evaluate.metrics=[modes,mmd]"]
    )
    done, others = rescore.finished(planned.directory)
    assert done == [directory]
    assert len(others) == 1
    assert planned.trials[1].directory in others[0]
    with pytest.raises(GenbenchError, match="holds no trial"):
        rescore.finished(directory / "checkpoint")
    with pytest.raises(GenbenchError, match="is finished"):
        rescore.finished(planned.directory_of(planned.trials[1]))


def test_a_trial_that_is_being_run_is_left_alone(directory):
    trial = rescore.changed(directory, [Override("evaluate.samples", (40,))])
    with locked(directory), pytest.raises(GenbenchError, match="is being run"):
        rescore.rescore(directory, trial)


def test_without_evaluations_during_training_there_is_no_best_checkpoint(study, run_trial):
    planned = study(name="plain")
    directory = planned.directory_of(planned.trials[0])
    run_trial(directory)
    assert record.read(directory).best_updates == 0
    with pytest.raises(GenbenchError, match=r"evaluate\.every"):
        score(directory, which="best")


def test_the_best_checkpoint_is_a_checkpoint_of_its_own(directory):
    state = checkpoint.load(directory / "checkpoint" / "best.pt", Trial.read(directory))
    assert state["progress"]["updates"] == record.read(directory).best_updates
    assert all(torch.isfinite(value).all() for value in state["trainer"].values() if torch.is_tensor(value))


def test_an_older_checkpoint_in_a_damaged_ones_place_is_not_scored_as_the_trained_generator(study, run_trial):
    (trial,) = (planned := study(overrides=["train.save_every=100"])).trials
    directory = planned.directory_of(trial)
    run_trial(directory)
    before = record.read(directory)
    newest = sorted((directory / "checkpoint").glob("[0-9]*.pt"))[-1]
    newest.write_bytes(newest.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=r"checkpoint of 20 updates is missing or damaged.* is of 15;"):
        rescore.rescore(directory, rescore.changed(directory, ["evaluate.samples=50"]))
    assert record.read(directory) == before
