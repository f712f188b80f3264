"""Verdicts: who is compared with whom, in which direction, over which seeds, and what is said when nothing can be
said.
"""

import dataclasses
import math
from functools import cache

import numpy as np
import pandas as pd
import pytest

from genbench.report.stats import judgement, outcomes, statistics
from genbench.report.stats.judgement import by_condition, headline, sentence
from genbench.trial.collected import frame
from genbench.trial.record import Record

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
        **{
            "metrics": {metric: score} if scored else {},
            "better": {metric: better} if scored and better else {},
            "protocol": {metric: changes.pop("key", "k0")} if scored else {},
            "batches_hash": f"{start}{seed}",
            "generator_hash": f"{start}{seed}",
            "settings": plain,
            **changes,
        },
    )


def trials(method, scores, **changes):
    return [a_record(method, seed, score, **changes) for seed, score in enumerate(scores)]


def judged(*groups):
    return judgement.verdicts(frame([record for group in groups for record in group]))


def one(*groups):
    (verdict,) = judged(*groups)
    return verdict


ALL, SOME, SINGLE, NO, NAN, FAILED, STOPPED, FEW = (
    (None, None, None, None),
    (None, None, "diverged", "diverged"),
    (None, "diverged", "diverged", "diverged"),
    ("diverged",) * 4,
    ("unscored",) * 4,
    ("failed",) * 4,
    ("interrupted",) * 4,
    ("diverged",) * 2,
)
"""How the trials of four seeds ended; None is a score."""


def ended(method, ends, scores):
    """Trials of a method that ended so."""
    return [
        a_record(method, seed, {"unscored": math.nan, "diverged": LOST}.get(end, score))
        if end in (None, "unscored", "diverged")
        else a_record(method, seed, score, status=end)
        for seed, (end, score) in enumerate(zip(ends, scores, strict=False))
    ]


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
    assert (found.verdict, found.of_scored, found.why) == ("none", "none", "fid has no better direction")
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


@pytest.mark.parametrize(
    ("metric", "better", "value", "modes", "word"),
    [
        ("recall", "higher", 0.0, None, "no information"),
        ("recall", "higher", 1.0, None, "no information"),
        ("recall", "higher", 0.5, None, "equal"),
        ("modes", "higher", 8.0, 8, "no information"),
        ("modes_any", "higher", 8.0, 8, "no information"),
        ("modes", "higher", 0.0, 8, "no information"),
        ("modes", "higher", 7.0, 8, "equal"),
        ("of_a_plugin_that_is_not_here", "higher", 0.0, None, "equal"),
    ],
)
def test_a_metric_at_its_floor_or_ceiling_in_all_seeds_of_both_is_no_information(metric, better, value, modes, word):
    settings = {"data": {"modes": modes}} if modes else None
    groups = [
        trials(method, [value] * 4, metric=metric, better=better, settings=settings) for method in ("gram", "gan")
    ]
    found = one(*groups)
    assert (found.verdict, found.difference) == (word, 0)
    assert sentence(found).endswith(word)


def test_a_metric_at_its_floor_in_some_seeds_is_judged_as_ever():
    found = one(trials("gram", [0.0] * 4, metric="recall"), trials("gan", [0.0, 0.0, 0.0, 0.1], metric="recall"))
    assert found.verdict == "inconclusive"


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


