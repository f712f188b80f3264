"""What a person sees: fractions, endings, plain lines and bars."""

import io

import pytest
from rich.console import Console

from genbench.cli import display as terminal
from genbench.cli import layout, progress
from genbench.config.overrides import literal
from genbench.trial.record import Record
from genbench.trial.trial import Trial

NAMES = {"method": "gram", "variant": "flow", "dataset": "ring", "architecture": "mlp", "seed": 3}


def a_trial(images=100, updates=None, seconds=None):
    return Trial(**NAMES, study="s", settings={"train": {"images": images, "updates": updates, "seconds": seconds}})


class Silence:
    """A clock that knows nothing."""

    def started(self, trial): ...

    def progress(self, trial, share): ...

    def ended(self, trial): ...

    def words(self):
        return ""


def a_record(status="finished", error=""):
    return Record(
        **NAMES, study="s", trial="t", id="1", status=status, error=error, images=1200, updates=6, train_seconds=1.25
    )


@pytest.mark.parametrize(
    ("budget", "fraction"),
    [((100, None, None), 0.5), ((None, 10, None), 0.2), ((100, 10, 4.0), 0.75), ((10, None, None), 1.0)],
)
def test_the_fraction_of_the_budget_is_that_of_the_nearest_limit(budget, fraction):
    assert terminal.fraction(a_trial(*budget), {"images": 50, "updates": 2, "train_seconds": 3.0}) == fraction


def test_an_ending_tells_the_clocks_or_the_error():
    assert (
        progress.ending(a_trial(), a_record(), {})
        == "gram/flow on ring, seed 3: finished after 1,200 images, 6 updates, 1.2 s of training"
    )
    assert (
        progress.ending(a_trial(), a_record("failed", "ValueError: [b]"), {})
        == "gram/flow on ring, seed 3: failed: ValueError: [b]"
    )


@pytest.mark.parametrize("display", [progress.Lines, progress.Bars])
def test_a_display_shows_starts_repeats_and_endings(display):
    stream = io.StringIO()
    with display(
        Console(file=stream, force_terminal=display is progress.Bars, width=200),
        2,
        {a_trial().directory: "gram/flow lr=0.1"},
        Silence(),
    ) as shown:
        shown.started(a_trial(), 1)
        shown.progress(a_trial(), {"images": 50, "updates": 2, "train_seconds": 3.0})
        shown.started(a_trial(), 2)
        shown.ended(a_trial(), a_record("failed", "ValueError: [b]"))
    assert "attempt 2" in stream.getvalue() or display is progress.Bars, "a bar's note is drawn with the next frame"
    assert "failed: ValueError: [b]" in stream.getvalue()
    assert "gram/flow lr=0.1 on ring, seed 3" in stream.getvalue(), "trials of a sweep are told apart"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "null"), (True, "true"), (1e-4, "0.0001"), ((1.0, 2.5), "[1,2.5]"), ("adam", "adam"), (3, "3")],
)
def test_a_value_is_shown_as_one_writes_it(value, text):
    assert literal(value) == text


def test_brackets_in_a_table_are_shown_as_they_are():
    stream = io.StringIO()
    Console(file=stream, width=80).print(layout.table([["metrics=[modes]"]], ["[b]"]))
    assert "metrics=[modes]" in stream.getvalue()
