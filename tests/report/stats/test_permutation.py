"""Permutation tests: they count what can be counted, agree with it where they draw, and hold back t tests."""

from itertools import combinations, permutations, product

import numpy as np
import pytest

from genbench.report.stats import permutation, statistics

pytestmark = pytest.mark.filterwarnings("error")
BOTH = pytest.mark.parametrize("paired", [True, False])


def values(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def same(*numbers):
    return np.array(numbers, dtype=float)


def test_a_paired_permutation_test_counts_the_flips_of_sign():
    a, b = values(2, 5)
    flipped = [abs(np.mean(signs * (a - b))) for signs in product([1, -1], repeat=5)]
    assert permutation.permutation_p(a, b, paired=True) == pytest.approx(
        np.mean(np.array(flipped) >= abs(np.mean(a - b)) - 1e-12)
    )


def test_a_permutation_test_counts_the_exchanges_of_labels():
    a, b = values(2, 3)
    pooled = np.concatenate([a, b])
    exchanged = [
        abs(pooled[list(order)[:3]].mean() - pooled[list(order)[3:]].mean()) for order in permutations(range(6))
    ]
    assert permutation.permutation_p(a, b, paired=False) == pytest.approx(
        np.mean(np.array(exchanged) >= abs(a.mean() - b.mean()) - 1e-12)
    )


def test_three_seeds_are_too_few_for_any_permutation_test():
    assert permutation.permutation_p(same(1, 2, 3), same(101, 102, 104), paired=True) == 0.25
    assert permutation.permutation_p(same(1, 2, 3), same(101, 102, 104), paired=False) == 0.1


def test_no_comparison_needs_no_adjustment():
    assert len(statistics.holm([])) == len(permutation.family_p([], [], paired=True)) == 0


@pytest.mark.parametrize(
    ("seeds", "paired", "agrees"), [(7, True, False), (8, True, True), (4, False, False), (5, False, True)]
)
def test_one_comparison_needs_the_agreement_of_the_permutation_test_where_that_has_room(seeds, paired, agrees):
    a, b = values(2, seeds, seed=1)
    own = permutation.permutation_p(a, b, paired=paired)
    assert own > 0.04
    assert permutation.family_p([0.04], [[a, b]], paired=paired) == [own if agrees else 0.04]


def test_a_comparison_that_says_nothing_keeps_its_p():
    assert permutation.family_p([0.06], [[values(9), values(9)]], paired=True) == [0.06]


@BOTH
def test_contenders_that_are_far_apart_stay_so_in_a_family(paired):
    block = list(values(3, 5) + 50 * np.arange(3)[:, None])
    p = [statistics.contrast(a, b, paired=paired).p for a, b in combinations(block, 2)]
    assert (permutation.family_p(p, [block], paired=paired) < 0.05).all()


def test_equal_contenders_that_fall_into_two_modes_are_not_different_because_two_of_many_fall_apart():
    block = [same(0.0, 0.01, -0.02), same(-1.0, -1.01, -0.98), same(0.02, -0.99, -1.02), same(-0.97, 0.01, 0.03)]
    p = [statistics.contrast(a, b, paired=False).p for a, b in combinations(block, 2)]
    assert statistics.holm(p).min() < 0.001
    assert permutation.family_p(p, [block], paired=False).min() > 0.05


@BOTH
def test_contenders_that_are_the_same_are_as_far_apart_as_relabelled_ones(paired):
    assert permutation.joint_permutation_p([[same(8, 8, 8, 8)] * 3], paired=paired) == 1


def test_a_joint_permutation_test_repeats_itself_and_does_not_mind_the_order():
    block = list(values(3, 5))
    first = permutation.joint_permutation_p([block], paired=True)
    assert first == permutation.joint_permutation_p([block], paired=True)
    assert first == pytest.approx(permutation.joint_permutation_p([block[::-1]], paired=True), abs=0.05)


def test_relabelling_within_seeds_finds_what_the_luck_of_seeds_hides():
    luck = 100 * values(6)
    block = [luck, luck + 1 + 0.1 * values(6, seed=1), luck + 2 + 0.1 * values(6, seed=2)]
    assert permutation.joint_permutation_p([block], paired=True) < 0.01
    assert permutation.joint_permutation_p([block], paired=False) > 0.5