COMBINATIONS = [
    # ends of gram and of gan, where gram's scores are better: the headline, what decides, a part of the sentence
    (ALL, ALL, "better", "paired t", "gram's fid is lower than gan's by 10"),
    (ALL, NO, "better, gan failed", "all against none", "gan failed: gan diverged in all of 4 trials, gram in none"),
    (NO, ALL, "worse, gram failed", "all against none", "gram failed: gram diverged in all of 4 trials, gan in none"),
    (ALL, NAN, "better, gan failed", "all against none", "gan ended without a score in all of 4 trials, gram in none"),
    (ALL[:3], NO[:3], "better, gan failed", "all against none", "p = 0.031"),
    (ALL[:2], FEW, "no verdict, gan failed", "none", "gan failed, which is worse: gan diverged in all of 2 trials"),
    (ALL, SINGLE, "better", "ranks", "gan diverged in 3 of 4 trials, gram in none of 4"),
    (ALL, SOME, "better", "ranks", "too few for a verdict of their own, 4 and 2"),
    (SOME, ALL, "inconclusive", "ranks", "inconclusive (ranks of 4 and 4 trials, p = 1 after Holm)"),
    (SOME, NO, "inconclusive, gan failed", "ranks", "which is worse: gan diverged in all of 4 trials, gram in 2 of 4"),
    (SINGLE, SINGLE, "inconclusive", "ranks", "gram diverged in 3 of 4 trials, gan in 3 of 4"),
    (NO, NO, "no verdict, both failed", "none", "both failed: gram diverged in all of 4 trials, gan in all of 4"),
    (ALL, FAILED, "no verdict", "none", "Not counted: 4 trials of gan that failed with an error or stopped"),
    (ALL, STOPPED, "no verdict", "none", "too few seeds finished: 4 and 0, where 3 are needed"),
    (ALL, (*ALL[:3], "failed"), "better", "paired t", "Not counted: 1 trial of gan"),
    (ALL, (*ALL[:3], "interrupted"), "better", "paired t", "over 3 seeds"),
    (ALL, ("failed", "interrupted", *FEW), "no verdict, gan failed", "none", "Not counted: 2 trials of gan"),
    (NO, FAILED, "no verdict, gram failed", "none", "gan has no result yet"),
]  # fmt: skip


@pytest.mark.parametrize(("ours", "theirs", "head", "test", "words"), COMBINATIONS)
def test_however_trials_ended_the_headline_and_the_sentence_say_who_failed(ours, theirs, head, test, words):
    found = between(("gram", ours), ("gan", theirs))
    assert (headline(found), found.test) == (head, test)
    assert words in sentence(found)


def family(*records):
    """What a metric says of these trials, where some other contender has a score of it."""
    scored = frame([a_record("other", 0, 1.0)])
    (found,) = outcomes.families(pd.concat([frame(list(records)), scored], ignore_index=True))
    return dataclasses.replace(found, outcomes={name: one for name, one in found.outcomes.items() if name != "other"})


def pairwise(ours, theirs):
    """The verdict on two contenders by a metric that some other one has a score of."""
    (found,) = judgement.judge([family(*ours, *theirs)])
    return found


@cache
def family_of(method, ends):
    """The same of the trials of one method that ended so: gram's have good scores, gan's have bad ones."""
    return family(*ended(method, ends, GOOD if method == "gram" else BAD))


@cache
def between(*contenders):
    """The verdict on two methods, each with how its trials ended: what each says is read once for all tests."""
    one, other = (family_of(*contender) for contender in contenders)
    (found,) = judgement.judge([dataclasses.replace(one, outcomes={**one.outcomes, **other.outcomes})])
    return found


@pytest.mark.parametrize(("ours", "theirs"), [(SOME, FAILED), (NO, NAN), (ALL, FEW)])
def test_a_verdict_on_two_contenders_is_made_of_what_is_known_of_each(ours, theirs):
    together = pairwise(ended("gram", ours, GOOD), ended("gan", theirs, BAD))
    assert repr(between(("gram", ours), ("gan", theirs))) == repr(together)


ENDS = [ALL, SOME, SINGLE, NO, NAN, FAILED, STOPPED, FEW, (*ALL[:3], "diverged"), (*ALL[:3], "failed"), ALL[:3]]


@pytest.mark.parametrize("theirs", ENDS)
@pytest.mark.parametrize("ours", ENDS)
def test_the_other_way_round_every_verdict_is_the_opposite(ours, theirs):
    there, back = between(("gram", ours), ("gan", theirs)), between(("gan", theirs), ("gram", ours))
    opposite = {"better": "worse", "worse": "better"}
    assert back.verdict == opposite.get(there.verdict, there.verdict)
    assert back.of_scored == opposite.get(there.of_scored, there.of_scored)
    assert (back.p_holm, back.test) == pytest.approx((there.p_holm, there.test), nan_ok=True)


