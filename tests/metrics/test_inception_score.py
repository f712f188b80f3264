"""is: 1 for classes that say nothing, their number at best, torch-fidelity's number always."""

import pytest
import torch
from pictured import evaluation, images

from genbench.metrics.inception_score import inception_score, score


@pytest.mark.parametrize("count", [10, 57, 200])
def test_the_score_is_that_of_torch_fidelity(count):
    from torch_fidelity.metric_isc import isc_features_to_metric

    logits = 3 * torch.randn(count, 7, generator=torch.Generator().manual_seed(0))
    assert inception_score(logits, 10) == pytest.approx(
        isc_features_to_metric(logits)["inception_score_mean"], rel=1e-9
    )


def test_the_score_of_equal_logits_is_one():
    assert inception_score(torch.ones(40, 7), 10) == pytest.approx(1)


def test_the_score_of_sure_and_even_classes_is_their_number():
    assert inception_score(torch.eye(5).repeat(80, 1) * 200, 1) == pytest.approx(5)


def test_fewer_samples_than_parts_are_warned_of():
    looked_at = evaluation(images(4, 0), images(5, 1))
    assert score(looked_at) == pytest.approx(1)
    assert "4 samples" in looked_at.warnings[0]
