"""Claims judged: the word that the numbers give, in agreement with verdicts, and false in at most 5 % of studies."""

import dataclasses
import math

import numpy as np
import pytest

from genbench.report.claims.claim import Better, Equal, Rate, Trend
from genbench.report.claims.differences import contrast
from genbench.report.claims.judge import Weighed, decide, judge
from genbench.report.claims.shares import Share
from genbench.report.stats import hypotheses, judgement, statistics
from genbench.report.stats.outcomes import Family, Outcomes
from genbench.report.stats.pairing import compare
from genbench.trial.collected import frame
from genbench.trial.record import Record

GOOD, BAD = (10.0, 10.2, 9.9, 10.1, 9.8), (20.0, 20.3, 19.8, 20.2, 20.1)
BETTER = Better(words="gram is better", better="gram", than=("gan",), on="fid")


def trials(method, scores, *, metric="fid", better="lower", dataset="blobs", **settings):
    """Records of a method, a seed each; a score of None is a trial that diverged. settings: `net__width=20`."""
    name, _, variant = method.partition("/")
    nested = {"method": {"lr": 0.1}, "net": {"latent": 8}}
    for key, value in settings.items():
        section, _, setting = key.partition("__")
        nested[section] = nested.get(section, {}) | {setting: value}
    return [
        Record(
            **{"study": "s", "trial": "t", "id": "1", "method": name, "variant": variant, "dataset": dataset},
            architecture="mlp",
            seed=seed,
            status="diverged" if score is None else "finished",
            metrics={} if score is None else {metric: float(score)},
            better={} if score is None else {metric: better},
            protocol={} if score is None else {metric: "k"},
            batches_hash=f"b{seed}",
            generator_hash=f"g{seed}",
            settings=nested,
        )
        for seed, score in enumerate(scores)
    ]


def one(claim, *groups, **options):
    (found,) = judge([claim], frame([record for group in groups for record in group]), **options)
    return found


def modes(method, scores, **settings):
    return trials(method, scores, metric="modes", better="higher", **settings)


def test_better_is_held_refuted_and_undecided_as_the_verdict_on_the_pair_is():
    for ours, theirs, word, verdict in (
        (GOOD, BAD, "held", "better"),
        (BAD, GOOD, "refuted", "worse"),
        (GOOD, (9.0, 11.5, 10.0, 9.5, 10.4), "undecided", "inconclusive"),
    ):
        found = one(BETTER, trials("gram", ours), trials("gan", theirs))
        (said,) = judgement.verdicts(frame([*trials("gram", ours), *trials("gan", theirs)]))
        assert (found.word, said.verdict) == (word, verdict)
        assert found.p_holm == pytest.approx(said.p_holm)
        assert (found.low, found.high) == pytest.approx((said.low, said.high))
        assert found.seeds_needed == said.seeds_needed
    assert "more is better" not in found.sentence


def test_the_sentence_has_the_number_its_interval_and_what_it_rests_on():
    found = one(BETTER, trials("gram", GOOD), trials("gan", BAD))
    assert found.sentence.startswith("fid: gram is lower than gan by 10.1 [9.")
    assert found.sentence.endswith("(paired t over 5 seeds), p < 0.001 after Holm")
    assert found.line == f"held: gram is better – {found.sentence}"


def test_better_than_several_is_held_only_where_it_is_better_than_each():
    claim = Better(words="x", better="gram", than=("gan", "mmdgan"), on="fid")
    groups = trials("gram", GOOD), trials("gan", BAD)
    assert one(claim, *groups, trials("mmdgan", BAD)).word == "held"
    assert one(claim, *groups, trials("mmdgan", (9.0, 11.5, 10.0, 9.5, 10.4))).word == "undecided"
    refuted = one(claim, *groups, trials("mmdgan", [score - 5 for score in GOOD]))
    assert (refuted.word, refuted.estimate) == ("refuted", pytest.approx(5.0))
    assert "mmdgan" in refuted.sentence
    assert "gan by 10" not in refuted.sentence


def test_a_claim_needs_all_its_trials_to_be_held_and_says_which_are_missing():
    claim = Better(words="x", better="gram", than=("gan", "mmdgan"), on="fid")
    found = one(claim, trials("gram", GOOD), trials("gan", BAD))
    assert (found.word, found.contenders) == ("undecided", ("gram", "gan", "mmdgan"))
    assert "gram against mmdgan: no trial of mmdgan has ended" in found.sentence
    assert one(BETTER, trials("gram", GOOD[:2]), trials("gan", BAD[:2])).word == "undecided"
    assert judge([BETTER], frame([]))[0].word == "undecided"


def test_a_method_that_diverges_is_not_better():
    lost = one(BETTER, trials("gram", (None,) * 4), trials("gan", BAD[:4]))
    assert lost.word == "refuted"
    assert "fid: gram ranks behind gan (all against none over 4 seeds)" in lost.sentence


