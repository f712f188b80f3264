"""Tests of claims: against textbook numbers, against their own intervals, and that Holm's steps have Holm's levels."""

import numpy as np
import pytest
from scipy import stats

from genbench.report.stats import hypotheses, statistics


@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_a_p_is_at_most_alpha_after_holm_exactly_where_it_is_at_most_its_level(alpha):
    rng = np.random.default_rng(0)
    for _ in range(200):
        p = rng.beta(0.2, 3, size=rng.integers(1, 7)).tolist()
        reached = statistics.holm(p) <= alpha
        assert (np.array(p) <= hypotheses.holm_levels(p, alpha)).tolist() == reached.tolist()


def test_the_levels_of_holm_are_those_of_its_steps():
    assert hypotheses.holm_levels([0.2, 0.001, 0.02], 0.06) == pytest.approx([0.06, 0.02, 0.03])
    assert hypotheses.holm_levels([0.2, 0.5], 0.06) == [0.03, 0.03]


def test_all_of_n_trials_show_a_share_that_n_of_n_would_rarely_be():
    assert hypotheses.share_p(36, 36, 0.9)[0] == pytest.approx(0.9**36)
    assert hypotheses.share_p(0, 5, 0.5)[1] == pytest.approx(0.5**5)


@pytest.mark.parametrize(("count", "total"), [(0, 5), (3, 7), (36, 36)])
def test_a_bound_of_a_share_is_where_its_test_turns(count, total):
    low, high = hypotheses.share_interval(count, total, 0.05)
    if count:
        assert hypotheses.share_p(count, total, low)[0] == pytest.approx(0.05)
    if count < total:
        assert hypotheses.share_p(count, total, high)[1] == pytest.approx(0.05)


def test_so_many_trials_as_would_settle_a_share_do_and_one_less_does_not():
    needed = hypotheses.share_trials(5, 5, 0.9, 0.05)
    assert 0.9**needed <= 0.05 < 0.9 ** (needed - 1)
    assert hypotheses.share_trials(5, 10, 0.5, 0.05) is None


def test_equivalence_is_found_exactly_where_the_interval_lies_within_the_margin():
    for difference in np.linspace(0, 2, 21):
        within, beyond = hypotheses.equivalence_p(difference, 0.3, 4, 1.0)
        low, high = hypotheses.equivalence_interval(difference, 0.3, 4, 0.05)
        assert (within <= 0.05) == (low > -1 and high < 1)
        assert (beyond <= 0.05) == (low > 1)


def test_with_no_margin_to_speak_of_beyond_it_is_the_two_sided_test():
    assert hypotheses.equivalence_p(0.9, 0.3, 4, 1e-12)[1] == pytest.approx(2 * stats.t.sf(3, 4))


def test_more_seeds_settle_what_is_closer_to_the_margin():
    near, far = (hypotheses.equivalence_seeds(one, 0.5, 1.0, 0.05, more_than=3) for one in (0.8, 0.1))
    assert near > far >= 4
    assert hypotheses.equivalence_seeds(1.5, 0.5, 1.0, 0.05, more_than=3) is not None
