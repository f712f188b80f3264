"""Made-up studies whose truth is known, and what genbench's statistics make of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import combinations

import numpy as np
from scipy import stats

from genbench.report.stats import permutation, statistics
from genbench.report.stats.statistics import LEVEL, Values

Draw = Callable[[np.random.Generator, tuple[int, ...]], Values]
"""Values of the shape [..., contenders, seeds], all of one law."""


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
    """A Fréchet distance, as far as anybody knows."""
    return rng.standard_normal(shape)


def shared(rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
    """Normal, half of the variance the seed's and common to all contenders: what pairing is for."""
    values: Values = (rng.standard_normal(shape) + rng.standard_normal((*shape[:-2], 1, shape[-1]))) / np.sqrt(2)
    return values


def lognormal(rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
    """Skewed: some seeds are far worse."""
    return rng.lognormal(0, 1, shape)


def heavy(rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
    """Student's t of 2 degrees of freedom, whose variance is infinite."""
    return rng.standard_t(2, shape)


def collapses(chance: float) -> Draw:
    """Two outcomes, 20 deviations apart, of which the worse has the given chance."""
    return lambda rng, shape: 0.05 * rng.standard_normal(shape) - (rng.random(shape) < chance)


def modes(chance: float) -> Draw:
    """8 modes, each lost with the given chance: few values and many ties."""
    return lambda rng, shape: 8.0 - rng.binomial(8, chance, shape)


def seven_or_eight(rng: np.random.Generator, shape: tuple[int, ...]) -> Values:
    """8 modes, or one fewer half of the time."""
    return 8.0 - (rng.random(shape) < 0.5)


SPREADS: dict[str, Draw] = {
    "normal": normal,
    "log-normal, skewed": lognormal,
    "t, 2 df, heavy tails": heavy,
    "collapses 1 in 5": collapses(0.2),
    "collapses 1 in 2": collapses(0.5),
    "8 modes, each lost 1 in 20": modes(0.05),
    "8 modes, each lost 1 in 500": modes(0.002),
    "7 or 8 modes, 1 in 2": seven_or_eight,
}


def decide(study: Values, *, paired: bool, agreed: bool = True) -> tuple[Values, Values]:
    """(adjusted p, difference) of every pair of a study [contenders, seeds] or [conditions, contenders, seeds], as
    verdicts have them.

    agreed: with the permutation tests that have to agree; without them, Holm's adjustment alone.
    """
    blocks = study.reshape(-1, *study.shape[-2:])
    found = [statistics.contrast(block[a], block[b], paired=paired) for block in blocks for a, b in pairs(block)]
    p, differences = [one.p for one in found], np.array([one.difference for one in found])
    adjusted = permutation.family_p(p, list(map(list, blocks)), paired=paired) if agreed else statistics.holm(p)
    return adjusted, differences


def different(studies: Values, *, paired: bool, agreed: bool = True) -> Values:
    """Whether each pair of each study [draws, ..., contenders, seeds] is called different, [draws, conditions x pairs],
    booleans as numbers.
    """
    return (chances(studies, paired=paired, agreed=agreed) <= LEVEL).astype(float)


def chances(studies: Values, *, paired: bool, agreed: bool = True) -> Values:
    """The adjusted p of each pair of each study [draws, ..., contenders, seeds], [draws, conditions x pairs]; 1 where
    both are equal.

    A study in which no t test comes below the level divided by the number of pairs has none that is called different,
    and is not looked at any longer: its p are 1 too.
    """
    blocks = studies.reshape(len(studies), -1, *studies.shape[-2:])
    sides = [np.stack([blocks[:, :, pair[side]] for pair in pairs(blocks[0, 0])], axis=2) for side in (0, 1)]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of values without spread, which have no t and are looked at
        p = (stats.ttest_rel(*sides, axis=-1) if paired else stats.ttest_ind(*sides, axis=-1, equal_var=False)).pvalue
    p = p.reshape(len(studies), -1)
    found = np.ones(p.shape)
    for number in np.flatnonzero(~(p > LEVEL / p.shape[1]).all(axis=1)):
        adjusted, difference = decide(studies[number], paired=paired, agreed=agreed)
        found[number] = np.where(difference != 0, adjusted, 1.0)
    return found


def pairs(block: Values) -> list[tuple[int, int]]:
    """All pairs of contenders of a block [contenders, seeds]."""
    return list(combinations(range(len(block)), 2))