def test_a_rate_is_of_trials_and_one_that_diverged_reaches_nothing():
    claim = Rate(words="x", of=("gram",), on="modes", value=8, share=0.5, at_least=True)
    found = one(claim, modes("gram", [8] * 8))
    assert (found.word, found.estimate, found.p) == ("held", 1.0, pytest.approx(0.5**8))
    lost = one(claim, modes("gram", [8, *[None] * 9]))
    assert (lost.word, lost.estimate) == ("refuted", pytest.approx(0.1))
    assert one(claim, modes("gram", [None] * 5)).word == "refuted"
    few = one(claim, modes("gram", [8, 8, 8]))
    assert (few.word, few.seeds_needed) == ("undecided", 5)
    assert few.sentence.startswith("modes: 3 of 3 trials of gram reach 8, a share of 1 [0.368, 1]")


def test_a_rate_counts_every_condition_and_for_an_error_less_is_reaching():
    claim = Rate(words="x", of=("gram",), on="fid", value=15, share=0.5, at_least=True)
    found = one(claim, trials("gram", GOOD, net__width=20), trials("gram", GOOD, net__width=100))
    assert (found.word, found.seeds, len(found.conditions)) == ("held", 10, 2)
    assert one(claim, trials("gram", GOOD, net__width=20), trials("gram", BAD, net__width=100)).word == "undecided"
    gone = one(claim, trials("gram", GOOD, net__width=20), trials("gram", (None,) * 5, net__width=100))
    assert gone.estimate == 0.5, "a condition under which all diverged counts"


def test_equal_is_held_within_the_margin_refuted_beyond_it_and_else_undecided():
    def near(margin):
        return Equal(words="x", equal=("gram", "gan"), on="fid", within=margin)

    pair = (
        trials("gram", GOOD),
        trials("gan", [score + shift for score, shift in zip(GOOD, (1, 1.2, 0.8, 1, 1.1), strict=True)]),
    )
    assert [one(near(margin), *pair).word for margin in (2, 1.02, 0.2)] == ["held", "undecided", "refuted"]
    held = one(near(2), *pair)
    assert -2 < held.low < held.estimate < held.high < 2
    assert "fid: gram less gan is -1.02 [-1.1" in held.sentence


def test_numbers_without_any_spread_are_equal_only_with_five_seeds():
    claim = Equal(words="x", equal=("gram", "gan"), on="modes", within=0.5)
    assert [one(claim, modes("gram", [8] * n), modes("gan", [8] * n)).word for n in (4, 5)] == ["undecided", "held"]
    assert one(claim, modes("gram", [8] * 4), modes("gan", [8] * 4)).seeds_needed == 5
    assert one(claim, modes("gram", [8] * 5), modes("gan", [8, 8, 8, 8, None])).word == "undecided"


def test_a_trend_is_that_of_every_seed_over_the_values_of_a_setting_in_their_order():
    falling = [
        modes("gan", [8 - 3 * step + seed / 10 * (step - 1) for seed in range(4)], net__width=width)
        for step, width in enumerate((20, 100, 200))
    ]
    claim = Trend(words="x", direction="falls", on="modes", setting="net.width", of=("gan",))
    found = one(claim, *falling[::-1])
    assert (found.word, found.estimate) == ("held", pytest.approx(-2.85))
    assert "modes: gan falls by 2.85 [" in found.sentence
    assert "a step of net.width (20, 100, 200)" in found.sentence
    assert one(dataclasses.replace(claim, direction="rises"), *falling).word == "refuted"
    turned = dataclasses.replace(claim, where={"net.width": (200, 20)})
    assert one(turned, *falling).estimate == pytest.approx(5.7), "from 200 to 20"


def test_a_trend_ranks_trials_without_a_score_last():
    claim = Trend(words="x", direction="falls", on="modes", setting="net.width", of=("gan",))
    scores = {20: [8] * 6, 100: [7, 6, 7, 5, 6, 7], 200: [None] * 6}
    groups = [modes("gan", own, net__width=width) for width, own in scores.items()]
    found = one(claim, *groups)
    assert (found.word, found.estimate) == ("held", -1.0)
    assert "the rank of modes" in found.sentence


def test_a_setting_of_the_methods_own_is_a_trend_too_and_steady_has_a_margin():
    groups = [
        trials("gram", [score + step / 100 for score in GOOD], method__lr=lr) for step, lr in enumerate((1e-4, 1e-3))
    ]
    steady = Trend(words="x", direction="steady", on="fid", setting="gram.lr", of=("gram",), within=1)
    assert one(steady, *groups, trials("gan", BAD)).word == "held"
    assert one(dataclasses.replace(steady, within=0.001), *groups).word == "refuted"


def test_the_range_over_conditions_is_what_a_sensitivity_is():
    rates = (1e-4, 1e-3)
    gram = [trials("gram", [score + step for score in GOOD], method__lr=lr) for step, lr in enumerate(rates)]
    gan = [
        trials("gan", [score + 9 * step + seed / 9 * step for seed, score in enumerate(GOOD)], method__lr=lr)
        for step, lr in enumerate(rates)
    ]
    found = one(dataclasses.replace(BETTER, across="range"), *gram, *gan)
    assert found.word == "held"
    assert found.sentence.startswith("range of fid: gram is lower than gan by 8.2")


