"""The one check of settings' types: what is taken, what becomes what, and what is said of the rest."""

from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genbench.config.settings import TrainSettings
from genbench.config.typecheck import as_declared, built, defaults
from genbench.errors import SettingsError

HINTS = [int, float, bool, str, int | None, tuple[float, ...], tuple[str, ...], Literal["a", "b"]]
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("value", "hint", "taken"),
    [
        (1, float, 1.0),
        ("1e-4", float, 1e-4),
        ("7", int, 7),
        ("on", bool, True),
        (0, bool, False),
        (3, str, "3"),
        (None, int | None, None),
        ("5", int | None, 5),
        ([1, 2.5], tuple[float, ...], (1.0, 2.5)),
        ([], tuple[str, ...], ()),
        ("b", Literal["a", "b"], "b"),
        ("2", Literal[1, 2], 2),
    ],
)
def test_a_value_becomes_what_its_field_declares(value, hint, taken):
    found = as_declared(value, hint)
    assert (found, type(found)) == (taken, type(taken))


@pytest.mark.parametrize(
    ("value", "hint", "said"),
    [
        (True, int, "must be a whole number, got True"),
        (1.5, int, r"must be a whole number, got 1\.5"),
        (True, float, "must be a number, got True"),
        ("abc", float, "must be a number, got 'abc'"),
        (10**400, float, "must be a number"),
        ("maybe", bool, "must be true or false, got 'maybe'"),
        (None, int, "must be a whole number, got null"),
        ([], int | None, r"must be a whole number or null, got \[\]"),
        (3, tuple[float, ...], "must be a list, each item a number, got 3"),
        (["a"], tuple[float, ...], "must be a list, each item a number"),
        ("c", Literal["a", "b"], "must be one of a, b, got 'c'"),
        ({"a": 1}, str, "must be text"),
    ],
)
def test_what_a_field_cannot_hold_is_said_with_what_was_possible(value, hint, said):
    with pytest.raises(ValueError, match=said):
        as_declared(value, hint)


@given(PLAIN, st.sampled_from(HINTS))
def test_what_was_taken_once_is_taken_again_as_it_is(value, hint):
    try:
        taken = as_declared(value, hint)
    except ValueError:
        return
    again = as_declared(taken, hint)
    assert (again, type(again)) == (taken, type(taken))


def test_a_class_is_built_from_its_own_defaults():
    assert built(TrainSettings, defaults(TrainSettings)) == TrainSettings()


@pytest.mark.parametrize("values", [None, [], {"gone": 1}, {"batch": "many"}, {"batch": None}])
def test_what_another_version_or_a_damaged_file_says_is_named(values):
    with pytest.raises(SettingsError, match="another version, or is damaged"):
        built(TrainSettings, values)


def test_a_default_is_no_object_that_two_trials_share():
    @dataclass(frozen=True)
    class Config:
        widths: tuple[float, ...] = (1.0,)

    assert defaults(Config)["widths"] is not defaults(Config)["widths"]