@pytest.mark.parametrize("theirs", ENDS)
@pytest.mark.parametrize("ours", ENDS)
def test_trials_without_a_score_are_named_and_what_they_change_is_in_the_headline(ours, theirs):
    found = between(("gram", ours), ("gan", theirs))
    words, head = sentence(found), headline(found)
    lost = found.diverged_a + found.unscored_a + found.diverged_b + found.unscored_b
    assert ("diverged" in words or "without a score" in words) == (lost > 0)
    assert ("Not counted" in words) == (found.missing_a + found.missing_b > 0)
    for name, trials, without in (
        ("gram", found.trials_a, found.diverged_a + found.unscored_a),
        ("gan", found.trials_b, found.diverged_b + found.unscored_b),
    ):
        if trials and trials == without:
            assert f"{name} failed" in head or "both failed" in head
            assert f"{name} failed" in words or "both failed" in words
    if found.of_scored not in (found.verdict, "none"):
        assert f"{found.of_scored} among the seeds with a score" in head


@pytest.mark.parametrize("end", ["failed", "interrupted"])
@pytest.mark.parametrize("theirs", [ALL, SOME, SINGLE, NO])
def test_a_trial_that_failed_or_was_stopped_is_no_evidence(theirs, end):
    without = pairwise(ended("gram", ALL, GOOD), ended("gan", theirs, BAD))
    beside = pairwise(ended("gram", ALL, GOOD), [*ended("gan", theirs, BAD), a_record("gan", 4, 1.0, status=end)])
    assert (beside.verdict, beside.diverged_b, beside.trials_b) == (without.verdict, without.diverged_b, 4)
    assert (beside.missing_b, without.missing_b) == (1, 0)


def test_seeds_that_failed_in_one_method_leave_the_others_paired():
    found = pairwise(ended("gram", ALL, GOOD), ended("gan", ("failed", *ALL[:3]), BAD))
    assert (found.test, found.seeds) == ("paired t", 3)


def test_seeds_of_which_too_few_have_a_score_of_both_are_not_paired():
    ours, theirs = (None, None, None, "failed", "failed"), ("failed", "failed", None, None, None)
    found = pairwise(ended("gram", ours, GOOD), ended("gan", theirs, BAD))
    assert (found.test, found.seeds, found.verdict) == ("Welch's t", 3, "better")
    assert found.why == "not paired: seeds with a score of both are too few, 1"


def test_where_trials_without_a_score_change_the_verdict_the_headline_says_so():
    found = one(trials("gram", [*GOOD, *[LOST] * 3]), trials("gan", [*BAD, *BAD[:3]]))
    assert (found.verdict, found.of_scored) == ("inconclusive", "better")
    assert headline(found) == "inconclusive, better among the seeds with a score"


def test_all_against_none_in_three_seeds_is_told_from_chance_alone_and_not_among_three_pairs():
    groups = ended("gram", ALL[:3], GOOD), ended("gan", NO[:3], BAD)
    assert one(*groups).p_holm == 2 / 4**3
    among, *_ = judged(*groups, trials("mmdnet", BAD[:3]))
    assert (among.verdict, among.p_holm, among.seeds_needed) == ("inconclusive", 2 * 2 / 4**3, 4)
    assert sentence(among).endswith("4 seeds would settle it")


def test_a_comparison_that_trials_without_a_score_decide_leaves_the_others_as_they_are():
    alone = one(trials("gram", GOOD), trials("mmdnet", BAD))
    beside = next(
        v for v in judged(trials("gram", GOOD), trials("mmdnet", BAD), ended("gan", NO, BAD)) if v.b == "mmdnet"
    )
    assert (alone.p, alone.verdict, beside.verdict) == (beside.p, "better", "better")
    assert (alone.comparisons, beside.comparisons) == (1, 3)


def test_a_pair_of_which_every_trial_has_a_score_has_one_verdict_beside_whatever_others():
    close = [score + 0.05 for score in GOOD[:3]]
    found = judged(trials("gram", GOOD[:3]), trials("wgan", close), ended("gan", NO, BAD), ended("mmdnet", SOME, BAD))
    whole = [one for one in found if one.diverged_a + one.diverged_b == 0]
    assert [(one.a, one.b) for one in whole] == [("gram", "wgan")]
    assert [(one.of_scored, one.p_of_scored) for one in whole] == [(one.verdict, one.p_holm) for one in whole]


