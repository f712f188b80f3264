"""Alpha spending: the published bounds, sums, and the levels of t by a slow obvious simulation."""

import numpy as np
import pytest
from scipy import stats

from genbench.report.stats.spending import KINDS, gaussian_levels, spent, t_levels


def test_the_bounds_of_five_looks_are_those_that_are_published():
    """Of Lan and DeMets' O'Brien-Fleming-like function, one-sided 0.025, five even looks (Jennison and Turnbull 2000;
    ldbounds and gsDesign print them).
    """
    bounds = stats.norm.isf(np.array(gaussian_levels((1, 2, 3, 4, 5), "obrien-fleming", 0.05)) / 2)
    assert bounds == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=6e-4)


def test_the_pocock_like_bounds_of_five_looks_are_those_that_are_published():
    bounds = stats.norm.isf(np.array(gaussian_levels((1, 2, 3, 4, 5), "pocock", 0.05)) / 2)
    assert bounds == pytest.approx([2.438, 2.427, 2.410, 2.397, 2.386], abs=2e-3)


@pytest.mark.parametrize("spending", KINDS)
@pytest.mark.parametrize("level", [0.05, 0.05 / 15])
def test_what_is_spent_grows_to_the_level(spending, level):
    shares = [spent(spending, share, level) for share in np.linspace(0.1, 1, 10)]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(level)


@pytest.mark.parametrize("spending", KINDS)
@pytest.mark.parametrize("levels", [gaussian_levels, t_levels])
def test_a_single_look_is_the_fixed_test(spending, levels):
    assert levels((7,), spending, 0.05) == pytest.approx([0.05], rel=1e-9)


@pytest.mark.parametrize("spending", KINDS)
def test_the_first_look_has_all_that_may_be_spent_by_then(spending):
    assert t_levels((3, 5, 8), spending, 0.05)[0] == pytest.approx(spent(spending, 3 / 8, 0.05))


@pytest.mark.parametrize(("looks", "spending"), [((3, 4, 5, 6), "pocock"), ((3, 5, 8), "obrien-fleming")])
def test_t_of_normal_values_passes_its_levels_as_often_as_is_spent(looks, spending):
    values = np.random.default_rng(0).standard_normal((200_000, looks[-1]))
    p = np.stack([stats.ttest_1samp(values[:, :seeds], 0, axis=1).pvalue for seeds in looks], axis=1)
    passed = np.maximum.accumulate(p <= np.array(t_levels(looks, spending, 0.05)), axis=1).mean(axis=0)
    assert passed == pytest.approx([spent(spending, seeds / looks[-1], 0.05) for seeds in looks], abs=0.0015)


def test_the_levels_of_means_would_be_passed_too_often_by_t():
    looks = tuple(range(3, 9))
    values = np.random.default_rng(0).standard_normal((50_000, 8))
    p = np.stack([stats.ttest_1samp(values[:, :seeds], 0, axis=1).pvalue for seeds in looks], axis=1)
    assert (p <= np.array(gaussian_levels(looks, "obrien-fleming", 0.05))).any(axis=1).mean() > 0.054


def test_levels_grow_with_what_may_be_spent():
    small, large = (np.array(t_levels(tuple(range(3, 13)), "obrien-fleming", level)) for level in (0.01, 0.05))
    assert (small < large).all()
