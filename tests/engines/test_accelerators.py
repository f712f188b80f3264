"""One trial per accelerator: who asks for what, who gets which, and how many have room."""

from fractions import Fraction

import pytest
import torch

from genbench.engines import choice, local
from genbench.engines.accelerators import NONE, Pool, Request, assigned, request, room, visible
from genbench.errors import GenbenchError

ONE = Request(count=1)


@pytest.mark.parametrize(
    ("running", "wanted"),
    [
        ({}, ONE),
        ({"device": "auto", "world": 2}, Request(count=2)),
        ({"device": "cuda", "resources": {"trials_per_gpu": 3}}, Request(count=1, together=3)),
        ({"device": "cuda:1"}, Request(count=1, named=1)),
        ({"device": "cuda:7"}, NONE),
        ({"device": "cuda:x"}, NONE),
        ({"device": "cpu", "world": 4}, NONE),
        ({"device": "mps"}, NONE),
    ],
)
def test_a_trial_asks_for_what_its_device_and_ranks_need(running, wanted):
    assert request(running, devices=2) == wanted


def test_without_accelerators_nobody_asks_for_one():
    assert request({"device": "auto"}, devices=0) == NONE
    assert room([NONE] * 3, devices=0) is None


def test_never_two_trials_on_one_accelerator_unless_asked():
    pool = Pool(2)
    assert [pool.take(name, ONE) for name in "abc"] == [(0,), (1,), None]
    pool.give_back("a")
    assert pool.take("c", ONE) == (0,)
    assert pool.take("d", Request(count=1, together=2)) is None, "it would share with one that shares with none"
    pool.give_back("b")
    sharing = Request(count=1, together=2)
    assert [pool.take(name, sharing) for name in "def"] == [(1,), (1,), None]


def test_the_ranks_of_a_trial_get_different_accelerators_the_least_taken_first():
    assert assigned(Request(count=2), [Fraction(1), Fraction(0), Fraction(0)]) == (1, 2)
    assert assigned(Request(count=2), [Fraction(1), Fraction(1), Fraction(0)]) is None
    assert assigned(Request(count=1, together=3), [Fraction(1, 3), Fraction(0)]) == (1,)
    assert assigned(NONE, []) == ()


def test_the_accelerator_that_a_device_names_is_the_one_that_is_waited_for():
    pool = Pool(2)
    named = Request(count=1, named=1)
    assert pool.take("a", named) == (1,)
    assert pool.take("b", named) is None
    assert [pool.take(name, ONE) for name in "cd"] == [(0,), None]


def test_what_ended_twice_or_held_nothing_frees_nothing():
    pool = Pool(1)
    pool.take("cpu", NONE)
    pool.take("a", ONE)
    for name in ("cpu", "stranger"):
        pool.give_back(name)
    assert pool.take("b", ONE) is None


def test_a_worker_sees_the_accelerators_it_was_given_by_the_names_that_it_inherits():
    assert visible(ONE, (1,), None) == {"CUDA_VISIBLE_DEVICES": "1"}
    assert visible(Request(count=2), (0, 2), "4,5,GPU-abc") == {"CUDA_VISIBLE_DEVICES": "4,GPU-abc"}
    assert visible(NONE, (), "4,5") == {}
    assert visible(Request(count=1, named=1), (1,), "4,5") == {}, "the number would be another one's"


def test_as_many_trials_as_there_is_room_for():
    assert room([ONE] * 300, 4) == 4
    assert room([ONE] * 2, 4) == 2
    assert room([Request(count=2)] * 9, 5) == 2
    assert room([Request(count=1, together=3)] * 9, 2) == 6
    assert room([Request(count=1, named=0)] * 9, 4) == 1
    assert room([ONE, NONE], 4) is None, "a trial on the CPU needs no accelerator"


def test_the_first_trial_that_has_what_it_needs_is_started(tmp_path):
    waiting = [tmp_path / name for name in "abc"]
    wanted = dict(zip(waiting, [Request(count=1, named=0), Request(count=2), ONE], strict=True))
    pool = Pool(2)
    pool.take("running", Request(count=1, named=0))
    directory, environment = local._next(waiting, wanted, pool)
    assert directory == waiting[2]
    assert list(environment) == ["CUDA_VISIBLE_DEVICES"]
    assert local._next(waiting[:2], wanted, pool) is None
    assert local._next(waiting[:1], {}, Pool(0)) == (waiting[0], {})


def test_more_slots_than_accelerators_are_an_error_that_says_how_to_share_them(study, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    trials = study("toy", seeds=(0, 1, 2)).trials
    assert choice._local(trials, None).slots == 2
    assert choice._local(trials, 1).slots == 1
    with pytest.raises(
        GenbenchError, match=r"--slots 3: .* enough for 2 at once; use --slots 2, or .*trials_per_gpu=2"
    ):
        choice._local(trials, 3)
    on_cpu = study("toy", seeds=(0, 1, 2), overrides=["device=cpu"], name="cpu").trials
    assert choice._local(on_cpu, 3).slots == 3
    sharing = study("toy", seeds=(0, 1, 2), overrides=["resources.trials_per_gpu=2"], name="two").trials
    assert choice._local(sharing, 3).slots == 3
