"""How long a study takes: by what its trials have taken before, and by what those that run show."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

from genbench.errors import GenbenchError
from genbench.study.plan import Study
from genbench.trial.record import Record, read
from genbench.trial.trial import Trial

PATIENCE = 1.0
"""Seconds after which no more earlier records are read."""
MOST = 3
"""Earlier records of one kind that are enough."""
LEAST = 0.01
"""Share of a budget after which the speed of a trial is known."""


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """What trials are thought to take, by records of trials like them."""

    seconds: Mapping[str, float]
    """By a trial's folder; of those whose like has a record."""
    records: int
    """How many it rests on."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """How long something takes from now on."""

    seconds: float
    """As far as it is known."""
    unknown: tuple[str, ...]
    """Labels of methods of which nothing is known."""


def spent(trial: Trial, clocks: Mapping[str, Any]) -> float:
    """The part of a trial's budget that clocks have spent, above 1 where it is more than that."""
    budget = trial.settings["train"]
    limits = {"images": budget["images"], "updates": budget["updates"], "train_seconds": budget["seconds"]}
    return max((clocks[clock] / limit for clock, limit in limits.items() if limit), default=0.0)


def earlier(study: Study, trials: Sequence[Trial], *, patience: float = PATIENCE) -> Earlier:
    """What trials of a study took before, or those of other studies of its results folder that are like them but for
    seed, budget and the method's own settings; reads records for so many seconds at most, its own and the newest first.
    """
    wanted = {_kind(trial): trial for trial in trials}
    found: dict[str, list[Record]] = {}
    begun = time.monotonic()
    for directory in _places(study, [*wanted.values()]):
        if time.monotonic() - begun > patience or all(len(found.get(kind, ())) >= MOST for kind in wanted):
            break
        with suppress(GenbenchError, OSError):  # a damaged one tells nothing
            record, kind = read(directory), _kind(Trial.read(directory))
            if record and record.status == "finished" and kind in wanted and len(found.get(kind, ())) < MOST:
                found.setdefault(kind, []).append(record)
    return Earlier(
        seconds={
            trial.directory: median(_whole(trial, record) for record in found[_kind(trial)])
            for trial in trials
            if _kind(trial) in found
        },
        records=sum(map(len, found.values())),
    )


class Remaining:
    """How long the trials of a study take from now on, so many at once, told as they start, go on and end."""

    def __init__(
        self,
        trials: Sequence[Trial],
        slots: int | None,
        before: Earlier,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """slots: trials at once; none: as many as are seen to run."""
        self._waiting = {trial.directory: trial for trial in trials}
        self._running: dict[str, Trial] = {}
        self._slots, self._before, self._now = slots or 1, before, now
        self._started: dict[str, float] = {}
        self._first: dict[str, tuple[float, float]] = {}
        self._last: dict[str, tuple[float, float]] = {}
        self._took: dict[str, list[float]] = {}

    def started(self, trial: Trial) -> None:
        """A trial's worker starts."""
        self._waiting.pop(trial.directory, None)
        self._running[trial.directory] = trial
        self._started[trial.directory] = self._now()
        self._slots = max(self._slots, len(self._running))
        self._first.pop(trial.directory, None)
        self._last.pop(trial.directory, None)

    def progress(self, trial: Trial, share: float) -> None:
        """So much of a trial's budget is spent."""
        self._last[trial.directory] = (self._now(), share)
        self._first.setdefault(trial.directory, self._last[trial.directory])

    def ended(self, trial: Trial) -> None:
        """A trial has left its record."""
        if self._running.pop(trial.directory, None):
            self._took.setdefault(_alike(trial), []).append(self._now() - self._started[trial.directory])

    def left(self) -> Left:
        """As far as it is known: by trials that ended here, by those that run, by earlier records."""
        known, unknown = [], []
        for trial in self._running.values():
            whole = self._whole(trial)
            if whole is None:
                unknown.append(trial.label)
            elif rate := self._rate(trial):
                at, share = self._last[trial.directory]
                known.append(max(0.0, (1 - share) / rate - (self._now() - at)))
            else:
                known.append(max(0.0, whole - (self._now() - self._started[trial.directory])))
        for trial in self._waiting.values():
            whole = self._whole(trial)
            known += [] if whole is None else [whole]
            unknown += [trial.label] if whole is None else []
        slots = min(self._slots, len(self._running) + len(self._waiting)) or 1
        seconds = max(sum(known) / slots, max(known, default=0.0))
        return Left(seconds=seconds, unknown=tuple(dict.fromkeys(unknown)))

    def _whole(self, trial: Trial) -> float | None:
        """What a trial takes from its start to its end."""
        if took := self._took.get(_alike(trial)):
            return mean(took)
        rates = [self._rate(one) for one in self._running.values() if _alike(one) == _alike(trial)]
        if known := [rate for rate in rates if rate]:
            return 1 / mean(known)
        return self._before.seconds.get(trial.directory)

    def _rate(self, trial: Trial) -> float | None:
        """Shares of its budget that a running trial spends in a second, between its first and its newest row."""
        if trial.directory not in self._first:
            return None
        (begun, first), (at, share) = self._first[trial.directory], self._last[trial.directory]
        return (share - first) / (at - begun) if share - first > LEAST and at > begun else None


def _kind(trial: Trial) -> str:
    """A word that trials have in common of which one image costs about the same."""
    train = trial.settings["train"]
    return json.dumps(
        [
            trial.label,
            trial.dataset,
            trial.architecture,
            trial.settings.get("net"),
            trial.settings.get("data"),
            train["batch"],
            train["precision"],
        ],
        sort_keys=True,
    )


def _alike(trial: Trial) -> str:
    """The same of which the whole costs about the same."""
    return json.dumps([_kind(trial), trial.settings["train"], trial.settings["evaluate"]], sort_keys=True)


def _whole(trial: Trial, record: Record) -> float:
    """What a trial takes by the record of another one: its training as the budgets are, the rest as it was."""
    clocks = {"images": record.images, "updates": record.updates, "train_seconds": record.train_seconds}
    share = spent(trial, clocks)
    rest = record.evaluate_seconds if record.resumes else max(0.0, record.wall_seconds - record.train_seconds)
    return (record.train_seconds / share if share else 0.0) + rest


def _places(study: Study, trials: Sequence[Trial]) -> Iterator[Path]:
    """The folders of trials in a results folder whose names begin as those of these trials do, the study's own first,
    then those of the other studies, the newest first.
    """
    begin = tuple(
        {"-".join(re.sub(r"[^A-Za-z0-9._=+]+", "-", word) for word in (one.dataset, one.label)) for one in trials}
    )
    others = [path for path in study.results.glob("*/trials") if path.parent != study.directory]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in (study.directory / "trials", *others):
        yield from (path for path in sorted(folder.glob("*")) if path.name.startswith(begin))
