"""fid: the Fréchet distance of Gaussians, equal to torch-fidelity's, finite and real however few the samples."""

import pytest
import torch
from pictured import evaluation, images

from genbench.metrics import fid as module
from genbench.metrics.fid import frechet_distance, statistics, trace_of_root

METRICS = {metric.name: metric for metric in module.genbench_metrics()}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path))


def rows(count, dimensions, seed, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(dimensions, dimensions, generator=torch.Generator().manual_seed(5))
    return (torch.randn(count, dimensions, generator=generator) @ mixing + shift).float()


def theirs(one, other):
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    return fid_statistics_to_metric(*(fid_features_to_statistics(part) for part in (one, other)), verbose=False)[
        "frechet_inception_distance"
    ]


def test_the_distance_of_features_is_that_of_torch_fidelity():
    one, other = rows(60, 20, 0), rows(50, 20, 1, shift=0.3)
    assert frechet_distance(statistics(one), statistics(other)) == pytest.approx(theirs(one, other), rel=1e-5)


def test_the_distance_of_commuting_gaussians_is_that_of_their_deviations():
    one = module.Statistics(torch.zeros(2).double(), torch.diag(torch.tensor([4.0, 9.0])).double())
    other = module.Statistics(torch.tensor([1.0, 2.0]).double(), torch.diag(torch.tensor([1.0, 1.0])).double())
    assert frechet_distance(one, other) == pytest.approx(1 + 4 + (2 - 1) ** 2 + (3 - 1) ** 2)


def test_the_distance_is_symmetric_and_that_of_a_set_to_itself_zero():
    one, other = statistics(rows(60, 20, 0)), statistics(rows(50, 20, 1))
    assert frechet_distance(one, other) == pytest.approx(frechet_distance(other, one))
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("few", "many"), [(5, 60), (60, 5), (5, 7)])
def test_of_fewer_samples_than_dimensions_the_root_is_the_sum_of_singular_values(few, many):
    one, other = rows(few, 20, 0), rows(many, 20, 1)
    centred = [(part.double() - part.double().mean(0)) / (len(part) - 1) ** 0.5 for part in (one, other)]
    expected = torch.linalg.svdvals(centred[0] @ centred[1].T).sum()
    torch.testing.assert_close(
        trace_of_root(statistics(one).covariance, statistics(other).covariance), expected, rtol=1e-6, atol=1e-6
    )


def test_the_root_is_found_where_the_search_for_eigenvectors_fails(monkeypatch):
    one, other = statistics(rows(5, 20, 0)).covariance, statistics(rows(60, 20, 1)).covariance
    expected = trace_of_root(one, other)

    def fail(matrix):
        raise torch.linalg.LinAlgError("failed to converge")

    monkeypatch.setattr(torch.linalg, "eigh", fail)
    torch.testing.assert_close(trace_of_root(one, other), expected, rtol=1e-9, atol=0)


@pytest.mark.parametrize("block", [1, 3, 7, 20, 30])
def test_the_root_does_not_depend_on_the_blocks(block, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", block)
    one, other = statistics(rows(60, 20, 0)).covariance, statistics(rows(50, 20, 1)).covariance
    expected = torch.linalg.eigvals(one @ other).real.sqrt().sum()
    torch.testing.assert_close(trace_of_root(one, other), expected, rtol=1e-11, atol=0)


def test_features_that_never_vary_do_no_harm():
    one, other = rows(60, 20, 0), rows(50, 20, 1)
    one[:, 3] = other[:, 3] = 0
    assert frechet_distance(statistics(one), statistics(other)) == pytest.approx(theirs(one, other), rel=1e-5)
    assert frechet_distance(statistics(torch.zeros(4, 3)), statistics(torch.ones(4, 3))) == pytest.approx(3)


def test_statistics_do_not_depend_on_the_order_or_the_blocks():
    many = rows(5000, 3, 0)
    found = statistics(many)
    torch.testing.assert_close(found.covariance, torch.cov(many.double().T))
    torch.testing.assert_close(found.mean, many.double().mean(0))


def test_fewer_samples_than_dimensions_are_warned_of_and_enough_are_not():
    few, enough = evaluation(images(12, 0), images(40, 1)), evaluation(images(13, 0), images(40, 1))
    assert METRICS["fid"].compute(few) > METRICS["fid"].compute(enough) > 0
    assert len(few.warnings) == 1
    assert "12 samples" in few.warnings[0]
    assert not enough.warnings


def test_the_approximate_number_has_a_name_of_its_own_and_is_near():
    looked_at = evaluation(images(40, 0, dark=0.3), images(40, 1))
    exact, approximate = (METRICS[name].compute(looked_at) for name in ("fid", "fid_approximate"))
    assert approximate != exact
    assert approximate == pytest.approx(exact, rel=0.1)
    assert {name for name, metric in METRICS.items() if metric.features == "bf16"} == {"fid_approximate"}
