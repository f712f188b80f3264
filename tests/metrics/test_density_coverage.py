"""density and coverage: the published formulas, written plainly; and what their clipped forms promise."""

import numpy as np
import pytest
import torch
from pictured import evaluation, images
from scipy.special import betaln, comb

from genbench.contract import registry
from genbench.metrics import neighbourhoods
from genbench.metrics.density_coverage import (
    clipped_coverage_of,
    clipped_density_of,
    coverage_of,
    density_of,
    expected_coverage,
)
from genbench.metrics.neighbourhoods import meet, nearest_others

NAMES = ("density", "coverage", "clipped_density", "clipped_coverage")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path))


def rows(count, seed, scale=1.0, dimensions=5):
    random = torch.Generator().manual_seed(seed)
    return scale * torch.randn(count, dimensions, generator=random, dtype=torch.float64)


def ours(fake, real, k=5):
    others = nearest_others(real, k)
    met = meet(fake, real, narrow=others.radii(min(3, k)), wide=others.radii(k))
    return {
        "density": density_of(met.within, len(fake), k),
        "coverage": coverage_of(met.within),
        "clipped_density": clipped_density_of(met.around, others, k),
        "clipped_coverage": clipped_coverage_of(met.within, len(fake), k),
    }


def published(fake, real, k=5):
    """arXiv:2002.09797 and arXiv:2507.01761, pair by pair."""
    fake, real = fake.numpy(), real.numpy()
    within = np.sqrt(((real[:, None] - real[None]) ** 2).sum(2))
    between = np.sqrt(((real[:, None] - fake[None]) ** 2).sum(2))
    order = np.argsort(within, axis=1)[:, 1 : k + 1]
    near = np.take_along_axis(within, order, axis=1)
    radius = near[:, -1]
    small = np.minimum(radius, np.median(radius))
    appears = np.array([sum(j in order[i][near[i] <= small[i]] for i in range(len(real))) for j in range(len(real))])
    ideal = np.minimum(appears / k, 1).mean()
    nearest = np.sort(between, axis=1)[:, :k] < radius[:, None]
    expected = [
        sum(
            min(j, k) / k * comb(m, j) * np.exp(betaln(k + j, len(real) + m - k - j) - betaln(k, len(real) - k))
            for j in range(m + 1)
        )
        if m >= k
        else 0.0
        for m in range(len(fake) + 1)
    ]
    return {
        "density": (between < radius[:, None]).sum() / (k * len(fake)),
        "coverage": (between.min(1) < radius).mean(),
        "clipped_density": min(1, np.minimum((between <= small[:, None]).sum(0) / k, 1).mean() / ideal),
        "clipped_coverage": np.searchsorted(expected, nearest.mean() - 1e-9) / len(expected),
    }


@pytest.mark.parametrize("distances", [2**25, 100])
@pytest.mark.parametrize(("sizes", "k"), [((40, 30), 5), ((30, 40), 5), ((25, 25), 2)])
def test_the_numbers_are_the_published_ones_whatever_the_blocks(sizes, k, distances, monkeypatch):
    monkeypatch.setattr(neighbourhoods, "DISTANCES", distances)
    fake, real = rows(sizes[0], 0, scale=0.8) + 0.3, rows(sizes[1], 1)
    found = ours(fake, real, k)
    assert found == pytest.approx(published(fake, real, k))
    assert 0 < found["clipped_coverage"] < 1


def test_an_expected_coverage_is_that_of_sums_over_all_counts():
    plainly = published(rows(20, 0), rows(30, 1))
    assert ours(rows(20, 0), rows(30, 1)) == pytest.approx(plainly)
    found = expected_coverage(20, 30, 5)
    assert len(found) == 21
    assert (np.diff(found[5:]) > 0).all()
    assert (found[:5] == 0).all()


def test_fresh_real_data_have_density_1_and_coverage_near_1_and_read_as_all_good():
    found = ours(rows(900, 0), rows(900, 1))
    assert found["density"] == pytest.approx(1, abs=0.07)
    assert found["coverage"] == pytest.approx(1 - 2**-5, abs=0.02)
    assert found["clipped_density"] == pytest.approx(1, abs=0.07)
    assert found["clipped_coverage"] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("good", [0.25, 0.5, 0.75])
def test_the_clipped_forms_read_as_the_share_of_good_samples(good):
    fake, real = rows(800, 0), rows(800, 1)
    fake[int(good * 800) :] += 100
    found = ours(fake, real)
    assert found["clipped_density"] == pytest.approx(good, abs=0.07)
    assert found["clipped_coverage"] == pytest.approx(good, abs=0.07)


def test_an_outlier_among_the_real_images_raises_density_but_not_its_clipped_form():
    real, fake = rows(200, 1), rows(200, 0) + 40
    real[0] = 80  # its neighbourhood reaches back to all others
    found = ours(fake, real)
    assert found["density"] >= 0.2
    assert found["clipped_density"] == 0


def test_far_samples_score_0_and_order_and_rotation_do_not_matter():
    fake, real, rotation = rows(40, 0, scale=0.9), rows(50, 1), torch.linalg.qr(rows(5, 2)).Q
    assert set(ours(fake + 1000, real).values()) == {0.0}
    assert ours((fake @ rotation).flip(0), (real @ rotation).roll(7, 0)) == pytest.approx(ours(fake, real))


def test_one_pass_over_the_distances_serves_precision_too(monkeypatch):
    passes = []
    for name in ("nearest_others", "meet"):
        plain = getattr(neighbourhoods, name)
        monkeypatch.setattr(neighbourhoods, name, lambda *a, _n=name, _p=plain, **k: passes.append(_n) or _p(*a, **k))
    looked_at = evaluation(images(30, 0), images(25, 1))
    for name in (*NAMES, "precision"):
        assert registry.load("metrics", name).compute(looked_at) >= 0
    assert sorted(passes) == ["meet", "nearest_others"]


def test_fewer_images_than_neighbours_are_warned_of():
    looked_at = evaluation(images(4, 0), images(9, 1))
    for name in NAMES:
        assert registry.load("metrics", name).compute(looked_at) >= 0
    assert "4 images have fewer than 5 neighbours" in looked_at.warnings[0]
