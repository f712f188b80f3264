"""mind: the published formula, 0 for equal sets, the closed form of a shift, no more memory for more directions."""

import numpy as np
import pytest
import torch
from pictured import evaluation, images

from genbench.metrics import mind
from genbench.metrics.mind import monge_distance


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path))


def rows(count, seed, dimensions=6):
    return torch.randn(count, dimensions, generator=torch.Generator().manual_seed(seed))


def published(fake, real, directions=1000, seed=2020):
    """arXiv:2605.06797 as torch-fidelity a51aa64 draws it, one direction after the other, in numpy."""
    random = torch.Generator().manual_seed(seed)
    n, d = min(len(fake), len(real)), fake.shape[1]
    if len(fake) > n:
        fake = fake[torch.randperm(len(fake), generator=random)[:n]]
    if len(real) > n:
        real = real[torch.randperm(len(real), generator=random)[:n]]
    total = 0.0
    for u in torch.randn(directions, d, generator=random).numpy().astype(np.float64):
        u = u / np.sqrt(np.sum(u * u))
        total += np.mean((np.sort(fake.numpy() @ u) - np.sort(real.numpy() @ u)) ** 2)
    return 3 * d * total / directions


@pytest.mark.parametrize("sizes", [(40, 40), (50, 40), (40, 50)])
@pytest.mark.parametrize("projections", [2**23, 100])
def test_the_number_is_the_published_one_whatever_the_blocks(sizes, projections, monkeypatch):
    monkeypatch.setattr(mind, "PROJECTIONS", projections)
    fake, real = 0.7 * rows(sizes[0], 0) + 0.2, rows(sizes[1], 1)
    assert monge_distance(fake, real) == pytest.approx(published(fake, real), rel=1e-6)


def test_equal_sets_are_at_distance_0_in_whatever_order():
    real = rows(50, 0)
    assert monge_distance(real, real.flip(0)) == 0


def test_the_two_sets_may_change_places():
    fake, real = rows(30, 0), rows(30, 1)
    assert monge_distance(fake, real) == monge_distance(real, fake)


def test_a_shift_costs_three_times_its_squared_length_times_the_directions_spread():
    """W₂² along u of a set and its shift by s is (u·s)², whose mean over all directions is |s|² / d."""
    real, shift = rows(40, 0, dimensions=3).double(), torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    assert monge_distance(real + shift, real, 20_000) == pytest.approx(3 * float(shift.square().sum()), rel=0.03)


def test_a_scale_comes_out_squared():
    fake, real = rows(40, 0), rows(40, 1)
    assert monge_distance(3 * fake, 3 * real) == pytest.approx(9 * monge_distance(fake, real))


def test_a_rotation_changes_it_by_the_choice_of_directions_alone():
    rotation = torch.linalg.qr(rows(6, 5).double()).Q.float()
    fake, real = rows(60, 0) + 1, rows(60, 1)
    turned = monge_distance(fake @ rotation, real @ rotation, 5_000)
    assert turned == pytest.approx(monge_distance(fake, real, 5_000), rel=0.05)


def test_samples_that_look_less_like_the_data_are_further_away():
    real = images(40, 1)
    near, far = (mind.mind(evaluation(images(30, 2, dark=dark), real)) for dark in (0.0, 0.5))
    assert 0 < near < far
