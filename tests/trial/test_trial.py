"""Trials and plans."""

import dataclasses

import pytest

from genbench.config.point import Point
from genbench.errors import GenbenchError
from genbench.trial.trial import Trial, plan


def a_trial(**changes):
    return Trial(
        **(
            {
                "study": "s",
                "method": "gram",
                "dataset": "ring",
                "architecture": "mlp",
                "seed": 0,
                "settings": {"train": {"batch": 2}},
            }
            | changes
        )
    )


def points(method, variant, dataset):
    return [Point("mlp", {"method": {"lr": lr}}, {"threads": 1}, {"gram.lr": lr}) for lr in (0.1, 0.2)]


def test_a_trial_survives_the_trip_through_plain_data():
    trial = a_trial(variant="flow", swept={"gram.lr": 0.1})
    assert Trial.from_dict(trial.to_dict()) == trial


@pytest.mark.parametrize(
    "change",
    [
        {"method": "gan"},
        {"dataset": "digits"},
        {"architecture": "dcgan"},
        {"seed": 1},
        {"settings": {"train": {"batch": 3}}},
    ],
)
def test_the_id_changes_with_everything_that_determines_the_numbers(change):
    assert a_trial(**change).id != a_trial().id


@pytest.mark.parametrize(
    "change", [{"study": "t"}, {"variant": "flow"}, {"running": {"device": "cuda"}}, {"swept": {"x": 1}}]
)
def test_the_id_does_not_change_with_anything_else(change):
    assert a_trial(**change).id == a_trial().id


def test_the_id_does_not_depend_on_the_order_of_settings():
    one, other = {"train": {"a": 1, "b": 2}}, {"train": {"b": 2, "a": 1}}
    assert a_trial(settings=one).id == a_trial(settings=other).id


@pytest.mark.parametrize("name", ["../../etc", "a/b", "a b\n", "\0", "." * 300])
def test_the_folder_of_a_trial_is_one_safe_path_component(name):
    folder = a_trial(variant=name, swept={"x": name}).directory
    assert "/" not in folder
    assert not folder.startswith(".")
    assert len(folder) < 150
    assert folder.isprintable()


@pytest.mark.parametrize("change", [{"seed": None}, {"seed": "0"}, {"settings": []}])
def test_a_trial_without_a_part_of_the_right_kind_is_damaged(change):
    (name,) = change
    with pytest.raises(GenbenchError, match=rf"^x is damaged: it has no {name} of the right kind; "):
        Trial.from_dict({**a_trial().to_dict(), **change}, "x")


def test_a_plan_is_the_product_with_seeds_slowest():
    trials = plan("s", [("gan", ""), ("gram", "flow")], ["ring", "digits"], [0, 1], points)
    assert len(trials) == 2 * 2 * 2 * 2
    assert [trial.seed for trial in trials] == [0] * 8 + [1] * 8
    assert {trial.label for trial in trials} == {"gan", "gram/flow"}


def test_the_same_trial_twice_is_refused():
    with pytest.raises(GenbenchError, match="twice"):
        plan("s", [("gan", ""), ("gan", "")], ["ring"], [0], points)


def test_equal_numbers_on_other_threads_are_another_trial():
    def on(threads):
        return Point("mlp", {"method": {"lr": 0.1}}, {"threads": threads}, {"threads": threads})

    first, second = plan("s", [("gram", "")], ["ring"], [0], lambda *_: [on(1), on(2)])
    assert first.id == second.id
    assert first.directory != second.directory


@pytest.mark.parametrize("name", ["\x1b[2Jgan", "\u202egan", "\ud800", "gan\n", "g" * 101])
@pytest.mark.parametrize("kind", ["method", "variant", "dataset", "architecture"])
def test_a_name_that_cannot_be_shown_as_it_is_is_nothings_name(kind, name):
    plain = dataclasses.replace(a_trial(), **{kind: name}).to_dict()
    with pytest.raises(GenbenchError, match=f"its {kind} is nothing's name"):
        Trial.from_dict(plain)
