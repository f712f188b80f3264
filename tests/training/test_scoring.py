"""Evaluations during training: a curve and a best checkpoint that cost the training nothing, not even a bit."""

import json
import signal

import pytest

from genbench.contract.registry import load
from genbench.errors import GenbenchError
from genbench.training import scoring, worker
from genbench.training.evaluate import deciding
from genbench.trial import checkpoint, record
from genbench.trial.trial import Trial

CURVE = ["evaluate.every=100", "evaluate.metrics=[mmd,modes]"]


def ran(planned, run_trial):
    (trial,) = planned.trials
    directory = planned.directory_of(trial)
    run_trial(directory)
    return directory


def curve(directory):
    rows = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    return [(row["images"], row["metrics"]) for row in rows if "metrics" in row]


def test_evaluating_during_training_changes_neither_the_trial_nor_its_id(study, run_trial):
    with_curve, without = study(overrides=CURVE, name="with"), study(overrides=CURVE[1:], name="without")
    assert with_curve.trials[0].id == without.trials[0].id
    one, other = (ran(planned, run_trial) for planned in (with_curve, without))
    assert record.read(one).metrics == record.read(other).metrics
    states = [
        checkpoint.latest(directory / "checkpoint", Trial.read(directory))["trainer"] for directory in (one, other)
    ]
    assert str(states[0]) == str(states[1])


def test_the_curve_has_a_point_every_so_many_images_and_ends_with_the_record(study, run_trial):
    directory = ran(study(overrides=CURVE), run_trial)
    points = curve(directory)
    assert [images for images, _ in points] == [100, 200, 300, 400]
    assert points[-1][1] == record.read(directory).metrics


def test_a_trial_that_was_stopped_has_the_curve_and_the_best_of_one_that_was_not(study, run_trial, monkeypatch):
    whole = ran(study(overrides=CURVE, name="whole"), run_trial)
    planned = study(overrides=CURVE, name="stopped")
    directory = planned.directory_of(planned.trials[0])

    class Stopping:
        """Asks to stop before the 13th update: after a point of the curve and a checkpoint."""

        def __init__(self):
            self.asked = 0

        def __call__(self):
            self.asked += 1
            return self.asked == 13

    with monkeypatch.context() as patch:
        patch.setattr(worker, "asked_to_stop", Stopping)
        assert run_trial(directory) == worker.STOPPED
    assert run_trial(directory) == worker.DONE
    assert curve(directory) == curve(whole)
    best = [
        checkpoint.load(folder / "checkpoint" / "best.pt", Trial.read(folder))["progress"]["updates"]
        for folder in (directory, whole)
    ]
    assert best[0] == best[1] == record.read(directory).best_updates == record.read(whole).best_updates


@pytest.mark.parametrize("when", [1, 3, 4])
def test_a_trial_that_is_asked_to_stop_while_it_is_scored_stops_at_once_and_goes_on(
    study, run_trial, monkeypatch, when
):
    whole = ran(study(overrides=CURVE, name="whole"), run_trial)
    planned = study(overrides=CURVE, name="stopped")
    directory = planned.directory_of(planned.trials[0])
    scores, count = scoring.evaluate, iter(range(1, 100))

    def asked(*arguments, **named):
        if next(count) == when:
            try:
                signal.raise_signal(signal.SIGTERM)
            finally:
                signal.raise_signal(signal.SIGUSR2)  # somebody is in a hurry
            raise AssertionError("the scores were gone on with")
        return scores(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(scoring, "evaluate", asked)
        assert run_trial(directory) == worker.STOPPED
    assert record.read(directory).status == "interrupted"
    assert run_trial(directory) == worker.DONE
    assert curve(directory) == curve(whole)
    assert record.read(directory).metrics == record.read(whole).metrics
    assert record.read(directory).batches_hash == record.read(whole).batches_hash


def test_a_curve_of_metrics_without_a_direction_has_no_best_checkpoint(study, run_trial):
    planned = study(overrides=["evaluate.every=100", "evaluate.metrics=[max_abs]"])
    directory = planned.directory_of(planned.trials[0])
    run_trial(directory)
    assert any("max_abs" in line for line in (directory / "metrics.jsonl").read_text().splitlines())
    assert not (directory / "checkpoint" / checkpoint.BEST).exists()


def test_the_metric_that_chooses_is_the_first_with_a_direction_or_the_named_one():
    metrics = [load("metrics", name) for name in ("neighbour_distance", "mmd", "modes")]
    assert deciding(metrics, "").name == "mmd"
    assert deciding(metrics, "modes").name == "modes"
    assert deciding(metrics[:1], "") is None
    for name in ("neighbour_distance", "fid"):
        with pytest.raises(GenbenchError, match="what could: mmd, modes"):
            deciding(metrics, name)
