"""rarest_class: 0 when a class is left out, its share otherwise, with a warning when the classifier cannot tell."""

import pytest
import torch
from pictured import evaluation

from genbench.metrics import classes
from genbench.metrics.classes import accuracy, fit, rarest_class

METRIC = next(iter(classes.genbench_metrics()))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path))


def of_class(label, count, seed):
    """Images whose brightness tells the class."""
    noise = torch.randint(0, 40, (count, 8, 8, 3), generator=torch.Generator().manual_seed(seed))
    return (noise + 70 * label).to(torch.uint8)


def labelled(per_class, seed):
    images = torch.cat([of_class(label, per_class, seed + label) for label in range(3)])
    labels = torch.arange(3).repeat_interleave(per_class)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    return images[order], labels[order]


def looked_at(samples, labels=None):
    test, test_labels = labelled(20, 10)
    return evaluation(
        samples, test, train=test, train_labels=test_labels, test_labels=test_labels if labels is None else labels
    )


def test_the_share_of_the_rarest_class_is_found():
    samples = torch.cat([of_class(0, 10, 0), of_class(1, 6, 1), of_class(2, 4, 2)])
    assert rarest_class(looked_at(samples)) == pytest.approx(4 / 20)


def test_a_class_that_is_left_out_has_no_share():
    assert rarest_class(looked_at(torch.cat([of_class(0, 10, 0), of_class(2, 10, 2)]))) == 0


def test_labels_that_skip_numbers_are_no_classes_of_their_own():
    labels = labelled(20, 10)[1] * 5 + 2
    assert rarest_class(looked_at(labelled(5, 0)[0], labels=labels)) == pytest.approx(1 / 3)


def test_a_classifier_that_cannot_tell_is_warned_of():
    labels = torch.randint(0, 3, (60,), generator=torch.Generator().manual_seed(3))
    unsure = looked_at(labelled(5, 0)[0], labels=labels)
    rarest_class(unsure)
    assert "of held-out real images" in unsure.warnings[0]
    sure = looked_at(labelled(5, 0)[0])
    rarest_class(sure)
    assert not sure.warnings


def test_the_discriminant_needs_no_more_rows_than_dimensions_and_ignores_empty_classes():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(12) % 2
    rows = torch.randn(12, 40, generator=generator) + 3 * labels.unsqueeze(1)
    assert accuracy(rows, labels.roll(1), 2) <= 1
    assert torch.equal(fit(rows, labels, 5).predict(rows), labels)


def test_data_without_labels_are_refused():
    assert "no labels" in METRIC.accepts(evaluation(labelled(2, 0)[0], labelled(2, 1)[0]).splits)
    assert METRIC.accepts(looked_at(labelled(2, 0)[0]).splits) == ""
