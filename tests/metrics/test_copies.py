"""copies: all of them are found, none among fresh images however blurred, and the interval holds what it should."""

import pytest
import torch
from pictured import evaluation
from scipy.stats import binom

from genbench.contract import registry
from genbench.metrics.copies import copied, copies, copies_at_least, copies_at_most, feature_copies


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path))


def noise(count, seed):
    return torch.randint(0, 256, (count, 8, 8, 3), generator=torch.Generator().manual_seed(seed)).to(torch.uint8)


def looked_at(samples, seed=0):
    return evaluation(samples, noise(60, seed + 1), train=noise(80, seed))


def test_copies_of_training_images_are_all_found():
    found = looked_at(noise(80, 0)[:50])
    assert copies(found) == 1
    assert 0.85 < copies_at_least(found) <= copies_at_most(found) == 1
    assert "copies of training images" in found.warnings[0]


def test_copies_of_held_out_images_are_none():
    found = looked_at(noise(60, 1))
    assert (copies(found), copies_at_least(found)) == (0, 0)
    assert copies_at_most(found) < 0.12
    assert not found.warnings


def test_fresh_and_blurred_images_are_no_copies():
    fresh = noise(50, 5)
    blurred = fresh.float().mean((1, 2), keepdim=True).expand(fresh.shape).to(torch.uint8)
    assert copies(looked_at(fresh)) == copies(looked_at(blurred)) == 0


@pytest.mark.parametrize("count", [10, 25, 40])
def test_their_share_is_named(count):
    found = looked_at(torch.cat([noise(80, 0)[:count], noise(50 - count, 5)]))
    assert copies(found) == pytest.approx(count / 50)
    assert copies_at_least(found) < count / 50 < copies_at_most(found)


def test_a_copy_with_a_little_noise_is_one():
    jittered = (noise(80, 0)[:40].int() + torch.randint(-20, 21, (40, 8, 8, 3))).clamp(0, 255).to(torch.uint8)
    assert copies(looked_at(jittered)) == 1


def test_a_data_set_that_repeats_itself_accuses_no_generator():
    """Half of the held-out images are training images, and so are half of what a perfect generator makes."""
    train = noise(80, 0)
    test = torch.cat([noise(30, 1), train[:30]])[torch.randperm(60, generator=torch.Generator().manual_seed(3))]
    samples = torch.cat([train[40:60], noise(20, 7)])
    found = evaluation(samples, test, train=train)
    assert copies(found) < 0.4
    assert copies_at_least(found) == 0


def test_a_set_of_which_every_held_out_image_is_a_copy_says_nothing():
    train = noise(80, 0)
    found = evaluation(train[:30], torch.cat([train[:40], train[:40]]).roll(1, 0), train=train)
    assert 0 <= copies_at_least(found) <= copies_at_most(found) <= 1
    assert copied(torch.ones(9, dtype=torch.bool), torch.ones(9, dtype=torch.bool)) == (0, 0, 1)


@pytest.mark.parametrize(("share", "base"), [(0.0, 0.05), (0.3, 0.0), (0.3, 0.1), (0.8, 0.05)])
def test_the_interval_holds_the_share_in_95_of_100_cases(share, base):
    """Over all outcomes of 40 samples and 30 held-out images, each weighted by its probability."""
    near = share + (1 - share) * base
    holds = 0.0
    for of_samples in range(41):
        for of_heldout in range(31):
            weight = binom.pmf(of_samples, 40, near) * binom.pmf(of_heldout, 30, base)
            if weight > 1e-7:
                found = copied(torch.arange(40) < of_samples, torch.arange(30) < of_heldout)
                holds += weight * (found.low - 1e-12 <= share <= found.high + 1e-12)
    assert holds > 0.93


def test_features_find_copies_too():
    train = noise(80, 0)
    assert feature_copies(looked_at(train[:40])) == 1
    assert feature_copies(looked_at(noise(40, 5))) < 0.5


def test_too_few_held_out_images_are_refused():
    splits = evaluation(noise(4, 0), noise(3, 1)).splits
    assert "fewer than 4 held-out images" in registry.load("metrics", "copies").accepts(splits)
