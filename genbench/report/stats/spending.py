"""Alpha spending: how much of a test's level its looks at growing data may use, and the levels of the single looks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy import optimize, special, stats

from genbench.report.stats.statistics import Values

Spending = Literal["obrien-fleming", "pocock", "quadratic"]
"""O'Brien-Fleming-like: almost nothing at first; Pocock-like: nearly evenly; quadratic: between them."""
KINDS: Mapping[str, Spending] = {"obrien-fleming": "obrien-fleming", "pocock": "pocock", "quadratic": "quadratic"}
NODES = 200
"""Points of the Gaussian recursion."""
CELLS = 400
"""Cells of the angle between 0 and a right one, in the recursion of t."""
NEVER = 1e-12
"""A look that may spend less than that decides nothing."""


def spent(spending: Spending, share: float, level: float) -> float:
    """The two-sided level that is used up when a share of all data is there, 0 to 1, half of it on each side (Lan and
    DeMets 1983; quadratic: Kim and DeMets 1987).
    """
    if spending == "obrien-fleming":
        return float(4 * special.ndtr(special.ndtri(level / 4) / math.sqrt(share)))
    if spending == "pocock":
        return level * math.log1p((math.e - 1) * share)
    return level * share**2


def gaussian_levels(looks: Sequence[int], spending: Spending, level: float) -> tuple[float, ...]:
    """The two-sided level of each look at the mean of so many normal values with a known spread, by recursive
    integration (Armitage, McPherson and Rowe 1969).
    """
    found: list[float] = []
    points, masses, before = np.zeros(1), np.ones(1), 0.0
    abscissae, weights = np.polynomial.legendre.leggauss(NODES)
    for look, share in enumerate(seeds / looks[-1] for seeds in looks):
        step = math.sqrt(share - before)
        beyond = _gaussian_beyond(points, masses, step)
        bound = _bound(beyond, _increment(looks, look, spending, level), 40 * math.sqrt(share))
        found.append(float(2 * special.ndtr(-bound / math.sqrt(share))))
        kept = min(bound, 9 * math.sqrt(share)) * abscissae
        density = (stats.norm.pdf((kept[:, None] - points) / step) / step) @ masses
        points, masses, before = kept, density * weights * min(bound, 9 * math.sqrt(share)), share
    return tuple(found)


@lru_cache(maxsize=1024)
def t_levels(looks: tuple[int, ...], spending: Spending, level: float) -> tuple[float, ...]:
    """The two-sided level of each look at the t of so many normal values; 0 where a look can decide nothing.

    With few values the levels of Gaussian looks are too large: t of 3 and of 4 values have less in common than their
    means. t = sqrt(n - 1) tan(angle), and the angles of growing n are a Markov chain: a new value over the root of the
    sum of the squares of the old ones is t of n degrees of freedom, over sqrt(n), whatever their direction. So the
    chance to pass a bound first at this look is a recursion in one dimension, as it is for Gaussian looks.
    """
    edges = np.linspace(0, math.pi / 2, CELLS + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    found: list[float] = []
    masses, seeds = np.diff(_angle_below(edges, looks[0])), looks[0]
    for look, wanted in enumerate(looks):
        may = _increment(looks, look, spending, level)
        if look == 0:
            bound = float(math.atan(special.stdtrit(wanted - 1, 1 - may / 2) / math.sqrt(wanted - 1)))
        else:
            while seeds < wanted - 1:
                masses, seeds = masses @ _steps(seeds), seeds + 1
            bound = _bound(_angle_beyond(middles, masses, seeds), may, math.pi / 2)
            masses, seeds = masses @ _steps(seeds), wanted
        passed = may >= NEVER and bound < math.pi / 2
        found.append(float(2 * special.stdtr(wanted - 1, -math.sqrt(wanted - 1) * math.tan(bound))) if passed else 0.0)
        if passed:
            masses = masses * np.clip((bound - edges[:-1]) / np.diff(edges), 0, 1)
    return tuple(found)


def _increment(looks: Sequence[int], look: int, spending: Spending, level: float) -> float:
    """What a look may use up beyond the looks before it."""
    before = spent(spending, looks[look - 1] / looks[-1], level) if look else 0.0
    return spent(spending, looks[look] / looks[-1], level) - before


def _bound(beyond: Callable[[float], float], chance: float, highest: float) -> float:
    """The bound that is passed with a chance; the highest where that is too small to tell."""
    if chance < NEVER or beyond(highest) >= chance:
        return highest
    return float(optimize.brentq(lambda bound: beyond(bound) - chance, 0.0, highest, xtol=1e-12))


def _gaussian_beyond(points: Values, masses: Values, step: float) -> Callable[[float], float]:
    return lambda bound: float(
        masses @ (special.ndtr((points - bound) / step) + special.ndtr((-points - bound) / step))
    )


def _angle_below(angle: Values, seeds: int) -> Values:
    """The chance of a smaller angle than each, of so many values."""
    below: Values = 2 * special.stdtr(seeds - 1, math.sqrt(seeds - 1) * np.tan(angle)) - 1
    return below


def _angle_beyond(middles: Values, masses: Values, seeds: int) -> Callable[[float], float]:
    """The chance that an angle of the next number of values is larger than a bound."""
    return lambda bound: float(masses @ (1 - _next_below(middles, np.array([bound]), seeds)[:, 0]))


@lru_cache(maxsize=64)
def _steps(seeds: int) -> Values:
    """The chances to get from the middle of each cell into each cell by one more value, [cells, cells]."""
    edges = np.linspace(0, math.pi / 2, CELLS + 1)
    return np.diff(_next_below((edges[1:] + edges[:-1]) / 2, edges, seeds), axis=1)


def _next_below(angles: Values, bounds: Values, seeds: int) -> Values:
    """The chance that the angle of one more value is below each bound, whatever its sign, [angles, bounds].

    The new value, over the root of the sum of squares of the others, is the tangent of a turn whose law is known; the
    sine of the new angle is r sin(turn + d), with tan d = sqrt(n) sin(angle).
    """
    sine = np.sin(angles)[:, None]
    radius, shift = np.sqrt((1 + seeds * sine**2) / (seeds + 1)), np.arctan(math.sqrt(seeds) * sine)
    reach = np.arcsin(np.minimum(np.sin(bounds) / radius, 1.0))
    above = _turn_below(math.pi - reach - shift, seeds) - _turn_below(reach - shift, seeds)
    under = _turn_below(-reach - shift, seeds) - _turn_below(reach - math.pi - shift, seeds)
    below: Values = 1 - above - under
    return below


def _turn_below(turn: Values, seeds: int) -> Values:
    """The chance of a smaller turn; turns are between minus and plus a right angle."""
    held = np.clip(turn, -math.pi / 2, math.pi / 2)
    below: Values = special.stdtr(seeds, math.sqrt(seeds) * np.tan(held))
    return below