def test_where_chooses_data_sets_and_settings_and_only_those_of_the_method_that_has_them():
    groups = (
        *(trials("gram", scores, dataset=name) for name, scores in (("blobs", GOOD), ("ring", BAD))),
        *(trials("gan", scores, dataset=name) for name, scores in (("blobs", BAD), ("ring", GOOD))),
    )
    assert one(BETTER, *groups).word == "refuted", "on one of both"
    assert one(dataclasses.replace(BETTER, where={"dataset": ("blobs",)}), *groups).word == "held"
    swept = trials("gram", GOOD, method__lr=1e-3), trials("gram", BAD, method__lr=1e-2), trials("gan", BAD)
    assert "no condition under which both" in one(BETTER, *swept).sentence
    assert one(dataclasses.replace(BETTER, where={"gram.lr": (1e-3,)}), *swept).word == "held"
    assert (
        "no trial of gram or gan with gram.lr=5"
        in one(dataclasses.replace(BETTER, where={"gram.lr": (5,), "dataset": ("x",)}), *swept).sentence
    )


def test_numbers_of_several_protocols_and_a_metric_without_a_direction_decide_nothing():
    other = [dataclasses.replace(record, protocol={"fid": "k2"}) for record in trials("gan", BAD)]
    assert "different protocols" in one(BETTER, trials("gram", GOOD), other).sentence
    undirected = [trials(name, scores, better="neither") for name, scores in (("gram", GOOD), ("gan", BAD))]
    assert "fid has no better direction" in one(BETTER, *undirected).sentence


def test_p_are_adjusted_over_all_claims_and_each_interval_has_the_level_of_its_step():
    groups = [*trials("gram", GOOD), *trials("gan", BAD)]
    rate = Rate(words="all", of=("gan",), on="fid", value=15, share=0.5, at_least=True)
    better, _, sentence = judge([BETTER, rate, "A sentence."], frame(groups))
    assert (better.level, better.p_holm) == (0.025, pytest.approx(2 * better.p))
    assert better.low < one(BETTER, groups).low
    assert (sentence.word, sentence.line) == ("not judged", "not judged: A sentence.")


def test_alpha_is_asked_for():
    pair = trials("gram", (10, 10.5, 9.6, 10.2)), trials("gan", (11.0, 10.9, 10.4, 11.6))
    found = {alpha: one(BETTER, *pair, alpha=alpha) for alpha in (0.05, 0.001)}
    assert [found[alpha].word for alpha in found] == ["held", "undecided"]
    assert [found[alpha].level for alpha in found] == [0.05, 0.001]


LAWS = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "collapses": lambda rng, shape: 5.0 * (rng.random(shape) < 0.5) + rng.normal(scale=0.05, size=shape),
}


def evidence(scores, metric, a, b):
    """What scores [contenders, seeds] say of two of them."""
    outcomes = {
        str(number): {
            "": Outcomes(
                statuses=dict.fromkeys(range(len(values)), "finished"),
                scores=dict(enumerate(values)),
                starts={seed: f"s{seed}" for seed in range(len(values))},
                possible=math.nan,
            )
        }
        for number, values in enumerate(scores)
    }
    family = Family(dataset="drawn", metric=metric, better="lower", role="primary", conditions=("",), outcomes=outcomes)
    return contrast(compare(family, a, b, ("",)))


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("law", LAWS)
def test_of_studies_of_equals_at_most_5_percent_have_a_claim_with_a_false_word(law, seeds, monkeypatch):
    """Three copies of one method and four claims, on two metrics that have half of their luck in common, and of a share
    of which more is claimed than there is.
    """
    monkeypatch.setattr(statistics, "seeds_to_settle", lambda *_, **__: None)  # most of the time, and no part of it
    rng, studies, false = np.random.default_rng(0), 100, 0
    words = [Better(words=word, better="0", than=("1",), on="fid") for word in "abcd"]
    for _ in range(studies):
        fid = LAWS[law](rng, (3, seeds))
        other = np.where(rng.random(fid.shape) < 0.5, fid, LAWS[law](rng, (3, seeds)))
        share = share_of("gram", int(rng.binomial(3 * seeds, 0.5)), 3 * seeds, 0.5)
        parts = [
            (evidence(fid, "fid", "0", "1"), evidence(fid, "fid", "0", "2")),
            (evidence(fid, "fid", "1", "2"),),
            (evidence(other, "kid", "0", "1"),),
            (share,),
        ]
        found = decide([Weighed(claim=claim, parts=own) for claim, own in zip(words, parts, strict=True)])
        false += any(one.word in ("held", "refuted") for one in found[:3]) or found[3].word == "held"
    assert false <= 0.05 * studies + 2 * math.sqrt(0.05 * 0.95 * studies)


def share_of(subject, count, total, bound):
    """The evidence of so many of so many trials for a share above a bound."""
    above, below = hypotheses.share_p(count, total, bound)
    return Share(
        subject=subject,
        contenders=(subject,),
        conditions=("",),
        estimate=count / total,
        p_held=above,
        p_refuted=below,
        seeds=total,
        reached=count,
        metric="modes",
        aim=8,
        bound=bound,
        at_once=3,
    )
