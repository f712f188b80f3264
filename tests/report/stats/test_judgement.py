"""Verdicts: who is compared with whom, in which direction, over which seeds, and what is said when nothing can be
said.
"""

import math

import numpy as np
import pytest

from genbench.report.stats import judgement
from genbench.report.stats.judgement import by_condition, sentence
from genbench.trial.record import Record, frame

pytestmark = pytest.mark.filterwarnings("error")
GOOD, BAD = (10.0, 10.2, 9.9, 10.1, 9.8), (20.0, 20.3, 19.8, 20.2, 20.1)
LOST = None


def a_record(
    method="gram",
    seed=0,
    score=1.0,
    status="finished",
    metric="fid",
    better="lower",
    start="one",
    settings=None,
    **changes,
):
    """A trial; a score of None is a trial that diverged."""
    status = "diverged" if score is None else status
    scored = status == "finished"
    plain = {"method": {"lr": 0.1}, "net": {"latent": 8}} | (settings or {})
    return Record(
        study="s",
        trial="t",
        id="1",
        method=method,
        dataset=changes.pop("dataset", "blobs"),
        architecture="mlp",
        seed=seed,
        status=status,
        metrics={metric: score} if scored else {},
        better={metric: better} if scored and better else {},
        protocol={metric: changes.pop("key", "k0")} if scored else {},
        batches_hash=f"{start}{seed}",
        generator_hash=f"{start}{seed}",
        settings=plain,
        **changes,
    )


def trials(method, scores, **changes):
    return [a_record(method, seed, score, **changes) for seed, score in enumerate(scores)]


def judged(*groups):
    return judgement.verdicts(frame([record for group in groups for record in group]))


def one(*groups):
    (verdict,) = judged(*groups)
    return verdict


def test_lower_is_better_where_the_metric_says_so():
    found = one(trials("gram", GOOD), trials("gan", BAD))
    assert (found.a, found.b, found.verdict, found.probability_of_improvement) == ("gram", "gan", "better", 1)
    assert found.difference == pytest.approx(-10.08)
    assert found.low < found.difference < found.high < 0


def test_higher_is_better_where_the_metric_says_so():
    found = one(trials("gram", GOOD, better="higher"), trials("gan", BAD, better="higher"))
    assert (found.verdict, found.probability_of_improvement) == ("worse", 0)


def test_a_metric_without_a_direction_has_an_interval_and_no_verdict():
    found = one(trials("gram", GOOD, better="neither"), trials("gan", BAD, better="neither"))
    assert (found.verdict, found.with_failures, found.why) == ("none", "none", "fid has no better direction")
    assert found.high < 0
    assert math.isnan(found.p_holm)


def test_a_method_that_is_no_different_is_inconclusive_and_the_seeds_that_would_settle_it_are_told():
    found = one(
        trials("gram", GOOD), trials("gan", [score + 0.1 * (-1) ** seed + 0.05 for seed, score in enumerate(GOOD)])
    )
    assert found.verdict == "inconclusive"
    assert 5 < found.seeds_needed < 1000


def test_identical_numbers_are_equal():
    found = one(trials("gram", [8.0] * 5, metric="modes"), trials("gan", [8.0] * 5, metric="modes"))
    assert (found.verdict, found.difference, found.p_holm, found.seeds_needed) == ("equal", 0, 1, None)


def test_numbers_without_spread_are_judged_without_a_t():
    found = one(trials("gram", [8.0] * 5, better="higher"), trials("gan", [7.0] * 5, better="higher"))
    assert (found.verdict, found.test, found.p) == ("better", "no spread", 2 / 4**5)


@pytest.mark.parametrize("seeds", [1, 2])
def test_fewer_than_three_seeds_have_no_verdict(seeds):
    found = one(trials("gram", GOOD[:seeds]), trials("gan", BAD[:seeds]))
    assert (found.verdict, found.seeds) == ("none", seeds)
    assert found.why == f"too few seeds finished: {seeds} of both, where 3 are needed"


def test_seeds_that_share_data_order_and_initial_weights_are_paired():
    shifted = [score + 0.01 + 0.001 * seed for seed, score in enumerate(GOOD)]
    found = one(trials("gram", GOOD), trials("gan", shifted))
    assert (found.test, found.verdict) == ("paired t", "better")
    assert found.why == "paired: seeds share data order and initial weights"


@pytest.mark.parametrize(
    ("scores", "start", "why"),
    [
        (BAD, "two", "not paired: seeds do not share data order and initial weights"),
        (BAD[:4], "one", "not paired: they were trained with different seeds"),
    ],
)
def test_seeds_that_do_not_are_not_paired(scores, start, why):
    found = one(trials("gram", GOOD), trials("gan", scores, start=start))
    assert (found.test, found.verdict, found.why, found.seeds) == ("Welch's t", "better", why, len(scores))