def test_the_first_metric_with_a_direction_is_the_primary_one():
    directions = {"max_abs": "neither", "kid": "lower", "fid": "lower"}
    records = [
        a_record(method, seed, metrics=dict.fromkeys(directions, score), better=directions)
        for method, scores in (("gram", GOOD), ("gan", BAD))
        for seed, score in enumerate(scores)
    ]
    assert {found.metric: found.role for found in judgement.verdicts(frame(records))} == {
        "max_abs": "secondary",
        "kid": "primary",
        "fid": "secondary",
    }


def test_a_sentence_says_of_a_metric_that_it_is_secondary():
    found = one(trials("gram", GOOD), trials("gan", BAD))
    assert "secondary" not in sentence(found)
    assert sentence(dataclasses.replace(found, role="secondary")).startswith("gram's fid (secondary) is lower")


def test_the_primary_metric_is_adjusted_over_all_data_sets():
    groups = [
        trials(method, scores, dataset=name)
        for name in ("blobs", "rings")
        for method, scores in (("gram", GOOD), ("gan", BAD))
    ]
    for found in judged(*groups):
        assert (found.p_holm >= 2 * found.p, found.comparisons, found.role) == (True, 2, "primary")


def test_data_sets_with_different_first_metrics_are_adjusted_together():
    groups = [
        trials(method, scores, dataset=name, metric=metric)
        for name, metric in (("blobs", "fid"), ("rings", "modes"))
        for method, scores in (("gram", GOOD), ("gan", BAD))
    ]
    assert [(found.metric, found.role, found.comparisons) for found in judged(*groups)] == [
        ("fid", "primary", 2),
        ("modes", "primary", 2),
    ]


def test_under_a_single_condition_every_verdict_is_secondary():
    groups = [trials(m, s, settings={"net": {"latent": n}}) for n in (2, 8) for m, s in (("gram", GOOD), ("gan", BAD))]
    assert {found.role for found in by_condition(frame([r for group in groups for r in group]))} == {"secondary"}


def test_a_trial_that_was_not_scored_by_a_metric_is_no_failure():
    records = [*trials("gram", GOOD), *trials("gan", BAD), *trials("wgan", BAD, metric="kid")]
    assert {(verdict.a, verdict.b, verdict.diverged_b, verdict.missing_b) for verdict in judged(records)} == {
        ("gram", "gan", 0, 0)
    }


def test_a_contender_that_was_not_scored_by_a_metric_does_not_lose_on_it_by_its_failures():
    assert judged(trials("gram", GOOD, metric="kid"), trials("gan", [*BAD[:2], *[LOST] * 3])) == []


def test_nothing_is_said_of_nothing():
    assert judgement.verdicts(frame([])) == by_condition(frame([])) == []
    assert judgement.spreads(frame([])).empty
    assert list(judgement.frame([]).columns)[:4] == ["dataset", "condition", "metric", "role"]


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


@pytest.mark.parametrize("lost", range(5))
def test_no_method_gains_by_its_trials_that_diverge(lost):
    """Whatever the scores say: with more of its trials lost a method is never called better where it was not."""
    order = ["worse", "inconclusive", "better"]
    scores = [GOOD[seed % 5] + 0.05 * seed for seed in range(8)]
    fewer, more = (
        one(trials("gram", [*scores[count:], *[LOST] * count]), trials("gan", [*BAD, *BAD[:3]]))
        for count in (lost, lost + 1)
    )
    assert order.index(more.verdict) <= order.index(fewer.verdict)


def test_a_worse_method_stays_worse_when_it_diverges_too():
    found = one(trials("gram", GOOD[:3]), [*trials("gan", BAD[:3]), a_record("gan", 3, LOST)])
    assert (found.verdict, found.test, found.p) == (
        "better",
        "Welch's t",
        2 * statistics.contrast(np.array(GOOD[:3]), np.array(BAD[:3]), paired=False).p,
    )
    assert sentence(found).endswith("better. gan diverged in 1 of 4 trials, gram in none of 3")
