"""Plain data from files: dotted keys become sections again, and what cannot be one is named."""

import pytest

from genbench.config.settings import flatten
from genbench.errors import GenbenchError
from genbench.trial.schema import sections


def test_the_sections_of_a_flat_row_are_those_that_were_flattened():
    nested = {"settings": {"train": {"batch": 2}, "threads": 1}, "better": {"mmd": "lower"}}
    row = flatten(nested) | {"seed": 1, "other.key": 2}
    assert sections(row, ("settings", "better", "protocol"), "a file", "remove it") == {**nested, "protocol": {}}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"settings.train": 1, "settings.train.batch": 2}, "settings.train.batch is in no section"),
        ({"settings.train.batch": 2, "settings.train": 1}, "settings.train is a section and a value"),
    ],
)
def test_a_key_that_is_a_section_and_a_value_is_named(row, said):
    with pytest.raises(GenbenchError, match=f"^a file is damaged: {said}; remove it$"):
        sections(row, ("settings",), "a file", "remove it")
