"""Looks at a study, found again from records alone."""

import dataclasses
import itertools
import re

import numpy as np
import pandas as pd
import pytest

from genbench.errors import GenbenchError
from genbench.report import looked, looks
from genbench.report.claims.claim import Better, Rate
from genbench.report.looks import Looks, follow
from genbench.report.stats.sequential import design
from genbench.trial.collected import frame
from genbench.trial.record import Record

CAP = 6
LEADS = {"a": 0.0, "b": 100.0, "c": 100.2}
"""Of three methods, by their fid: a is far better, b and c cannot be told apart."""


def row(method, seed, **changes):
    luck = np.random.default_rng([ord(method), seed]).standard_normal()
    found = Record(
        study="s",
        trial=f"{method}-{seed}",
        id=f"{method}-{seed}",
        method=method,
        dataset="drawn",
        architecture="none",
        seed=seed,
        status="finished",
        batches_hash=str(seed),
        generator_hash=str(seed),
        metrics={"fid": LEADS[method] + luck},
        better={"fid": "lower"},
        protocol={"fid": "one"},
    )
    return dataclasses.replace(found, **changes)


def planned(methods="abc", cap=CAP):
    return Looks(design=design(cap), cells=tuple(tuple(f"{one}-{seed}" for seed in range(cap)) for one in methods))


def records(**seeds):
    return frame([row(method, seed) for method, count in seeds.items() for seed in range(count)])


def test_before_the_first_look_three_seeds_of_everything_are_waited_for():
    found = follow(planned(), pd.DataFrame(), [])
    assert (found.taken, len(found.waiting), found.open) == (0, 9, ())
    assert looked.lines(found) == ("Looked at after 3, 4, 5 and 6 seeds; the first look waits for 9 trials.",)


def test_a_look_waits_until_the_last_of_its_trials_has_a_result():
    kept = records(a=3, b=3, c=3)
    kept.loc[kept["trial"] == "b-1", "status"] = "failed"
    assert follow(planned(), kept, []).waiting == ("b-1",)


def test_what_is_decided_gets_no_more_seeds_and_what_is_open_does():
    found = follow(planned(), records(a=5, b=5, c=5), [])
    assert {one.about: (one.word, one.look) for one in found.decisions} == {
        "a against b on fid": ("better", 3),
        "a against c on fid": ("better", 3),
    }
    assert found.open == ("b against c on fid",)
    assert found.waiting == ("b-5", "c-5")


def test_at_the_cap_there_is_nothing_to_wait_for_and_the_undecided_is_named():
    found = follow(planned(), records(a=5, b=6, c=6), [])
    assert (found.taken, found.waiting, found.open) == (4, (), ("b against c on fid",))
    assert "Undecided, and the last look was taken, at 6 seeds: b against c on fid." in looked.lines(found)


def test_later_seeds_change_no_decision_of_an_earlier_look():
    before = follow(planned(), records(a=5, b=5, c=5), [])
    turned = frame([row("a", 5, metrics={"fid": 1000.0})])
    after = follow(planned(), pd.concat([records(a=5, b=6, c=6), turned], ignore_index=True), [])
    assert before.decisions
    assert after.decisions == before.decisions
    assert after.outside == ("a-5",)


def test_trials_outside_of_the_looks_are_named_and_left_out():
    found = follow(planned("bc"), pd.concat([records(a=2, b=4, c=3), frame([row("c", 9)])], ignore_index=True), [])
    assert found.taken == 1
    assert found.outside == ("a-0", "a-1", "c-9"), "the next look will look at b-3"
    assert any("a-0, a-1, c-9" in line for line in looked.lines(found))


@pytest.mark.parametrize("cut", range(0, 19, 3))
def test_whatever_is_there_the_looks_that_were_possible_decide_the_same(cut):
    everything = records(a=6, b=6, c=6)
    order = everything.sort_values(["seed", "method"], ignore_index=True)
    part, whole = follow(planned(), order.iloc[:cut], []), follow(planned(), everything, [])
    assert part.decisions == tuple(one for one in whole.decisions if one.look <= part.taken)


CLAIMS = [
    "a sentence",
    Better(words="a is better", better="a", than=("b",), on="fid"),
    Rate(words="c is good", of=("c",), on="fid", value=100.0, share=0.5, at_least=True),
]


def test_claims_are_judged_together_and_only_those_that_are_open_get_seeds():
    found = follow(planned(), records(a=4, b=4, c=4), CLAIMS)
    assert [(one.word, one.about) for one in found.decisions] == [("held", "a is better")]
    assert found.waiting == ("c-4",)
    said = looked.judged(found, CLAIMS)
    assert [one.word for one in said] == ["not judged", "held", "undecided"]
    assert re.search("; decided at look [12], [34] seeds$", said[1].sentence)


def test_a_study_is_over_when_all_claims_are_decided():
    claims = [Rate(words="a is good", of=("a",), on="fid", value=50.0, share=0.1, at_least=True)]
    found = follow(planned(), records(a=6, b=3, c=3), claims)
    assert (found.open, found.waiting) == ((), ())
    assert found.decisions[0].word == "held"


def test_a_claim_of_which_nothing_is_known_yet_is_undecided():
    found = follow(planned(), pd.DataFrame(), CLAIMS)
    assert [one.word for one in looked.judged(found, CLAIMS)] == ["not judged", "undecided", "undecided"]


def test_verdicts_are_those_of_the_looks():
    everything = pd.concat([records(a=6, b=6, c=6)])
    found = follow(planned(), everything, [])
    words = {(one.a, one.b): one.verdict for one in looked.verdicts(found, everything)}
    assert words == {("a", "b"): "better", ("a", "c"): "better", ("b", "c"): "inconclusive"}


def test_a_pair_that_a_look_decided_has_the_numbers_and_the_interval_of_that_look():
    kept = records(a=CAP, b=CAP, c=CAP)
    found = follow(planned(), kept, [])
    decided = {one.about: one for one in found.decisions}
    assert decided
    for one in looked.verdicts(found, kept):
        name = looks.about(one.a, one.b, one.metric, "")
        assert one.seeds == (decided[name].seeds if name in decided else CAP)
        assert (one.verdict in ("better", "worse")) == (name in decided)
        assert (not one.low <= 0 <= one.high) == (name in decided)


def test_looks_are_written_and_read_again():
    assert looks.stored(planned().to_dict()) == planned()


@pytest.mark.parametrize(
    "damage", [{"seeds": [4, 3]}, {"seeds": []}, {"spending": "all"}, {"trials": [["a-0"]]}, {"seeds": [1, 6]}]
)
def test_looks_that_can_be_none_are_refused_in_one_line(damage):
    with pytest.raises(GenbenchError, match=r"study\.json is damaged"):
        looks.stored({**planned().to_dict(), **damage})


@pytest.mark.slow
def test_equals_are_called_different_at_any_look_in_few_studies():
    """A rough figure of the simulation in results/validity, through records."""
    rng, wrong = np.random.default_rng(1), 0
    for _ in range(20):
        drawn = [
            row(one, seed, metrics={"fid": rng.standard_normal()}) for one, seed in itertools.product("ab", range(5))
        ]
        wrong += bool(follow(planned("ab", 5), frame(drawn), []).decisions)
    assert wrong <= 4
