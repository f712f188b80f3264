"""The interval beside a verdict agrees with it, whatever the data are."""

import dataclasses
import math

import numpy as np
import pytest

from genbench.report.claims import differences
from genbench.report.claims.evidence import agreeing
from genbench.report.stats import judgement, statistics
from genbench.report.stats.outcomes import UNSCORED, Family, Outcomes
from genbench.report.stats.pairing import compare

LAWS = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "apart": lambda rng, shape: rng.standard_normal(shape) + rng.integers(0, 4, (*shape[:-1], 1)),
    "two outcomes": lambda rng, shape: 0.001 * rng.standard_normal(shape) + (rng.random(shape) < 0.5),
    "few values": lambda rng, shape: rng.integers(6, 9, shape).astype(float),
    "no spread": lambda rng, shape: np.broadcast_to(rng.integers(6, 9, (*shape[:-1], 1)), shape).astype(float),
}


def family(values, *, lost=0.0, better="lower", paired=True, rng=None):
    """What came of seeds, [contenders, seeds]; a share of them, drawn, is lost."""
    outcomes = {}
    for number, row in enumerate(values):
        kept = {seed: float(value) for seed, value in enumerate(row) if not lost or rng.random() >= lost}
        outcomes[f"m{number}"] = {
            "": Outcomes(
                statuses={seed: "finished" if seed in kept else UNSCORED for seed in range(len(row))},
                scores=kept,
                starts={seed: str(seed) if paired else "" for seed in range(len(row))},
                possible=math.nan,
            )
        }
    return Family(dataset="d", metric="fid", better=better, role="primary", conditions=("",), outcomes=outcomes)


def drawn():
    """Families of every law, paired and not, with lost trials and without, of 2 to 4 contenders."""
    rng = np.random.default_rng(0)
    for number in range(45):
        law = list(LAWS.values())[number % len(LAWS)]
        shape = (2 + number % 3, 3 + number // 3 % 4)
        yield family(law(rng, shape), lost=0.2 * (number // 2 % 2), paired=number // 4 % 2 == 0, rng=rng)


@pytest.fixture(scope="module")
def verdicts():
    with np.errstate(all="ignore"):
        return [(one, found) for one in drawn() for found in judgement.judge([one])]


def excludes_zero(low, high):
    return not math.isnan(low) and not low <= 0 <= high


def test_an_interval_excludes_0_beside_better_and_worse_and_beside_nothing_else(verdicts):
    words = {"better": 0, "worse": 0, "inconclusive": 0, "equal": 0}
    for _, one in verdicts:
        words[one.verdict] = words.get(one.verdict, 0) + 1
        for low, high, word in (
            (one.low, one.high, one.verdict),
            (one.low_of_scored, one.high_of_scored, one.of_scored),
        ):
            assert math.isnan(low) or excludes_zero(low, high) == (word in ("better", "worse")), one
    assert min(words.values()) > 3, words


def test_an_interval_holds_the_difference_and_is_never_narrower_than_one_comparison_has_it(verdicts):
    shown = [(one, found) for one, found in verdicts if not math.isnan(found.low)]
    assert len(shown) > 60
    for one, found in shown:
        pair = compare(one, found.a, found.b, one.conditions)
        alone = statistics.contrast(*pair.values, paired=pair.paired)
        assert found.low <= alone.low + 1e-9
        assert found.high >= alone.high - 1e-9
        assert found.low <= found.difference <= found.high


def test_bonferronis_interval_gives_way_to_holms_step_only_where_that_alone_decides():
    values = [[-1.6, 0.2, -0.5, 1.2, 1.0], [-1.2, 1.5, -0.1, 2.6, 1.7], [5.5, 3.9, 6.8, 7.0, 3.9]]
    found = judgement.judge([family(values)])
    assert [one.verdict for one in found] == ["better"] * 3
    assert [one.level for one in found] == pytest.approx([0.05, 0.05 / 3, 0.05 / 3])
    assert found[0].p > 0.05 / 3


def test_where_a_permutation_test_does_not_agree_the_interval_reaches_0():
    values = [[-0.001, -0.001, 0.001], [-0.001, -0.001, 1.0], [1.001, 1.0, 1.0]]
    found = judgement.judge([family(values)])[1]
    assert (found.verdict, found.level) == ("inconclusive", found.p)
    assert found.p < 0.001
    assert found.low == pytest.approx(2 * found.difference)
    assert found.high == pytest.approx(0)


def test_values_without_spread_have_a_difference_and_no_interval():
    (one,) = judgement.judge([family([[8.0] * 5, [7.0] * 5])])
    assert (one.verdict, one.difference) == ("worse", 1)
    assert math.isnan(one.low)
    assert "higher than m1's by 1 (no spread over 5 seeds" in judgement.sentence(one)
    few = judgement.judge([family([[8.0] * 3, [7.0] * 3, [6.0] * 3])])
    assert {found.verdict for found in few} == {"inconclusive"}
    assert "inconclusive, +1 (no spread" in judgement.sentence(few[0])


def test_where_ranks_decide_the_interval_stands_beside_what_the_seeds_with_a_score_say():
    one = family([[1.0, 1.1, 1.2, 1.05, 1.15], [3.0, 3.1, 3.2, 3.05, 3.15]])
    lost = {**one.outcomes["m0"][""].statuses, 9: UNSCORED, 10: UNSCORED, 11: UNSCORED}
    one = dataclasses.replace(
        one, outcomes={**one.outcomes, "m0": {"": dataclasses.replace(one.outcomes["m0"][""], statuses=lost)}}
    )
    (found,) = judgement.judge([one])
    assert (found.test, found.of_scored) == ("ranks", "better")
    assert math.isnan(found.low)
    assert found.high_of_scored < 0


def test_a_claim_that_is_not_decided_has_an_interval_that_reaches_its_bound(verdicts):
    for one, found in verdicts:
        part = differences.contrast(compare(one, found.a, found.b, one.conditions))
        if math.isnan(part.p_held):
            continue
        for level in (0.05, 0.01):
            for least in (0.0, 1.0):
                low, high = agreeing(part, level, least=least)
                p = max(least if part.comparison is not None else 0.0, min(part.p_held, part.p_refuted))
                assert math.isnan(low) or excludes_zero(low, high) == (p <= level)