def test_records_without_hashes_are_not_paired():
    records = frame([*trials("gram", GOOD), *trials("gan", BAD)]).assign(generator_hash="")
    (found,) = judgement.verdicts(records)
    assert (found.test, found.why) == (
        "Welch's t",
        "not paired: whether seeds share data order and initial weights is not recorded",
    )


def test_more_contenders_cost_certainty_and_change_nothing_else():
    alone, *_ = judged(trials("gram", GOOD[:3]), trials("gan", [12.0, 11.5, 11.8]))
    among, *_ = judged(
        trials("gram", GOOD[:3]), trials("gan", [12.0, 11.5, 11.8]), trials("mmdnet", [12.0, 11.0, 11.5])
    )
    assert (alone.difference, alone.p, alone.p_permutation) == (among.difference, among.p, among.p_permutation)
    assert alone.p_holm == alone.p < among.p_holm


def test_own_settings_make_contenders_and_shared_ones_conditions():
    grid = [
        trials(method, [score + latent for score in scores], settings={"method": {"lr": lr}, "net": {"latent": latent}})
        for method, lr, scores in (("gram", 0.1, GOOD), ("gram", 0.2, BAD), ("gan", 0.3, BAD))
        for latent in (2, 8)
    ]
    found = judged(*grid)
    assert {(verdict.a, verdict.b) for verdict in found} == {
        ("gram lr=0.1", "gram lr=0.2"),
        ("gram lr=0.1", "gan"),
        ("gram lr=0.2", "gan"),
    }
    assert {verdict.condition for verdict in found} == {"mean of 2 conditions"}
    assert {verdict.condition for verdict in by_condition(frame([record for group in grid for record in group]))} == {
        "latent=2",
        "latent=8",
    }


def test_over_several_conditions_each_seed_counts_once_with_its_mean():
    def under(latent, method, scores):
        return trials(method, scores, settings={"net": {"latent": latent}})

    found = one(under(2, "gram", GOOD), under(8, "gram", BAD), under(2, "gan", BAD), under(8, "gan", BAD))
    assert found.seeds == 5
    assert found.difference == pytest.approx((np.mean(GOOD) - np.mean(BAD)) / 2)


def test_the_verdicts_by_condition_are_adjusted_over_the_conditions_too():
    records = frame(
        [
            r
            for latent in (2, 8)
            for m, s in (("gram", GOOD), ("gan", BAD))
            for r in trials(m, s, settings={"net": {"latent": latent}})
        ]
    )
    for found in by_condition(records):
        assert found.p_holm >= 2 * found.p
        assert found.verdict == "better"


def test_contenders_that_share_no_condition_have_no_verdict():
    def under(latent, method):
        return trials(method, GOOD, settings={"net": {"latent": latent}})

    found = {
        (verdict.a, verdict.b): verdict
        for verdict in judged(under(2, "gram"), under(8, "gram"), under(2, "gan"), under(8, "mmdnet"))
    }
    assert found["gan", "mmdnet"].why == "there is no condition under which both were tried"
    assert "under the 1 of 2 conditions" in found["gram", "gan"].why


def test_numbers_under_different_protocols_are_never_compared():
    assert judged(trials("gram", GOOD, key="k0"), trials("gan", BAD, key="k1")) == []


def test_data_sets_are_never_compared():
    assert judged(trials("gram", GOOD), trials("gan", BAD, dataset="rings")) == []


def test_a_number_scored_again_has_a_direction_and_verdict_of_its_own():
    again = [
        r
        for method, scores in (("gram", GOOD), ("gan", BAD))
        for r in trials(method, scores, metric="fid@seed7", better="higher")
    ]
    assert (one(again).metric, one(again).verdict) == ("fid@seed7", "worse")


def test_old_records_have_the_direction_of_the_installed_metric():
    assert (
        one(
            trials("gram", GOOD, metric="modes@seed7", better=""), trials("gan", BAD, metric="modes@seed7", better="")
        ).verdict
        == "worse"
    )


def test_a_metric_that_nobody_knows_has_no_direction():
    assert (
        one(trials("gram", GOOD, metric="fame", better=""), trials("gan", BAD, metric="fame", better="")).better
        == "neither"
    )


def test_trials_that_diverged_are_counted_and_the_verdict_without_them_stands_beside_the_one_with_them():
    found = one(trials("gram", [*GOOD, *GOOD[:3]]), trials("gan", [*BAD[:3], *[LOST] * 5]))
    assert (found.verdict, found.seeds, found.failures_a, found.failures_b, found.with_failures) == (
        "better",
        3,
        0,
        5,
        "better",
    )


