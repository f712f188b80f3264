"""The design of looks: when one looks, and at which level."""

import pytest

from genbench.report.stats.sequential import Design, design
from genbench.report.stats.spending import t_levels

pytestmark = pytest.mark.slow


def test_a_study_is_looked_at_as_soon_as_a_verdict_is_possible_and_after_every_seed():
    assert design(6).looks == (3, 4, 5, 6)


def test_one_look_at_the_cap_is_the_fixed_procedure():
    fixed = Design(looks=(8,))
    assert [fixed.level(0, comparisons) for comparisons in (1, 3, 10)] == pytest.approx([0.05] * 3)
    assert fixed.spent(0) == pytest.approx(0.05)


def test_p_that_decides_is_at_most_what_its_own_looks_allow_however_far_holm_has_come():
    found = design(8)
    for look in range(len(found.looks)):
        for comparisons in (2, 6):
            for left in range(1, comparisons + 1):
                allowed = t_levels(found.looks, found.spending, 0.05 / left)[look]
                assert found.level(look, comparisons) / left <= allowed * (1 + 1e-12)


def test_a_level_never_grows_with_the_number_of_comparisons():
    found = design(12)
    levels = [found.level(4, comparisons) for comparisons in (1, 2, 5, 20)]
    assert levels == sorted(levels, reverse=True)
