"""c2st: 1 for sets that can be told apart, about a half for those that cannot, the same number every time."""

import numpy as np
import pytest
import torch
from pictured import evaluation, images
from sklearn.linear_model import LogisticRegression

from genbench.metrics.c2st import c2st, told_apart


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path))


def rows(count, seed, shift=0.0):
    return torch.randn(count, 4, generator=torch.Generator().manual_seed(seed)) + shift


def test_sets_far_apart_are_always_told_apart():
    assert told_apart(rows(60, 0, shift=9.0), rows(60, 1), most=5000) == 1


def test_two_sets_of_one_law_cannot_be_told_apart():
    assert told_apart(rows(400, 0), rows(400, 1), most=5000) == pytest.approx(0.5, abs=0.06)


def test_a_shift_is_found_as_often_as_the_best_classifier_finds_it():
    """Of N(0, 1) and N(s, 1), equally likely, no classifier is right more often than Φ(s / 2)."""
    found = told_apart(rows(1500, 0, shift=1.0), rows(1500, 1), most=5000)  # in 4 dimensions |s| = 2
    assert found == pytest.approx(0.8413, abs=0.02)


def test_the_number_is_that_of_five_folds_gone_through_by_hand():
    fake, real = rows(50, 0, shift=0.5), rows(50, 1)
    random = np.random.RandomState(2020)
    chosen = [part.double().numpy()[random.permutation(50)] for part in (fake, real)]
    x, y = np.concatenate(chosen), np.repeat([0, 1], 50)
    from sklearn.model_selection import StratifiedKFold

    right = []
    for learn, judge in StratifiedKFold(5, shuffle=True, random_state=2020).split(x, y):
        mean, std = x[learn].mean(0), x[learn].std(0)
        model = LogisticRegression(max_iter=200).fit((x[learn] - mean) / std, y[learn])
        right.append(np.mean(model.predict((x[judge] - mean) / std) == y[judge]))
    assert told_apart(fake, real, most=5000) == pytest.approx(np.mean(right))


def test_it_is_the_same_every_time_and_nothing_else_is_drawn():
    before = np.random.get_state()[1].copy()
    assert told_apart(rows(60, 0), rows(50, 1), most=40) == told_apart(rows(60, 0), rows(50, 1), most=40)
    assert (np.random.get_state()[1] == before).all()


def test_scale_and_place_of_the_features_do_not_matter():
    fake, real = rows(80, 0, shift=0.5), rows(80, 1)
    moved = told_apart(100 * fake + 7, 100 * real + 7, most=5000)
    assert moved == pytest.approx(told_apart(fake, real, most=5000), abs=0.01)


def test_few_images_are_warned_of():
    looked_at = evaluation(images(12, 0, dark=0.5), images(9, 1))
    assert 0 <= c2st(looked_at) <= 1
    assert "9 images of either kind are too few" in looked_at.warnings[0]
