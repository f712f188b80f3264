"""Which accelerators of a machine a trial gets: who asks for what, and what is free. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a trial asks for."""

    count: int
    """Accelerators, one for each rank; 0: none."""
    named: int | None = None
    """The one that its device names, as in `device=cuda:1`."""
    together: int = 1
    """Trials that share an accelerator with it, itself counted: what its user has asked for."""


NONE = Request(count=0)


def request(running: Mapping[str, Any], devices: int) -> Request:
    """What a trial asks a machine of so many accelerators for, given its `running`; a device that the machine does not
    have is for the trial itself to complain of.
    """
    kind, _, number = str(running.get("device", "auto")).partition(":")
    if kind not in ("auto", "cuda") or (number and not number.isdecimal()):
        return NONE
    together = running.get("resources", {}).get("trials_per_gpu", 1)
    if number:
        return Request(count=1, named=int(number), together=together) if int(number) < devices else NONE
    return Request(count=min(running.get("world", 1), devices), together=together)


def assigned(wanted: Request, load: Sequence[Fraction]) -> tuple[int, ...] | None:
    """The accelerators that a trial gets, those with the least load first; None while too few are free.

    load: how much of each is taken, 1 by a trial that shares with none.
    """
    free = [number for number, taken in enumerate(load) if taken + Fraction(1, wanted.together) <= 1]
    if wanted.named is not None:
        free = [number for number in free if number == wanted.named]
    chosen = sorted(free, key=lambda number: (load[number], number))[: wanted.count]
    return tuple(sorted(chosen)) if len(chosen) == wanted.count else None


def visible(wanted: Request, numbers: Sequence[int], inherited: str | None) -> dict[str, str]:
    """What a worker's environment has beyond the supervisor's, so that it sees the accelerators it was given and no
    other; inherited: the supervisor's own CUDA_VISIBLE_DEVICES.

    A trial that names its device sees all of them: for it alone the number would be another.
    """
    if not numbers or wanted.named is not None:
        return {}
    names = inherited.split(",") if inherited else []
    return {"CUDA_VISIBLE_DEVICES": ",".join(names[n] if n < len(names) else str(n) for n in numbers)}


class Pool:
    """The accelerators of a machine, and the trials that hold them."""

    def __init__(self, devices: int) -> None:
        self._load = [Fraction(0)] * devices
        self._held: dict[str, tuple[tuple[int, ...], Fraction]] = {}

    def take(self, trial: str, wanted: Request) -> tuple[int, ...] | None:
        """Give a trial what it asks for; None while that is not free."""
        numbers = assigned(wanted, self._load)
        if numbers is not None:
            self._held[trial] = numbers, Fraction(1, wanted.together)
            self._add(numbers, Fraction(1, wanted.together))
        return numbers

    def give_back(self, trial: str) -> None:
        """Take back what a trial holds, if it holds any."""
        numbers, share = self._held.pop(trial, ((), Fraction(0)))
        self._add(numbers, -share)

    def _add(self, numbers: Sequence[int], share: Fraction) -> None:
        for number in numbers:
            self._load[number] += share


def room(requests: Sequence[Request], devices: int) -> int | None:
    """How many of these trials the accelerators are enough for at once; None where some trial needs none, so that they
    set no bound.
    """
    if not devices or not requests or not all(wanted.count for wanted in requests):
        return None
    pool = Pool(devices)
    return sum(pool.take(str(number), wanted) is not None for number, wanted in enumerate(requests))
