"""Metrics of mixtures: analytic values, known extremes, and honest numbers for broken samples."""

import math

import pytest
import torch

from genbench.contract.dataset import Mixture, Splits
from genbench.contract.metric import Evaluation
from genbench.kernels import mmd2
from genbench.metrics import modes

MODES, RADIUS, STD = 8, 2.0, 0.2
METRICS = {metric.name: metric for metric in modes.genbench_metrics()}


def centres():
    angles = torch.arange(MODES, dtype=torch.float64) * (2 * math.pi / MODES)
    return RADIUS * torch.stack([angles.cos(), angles.sin()], 1)


def drawn(count, seed, std=STD):
    """As many points of each mode."""
    noise = torch.randn(count, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (centres()[torch.arange(count) % MODES] + std * noise).float()


def evaluation(samples, test=None, std=STD):
    splits = Splits(
        train=drawn(8, 0),
        test=drawn(64, 1) if test is None else test,
        mixture=Mixture(centres=centres(), std=std, radius=RADIUS),
    )
    return Evaluation(samples=samples, splits=splits)


def scores(samples, **data):
    shared = evaluation(samples, **data)
    return {name: metric.compute(shared) for name, metric in METRICS.items()}


def test_real_points_score_the_share_of_a_gaussian_within_three_deviations():
    count = 80_000
    analytic = 1 - math.exp(-4.5)
    error = math.sqrt(analytic * (1 - analytic) / count)
    # Neighbouring modes are 7.65 deviations apart: some points beyond 3 deviations of their own lie near the next one,
    # about 1 in 1e6.
    assert modes.high_quality(evaluation(drawn(count, 2))) == pytest.approx(analytic, abs=4 * error + 1e-5)


def test_real_points_hold_all_modes_evenly():
    found = scores(drawn(1600, 2))
    assert found["modes"] == found["modes_any"] == MODES
    assert found["mode_kl"] < 1e-2


def test_samples_at_one_mode_hold_one_mode_and_are_log_8_from_uniform():
    found = scores(centres()[3].float().expand(50, 2))
    assert found["modes"] == found["modes_any"] == found["high_quality"] == 1
    assert found["mode_kl"] == pytest.approx(math.log(8), abs=1e-12)


def test_samples_at_all_modes_in_equal_numbers_are_at_no_distance_from_uniform():
    assert modes.mode_kl(evaluation(centres().float().repeat(3, 1))) == 0


def test_a_mode_is_held_from_one_percent_of_all_samples_on_and_found_from_one_sample_on():
    rest = torch.zeros(700, 2)
    for at_mode, held in ((7, 1), (6, 0)):
        samples = rest.clone()
        samples[:at_mode] = centres()[0]
        found = scores(samples)
        assert (found["modes"], found["modes_any"]) == (held, 1)


def test_a_sample_is_of_high_quality_up_to_three_deviations_in_euclidean_distance():
    direction = torch.tensor([0.6, 0.8], dtype=torch.float64)
    samples = torch.stack([centres()[0] + direction * STD * reach for reach in (2.99, 3.01)])
    assert modes.high_quality(evaluation(samples)) == 0.5


def test_every_sample_counts_for_the_balance_of_modes_however_far():
    near = centres().float()
    assert modes.mode_kl(evaluation(torch.cat([near, near * 10]))) == 0
    assert modes.high_quality(evaluation(torch.cat([near, near * 10]))) == 0.5


def test_scores_do_not_depend_on_the_order_of_samples():
    samples = drawn(80, 4, std=0.5)
    shuffled = scores(samples[torch.randperm(80, generator=torch.Generator().manual_seed(0))])
    assert shuffled == pytest.approx(scores(samples), rel=1e-12)


def test_mmd_of_a_sample_with_itself_is_zero():
    real = drawn(40, 3)
    assert modes.mmd(evaluation(real, test=real)) == 0


def test_mmd_is_the_root_of_an_equal_mixture_of_the_kernel_losses_mmd2(monkeypatch):
    fake, real = drawn(45, 3, std=0.6), drawn(40, 4)
    expected = math.sqrt(mmd2(fake.double(), real.double(), [0.1 * RADIUS, 0.5 * RADIUS]) / 2)
    assert modes.mmd(evaluation(fake, test=real)) == pytest.approx(expected, rel=1e-12)
    monkeypatch.setattr(modes, "BLOCK", 100)
    assert modes.mmd(evaluation(fake, test=real)) == pytest.approx(expected, rel=1e-12)


def test_mmd_compares_with_as_many_held_out_points_as_samples():
    fake, real = drawn(16, 3), drawn(40, 4)
    assert modes.mmd(evaluation(fake, test=real)) == modes.mmd(evaluation(fake, test=real[:16]))


def test_mmd_in_units_of_the_radius_is_at_most_the_root_of_two():
    apart = torch.full((10, 2), 1e6)
    assert modes.mmd(evaluation(apart, test=torch.zeros(10, 2))) == pytest.approx(math.sqrt(2), rel=1e-6)


def test_max_abs_is_the_largest_coordinate_of_either_sign():
    assert modes.max_abs(evaluation(torch.tensor([[1.0, -7.5], [3.0, 2.0]]))) == 7.5


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_a_sample_that_is_not_finite_counts_against_the_generator(broken):
    samples = centres().float().repeat(2, 1)
    samples[0, 1] = broken
    found = scores(samples)
    assert found["high_quality"] == 15 / 16
    assert found["modes"] == found["modes_any"] == MODES
    assert math.isnan(found["mode_kl"])
    assert math.isnan(found["mmd"])
    assert not math.isfinite(found["max_abs"])


def test_samples_none_of_which_is_finite_score_nothing():
    found = scores(torch.full((9, 2), math.nan))
    assert found["modes"] == found["modes_any"] == found["high_quality"] == 0
    assert all(math.isnan(found[name]) for name in ("mode_kl", "mmd", "max_abs"))


def test_only_mixtures_are_accepted_and_the_reason_is_given():
    plain = Splits(train=torch.zeros(4, 2), test=torch.zeros(4, 2))
    assert all("mixture" in metric.accepts(plain) for metric in METRICS.values())
    assert not any(metric.accepts(evaluation(drawn(8, 0)).splits) for metric in METRICS.values())
