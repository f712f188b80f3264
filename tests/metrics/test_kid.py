"""kid: torch-fidelity's number, unbiased, with a rule for small sets."""

import pytest
import torch
from pictured import evaluation, images

from genbench.metrics.kid import kernel_distance, kid, mmd2


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path))


def rows(count, seed, shift=0.0):
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(seed)) + shift


def test_the_distance_is_that_of_torch_fidelity():
    from torch_fidelity.metric_kid import kid_features_to_metric

    fake, real = rows(50, 0, shift=0.5), rows(40, 1)
    theirs = kid_features_to_metric(fake, real, kid_subsets=7, kid_subset_size=20, verbose=False)[
        "kernel_inception_distance_mean"
    ]
    assert kernel_distance(fake, real, subsets=7, subset=20) == pytest.approx(theirs, rel=1e-5, abs=1e-6)


def test_the_mmd_is_the_double_sum_of_its_definition():
    x, y = rows(4, 0).double(), rows(4, 1).double()

    def kernel(a, b):
        return float((a @ b / 6 + 1) ** 3)

    within = sum(kernel(part[i], part[j]) for part in (x, y) for i in range(4) for j in range(4) if i != j) / 12
    between = sum(kernel(a, b) for a in x for b in y) / 16
    assert mmd2(x, y) == pytest.approx(within - 2 * between)


def test_the_distance_between_samples_of_one_law_is_around_zero():
    values = [mmd2(rows(40, 2 * seed).double(), rows(40, 2 * seed + 1).double()) for seed in range(50)]
    mean, deviation = torch.tensor(values).mean(), torch.tensor(values).std()
    assert min(values) < 0
    assert abs(mean) < 4 * deviation / 50**0.5


def test_smaller_sets_than_a_subset_are_warned_of():
    looked_at = evaluation(images(9, 0, dark=0.4), images(7, 1))
    assert kid(looked_at) > 0
    assert looked_at.warnings == ["kid: subsets hold 7 images, not 1000: there are 9 samples and 7 real images"]