def test_a_method_that_is_better_when_it_works_is_not_when_its_failures_count():
    found = one(trials("gram", [*GOOD, *[LOST] * 3]), trials("gan", [*BAD, *BAD[:3]]))
    assert (found.verdict, found.with_failures) == ("better", "inconclusive")


def test_a_method_that_never_finishes_is_worse_than_one_that_does():
    found = one(trials("gram", GOOD), trials("gan", [LOST] * 5))
    assert (found.verdict, found.why) == ("none", "too few seeds finished: 0 of both, where 3 are needed")
    assert (found.with_failures, found.failures_b) == ("better", 5)


def test_failed_trials_and_numbers_that_are_not_finite_count_as_those_that_diverged():
    failing = [
        a_record("gan", 0, 1.0, status="failed"),
        a_record("gan", 1, math.nan),
        a_record("gan", 2, math.inf),
        a_record("gan", 3, LOST),
    ]
    assert one(trials("gram", GOOD[:4]), failing).failures_b == 4


def test_an_interrupted_trial_is_no_failure():
    found = one(trials("gram", GOOD), [*trials("gan", BAD[:4]), a_record("gan", 4, 1.0, status="interrupted")])
    assert (found.failures_b, found.seeds) == (0, 4)


def test_a_trial_that_was_not_scored_by_a_metric_is_no_failure():
    records = [*trials("gram", GOOD), *trials("gan", BAD), *trials("wgan", BAD, metric="kid")]
    assert {(verdict.a, verdict.b, verdict.failures_b) for verdict in judged(records)} == {("gram", "gan", 0)}


def test_a_contender_that_was_not_scored_by_a_metric_does_not_lose_on_it_by_its_failures():
    assert judged(trials("gram", GOOD, metric="kid"), trials("gan", [*BAD[:2], *[LOST] * 3])) == []


def test_nothing_is_said_of_nothing():
    assert judgement.verdicts(frame([])) == by_condition(frame([])) == []
    assert judgement.spreads(frame([])).empty
    assert list(judgement.frame([]).columns)[:4] == ["dataset", "condition", "metric", "better"]


def test_a_table_of_verdicts_has_a_row_each():
    table = judgement.frame(judged(trials("gram", GOOD), trials("gan", BAD), trials("mmdnet", BAD)))
    assert table["verdict"].tolist() == ["better", "better", "equal"]


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        (
            GOOD,
            BAD,
            "gram's fid is lower than gan's by 10.1 [9.9, 10.3] (paired t over 5 seeds, p < 0.001 after Holm): better",
        ),
        (
            BAD,
            GOOD,
            "gram's fid is higher than gan's by 10.1 [9.9, 10.3] (paired t over 5 seeds, p < 0.001 after Holm): worse",
        ),
        (GOOD, GOOD, "gram's fid is the same as gan's in all of 5 seeds: equal"),
        (
            GOOD[:2],
            BAD[:2],
            "gram's fid against gan's: no verdict, too few seeds finished: 2 of both, where 3 are needed",
        ),
        (
            (1.0, 2.0, 3.0),
            (2.0, 2.0, 2.0),
            (
                "gram's fid against gan's: inconclusive, +0 [-2.48, 2.48] (paired t over 3 seeds, p = 1 after Holm); "
                "there is no difference to settle"
            ),
        ),
        (
            (1.0, 2.0, 4.0),
            (2.0, 2.0, 2.0),
            (
                "gram's fid against gan's: inconclusive, +0.333 [-3.46, 4.13] (paired t over 3 seeds, p = 0.74 after"
                " Holm); 167 seeds would settle a difference of this size"
            ),
        ),
        (
            GOOD,
            (*BAD[:4], LOST),
            (
                "gram's fid is lower than gan's by 10 [9.87, 10.2] (paired t over 4 seeds, p < 0.001 after Holm):"
                " better. 1 trial of gan ended without a score; counted as the worst: better"
            ),
        ),
    ],
)
def test_a_sentence_says_what_by_how_much_and_how_sure(ours, theirs, words):
    assert sentence(one(trials("gram", ours), trials("gan", theirs))) == words


def test_a_sentence_names_the_condition():
    grid = [
        r
        for latent in (2, 8)
        for m, s in (("gram", GOOD), ("gan", BAD))
        for r in trials(m, s, settings={"net": {"latent": latent}})
    ]
    assert "over 5 seeds at latent=2, p" in sentence(by_condition(frame(grid))[0])
    assert "over 5 seeds, each the mean of 2 conditions, p" in sentence(one(grid))
