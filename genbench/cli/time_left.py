"""How long a study takes, as a person reads it."""

from __future__ import annotations

from collections.abc import Sequence

from genbench.cli.display import roughly
from genbench.study.estimate import Earlier, Left, Remaining
from genbench.trial.trial import Trial


class TimeLeft:
    """A study's remaining time in words."""

    def __init__(self, remaining: Remaining) -> None:
        self._remaining = remaining
        self.started, self.progress, self.ended = remaining.started, remaining.progress, remaining.ended

    def words(self) -> str:
        """`about 12 min left`, `at least 12 min left` where nothing is known of a method; empty where of none."""
        found = self._remaining.left()
        return f"{_most(found)} {roughly(found.seconds)} left" if found.seconds else ""


def tell(trials: Sequence[Trial], slots: int | None, before: Earlier) -> str:
    """What is said before the start: how long it takes, and what that rests on."""
    count = f"{len(trials)} {'trial' if len(trials) == 1 else 'trials'}"
    if not before.records:
        return f"{count}: how long they take is not known yet, the first ones will tell"
    found = Remaining(trials, slots, before).left()
    at_once = f", {slots} at once" if slots and slots > 1 else ""
    unknown = f"; of {', '.join(found.unknown)} there is none" if found.unknown else ""
    earlier = "1 earlier one" if before.records == 1 else f"{before.records} earlier ones"
    return f"{count}{at_once}: {_most(found)} {roughly(found.seconds)}, by {earlier} in this results folder{unknown}"


def _most(found: Left) -> str:
    return "at least" if found.unknown else "about"
