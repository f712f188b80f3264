"""Errors say what, what was got, and what was possible."""

import pickle

import pytest

from genbench.errors import DataError, GenbenchError, SettingsError, UnknownNameError


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (["gan", "gram"], "unknown method 'grom': did you mean 'gram'? (there are: gan, gram)"),
        (["xyz"], "unknown method 'grom': (there are: xyz)"),
        ([], "unknown method 'grom': (there are none)"),
    ],
)
def test_an_unknown_name_is_answered_with_what_there_is(known, said):
    assert str(UnknownNameError("method", "grom", known)) == said


def test_an_error_crosses_process_borders_with_its_message():
    error = UnknownNameError("method", "grom", ["gram"], "a hint")
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(copy, GenbenchError)
    assert str(copy) == str(error)


@pytest.mark.parametrize("kind", [GenbenchError, SettingsError, DataError])
def test_what_a_message_quotes_is_cut_and_without_passwords(kind):
    assert len(str(kind(f"'{'a' * 100_000}' is no name"))) < 700
    assert str(kind("no answer from http://user:secret@host/x?token=y")) == "no answer from http://host/x"


def test_a_name_of_a_hundred_thousand_characters_is_answered_shortly():
    said = str(UnknownNameError("method", "a" * 100_000, ["gan", "gram"], "a hint"))
    assert len(said) < 700
    assert said.endswith("(there are: gan, gram); a hint")
