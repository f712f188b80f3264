"""Statistics over seeds: they agree with scipy, with slow obvious forms and with published tables, and nothing breaks
without spread.
"""

from functools import partial
from itertools import chain, combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from genbench.report.stats import statistics

pytestmark = pytest.mark.filterwarnings("error")
BOTH = pytest.mark.parametrize("paired", [True, False])


def values(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def same(*numbers):
    return np.array(numbers, dtype=float)


def test_a_paired_contrast_is_scipys_paired_t_test():
    a, b = values(2, 6)
    found, known = statistics.contrast(a, b, paired=True), stats.ttest_rel(a, b)
    assert found == pytest.approx((np.mean(a - b), *known.confidence_interval(0.95), known.pvalue))


def test_an_unpaired_contrast_is_scipys_welch_test():
    a, b = values(4), 3 * values(7, seed=1)
    found, known = statistics.contrast(a, b, paired=False), stats.ttest_ind(a, b, equal_var=False)
    assert found == pytest.approx((np.mean(a) - np.mean(b), *known.confidence_interval(0.95), known.pvalue))


@BOTH
def test_a_contrast_the_other_way_round_is_its_mirror_image(paired):
    a, b = values(2, 5)
    there, back = statistics.contrast(a, b, paired=paired), statistics.contrast(b, a, paired=paired)
    assert (back.difference, back.low, back.high, back.p) == pytest.approx(
        (-there.difference, -there.high, -there.low, there.p)
    )


@BOTH
def test_values_without_spread_that_are_equal_differ_by_nothing(paired):
    assert statistics.contrast(same(8, 8, 8), same(8, 8, 8), paired=paired) == (0, 0, 0, 1)


def test_values_that_are_equal_seed_by_seed_differ_by_nothing():
    assert statistics.contrast(values(5), values(5), paired=True) == (0, 0, 0, 1)


@BOTH
def test_rounding_is_no_spread(paired):
    a = same(0.1 + 0.2, 0.3, 0.3)
    assert statistics.contrast(a, same(0.3, 0.3, 0.3), paired=paired) == (0, 0, 0, 1)


@BOTH
def test_unequal_values_without_spread_have_the_p_of_two_outcomes_falling_apart(paired):
    draws = np.array(list(product([7.0, 8.0], repeat=6)))
    apart = [row for row in draws if len(set(row[:3])) == len(set(row[3:])) == 1 and row[0] != row[3]]
    found = statistics.contrast(same(8, 8, 8), same(7, 7, 7), paired=paired)
    assert found == (1, 1, 1, len(apart) / len(draws))


def test_one_contender_without_spread_is_compared_without_a_warning():
    found = statistics.contrast(same(8, 8, 8), same(7, 8, 6), paired=False)
    assert found.difference == 1
    assert 0.05 < found.p < 1


def test_a_t_interval_of_values_without_spread_is_their_value():
    assert statistics.t_interval(same(8, 8, 8)) == (8, 8)
    assert statistics.bootstrap_interval(same(8, 8, 8)) == (8, 8)


@pytest.mark.parametrize("interval", [statistics.t_interval, statistics.bootstrap_interval])
def test_one_value_has_no_interval(interval):
    assert np.isnan(interval(same(1))).all()


def test_a_t_interval_holds_the_values_of_a_t_test_that_does_not_reject():
    a = values(6)
    for end in statistics.t_interval(a):
        assert stats.ttest_1samp(a, end).pvalue == pytest.approx(0.05)


def test_a_bootstrap_interval_repeats_itself_and_stays_within_the_values():
    a = values(3)
    low, high = statistics.bootstrap_interval(a)
    assert (low, high) == statistics.bootstrap_interval(a)
    assert a.min() <= low < a.mean() < high <= a.max()


def test_the_interquartile_mean_is_the_mean_of_the_middle_half():
    assert statistics.interquartile_mean(same(0, 2, 4, 100)) == 3
    assert statistics.interquartile_mean(same(0, 2, 100)) == 34


def test_nothing_has_no_mean_and_one_value_no_deviation():
    assert np.isnan([statistics.mean(same()), statistics.interquartile_mean(same()), statistics.sd(same(1))]).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holms_adjustment_is_the_closure_of_bonferronis(p):
    subsets = list(chain.from_iterable(combinations(range(len(p)), size) for size in range(1, len(p) + 1)))
    closed = [
        max(min(1.0, len(subset) * min(p[i] for i in subset)) for subset in subsets if number in subset)
        for number in range(len(p))
    ]
    assert statistics.holm(p) == pytest.approx(closed)


def test_the_probability_of_improvement_is_mann_and_whitneys_statistic():
    a, b = np.round(values(5)), np.round(values(7, seed=1))
    higher = statistics.probability_of_improvement(a, b, better="higher")
    assert higher == pytest.approx(stats.mannwhitneyu(a, b).statistic / 35)
    assert statistics.probability_of_improvement(a, b, better="lower") == pytest.approx(1 - higher)


def test_contenders_that_tie_beat_each_other_half_of_the_time():
    assert statistics.probability_of_improvement(same(8, 8), same(8, 8, 8), better="lower") == 0.5


def test_the_ends_of_wilsons_interval_are_rates_under_which_the_count_lies_on_the_edge():
    for rate in statistics.wilson(3, 20):
        assert abs(3 / 20 - rate) == pytest.approx(stats.norm.isf(0.025) * np.sqrt(rate * (1 - rate) / 20))


def test_nothing_counted_has_no_rate():
    assert np.isnan(statistics.wilson(0, 0)).all()


@pytest.mark.parametrize(("effect", "seeds"), [(0.5, 34), (0.8, 15), (1.0, 10)])
def test_the_seeds_of_a_paired_test_are_those_of_published_tables(effect, seeds):
    assert statistics.seeds_to_settle(partial(statistics.paired_power, effect, 1.0), more_than=2) == seeds


@pytest.mark.parametrize(("effect", "seeds"), [(0.5, 64), (0.8, 26), (1.0, 17)])
def test_the_seeds_of_a_test_of_two_samples_are_those_of_cohens_tables(effect, seeds):
    assert statistics.seeds_to_settle(partial(statistics.welch_power, effect, 1.0, 1.0), more_than=2) == seeds


def test_power_is_the_share_of_tests_that_find_the_difference():
    a, b = values(2, 4000, 6)
    found = stats.ttest_rel(a + 1, b, axis=1)
    assert statistics.paired_power(1.0, 2**0.5, 6) == pytest.approx(
        np.mean((found.pvalue <= 0.05) & (found.statistic > 0)), abs=0.03
    )


@pytest.mark.parametrize("effect", [1e-6, 0.1, 1, 30, 1e4])
@pytest.mark.parametrize("level", [0.05, 0.05 / 400])
def test_power_is_a_number_that_grows_with_the_seeds(effect, level):
    powers = [statistics.welch_power(effect, 1.0, 0.0, seeds, level) for seeds in (2, 3, 10, 100, 1000)]
    assert np.isfinite(powers).all()
    assert powers == sorted(powers)
    assert powers[0] >= level / 2


def test_a_difference_too_small_for_a_thousand_seeds_is_not_settled():
    assert statistics.seeds_to_settle(partial(statistics.paired_power, 0.01, 1.0), more_than=5) is None


def test_values_without_spread_are_settled_where_their_p_is_small_enough():
    assert statistics.seeds_to_settle(partial(statistics.spreadless_power, level=0.05 / 6), more_than=3) == 4
