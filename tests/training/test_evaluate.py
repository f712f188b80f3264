"""Evaluation: the study's fixed latents, whatever was trained and however many are asked for."""

import pytest
import torch

from genbench.config.settings import FeatureSettings
from genbench.contract import registry
from genbench.errors import GenbenchError
from genbench.training.build import prepare
from genbench.training.evaluate import check_metrics, evaluate, evaluation_of, sample


@pytest.fixture
def run(study):
    planned = study(overrides=["evaluate.batch=30"])
    (trial,) = planned.trials
    prepared = prepare(trial, planned.directory_of(trial)).run
    prepared.trainer.eval()
    return prepared


def test_the_first_samples_do_not_depend_on_how_many_are_asked_for(run):
    many, few = (sample(run.trainer, run.settings, run.splits, count, run.device) for count in (100, 17))
    assert many.shape == (100, 2)
    torch.testing.assert_close(many[:17], few)


def test_evaluating_twice_gives_the_same_numbers_and_leaves_the_trainer_alone(run, tmp_path):
    metrics = [registry.load("metrics", name) for name in ("modes", "mmd", "max_abs")]
    before = {key: value.clone() for key, value in run.trainer.state_dict().items() if torch.is_tensor(value)}
    one, other = (
        evaluate(evaluation_of(run.trainer, run.settings, run.splits, "ring", run.device), metrics, tmp_path)
        for _ in range(2)
    )
    assert one == other
    assert list(one.numbers) == list(one.protocols) == ["modes", "mmd", "max_abs"]
    assert all(
        torch.equal(before[key], value) for key, value in run.trainer.state_dict().items() if torch.is_tensor(value)
    )
    assert (tmp_path / "samples" / "final.png").exists()


def test_evaluation_does_not_use_up_the_training_streams(run, tmp_path):
    run.draws.seek(3)
    expected = run.trainer.kit.noise(4)
    run.draws.seek(3)
    evaluate(evaluation_of(run.trainer, run.settings, run.splits, "ring", run.device), [], tmp_path)
    assert torch.equal(run.trainer.kit.noise(4), expected)


def test_a_metric_that_cannot_be_had_is_refused(run):
    with pytest.raises(GenbenchError, match="neighbour_distance cannot be used on ring"):
        check_metrics([registry.load("metrics", "neighbour_distance")], run.splits, "ring", FeatureSettings())
