"""Errors say what, what was got, and what was possible."""

import pickle

import pytest

from genbench.errors import GenbenchError, UnknownNameError


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
