"""Permutation tests of two contenders and of families, with which t tests have to agree before a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy import special, stats

from genbench.report.stats.statistics import LEVEL, ROUNDING, Values, holm, largest

RELABELLINGS = 1999
"""Permutations that are drawn where there are more than so many; the smallest p is then 1/2,000."""


def permutation_p(a: Values, b: Values, *, paired: bool) -> float:
    """The two-sided p of the difference of means under exchanged labels, within seeds or over all; it assumes no shape
    of the spread.

    Exact up to 1,999 exchanges, drawn above. The smallest that n paired seeds can give is 2/2^n, n against n others
    2/C(2n, n).
    """
    kind, rng = "samples" if paired else "independent", np.random.default_rng(0)
    found = stats.permutation_test(
        (a, b), _difference, permutation_type=kind, vectorized=True, n_resamples=RELABELLINGS, rng=rng
    )
    return float(found.pvalue)


def family_p(p: Sequence[float], blocks: Sequence[Sequence[Values]], *, paired: bool) -> Values:
    """The p of all comparisons of a family after Holm's adjustment, and where one is at most LEVEL, none below a
    permutation test's (`agreeing_p`).
    """
    adjusted = holm(p)
    return np.maximum(adjusted, agreeing_p(blocks, paired=paired)) if (adjusted <= LEVEL).any() else adjusted


def agreeing_p(blocks: Sequence[Sequence[Values]], *, paired: bool) -> float:
    """The p of the permutation test that has to agree before t tests of a family may call anything different.

    blocks: the values that were compared with each other, one array a contender and one block a condition. A metric
    that falls into either of two modes deceives t tests. Few seeds may separate two of many equal contenders by chance,
    with a t so large that no adjustment holds it back: relabelled contenders are then separated as often, so the joint
    permutation test has to agree. A single comparison is held to its own permutation test where that has room,
    its smallest p being at most LEVEL / 5; else 0.
    """
    if len(blocks) > 1 or len(blocks[0]) > 2:
        return joint_permutation_p(blocks, paired=paired)
    ((a, b),) = blocks
    labellings = 2.0 ** len(a) if paired else special.comb(len(a) + len(b), len(a))
    return permutation_p(a, b, paired=paired) if 2 / labellings <= LEVEL / 5 else 0.0


def joint_permutation_p(blocks: Sequence[Sequence[Values]], *, paired: bool) -> float:
    """The p of "the contenders of a block are alike, in every block": relabelled ones rarely differ so much, all pairs
    together.

    The statistic is the sum over pairs of log(1 + t²/df), a normal likelihood ratio each. paired: relabelled within
    seeds, the arrays of a block being equally long; three seeds have too few such labellings for any to be rare, and
    are relabelled freely.
    """
    rng = np.random.default_rng(0)
    within = paired and all(len(values) > 3 for block in blocks for values in block)
    total = np.zeros(1 + RELABELLINGS)
    for block in blocks:
        groups = _relabelled(block, rng, within=within)
        scale = largest(*block)
        for one, other in combinations(groups, 2):
            total += _evidence(one, other, scale, paired=within)
    return float(np.mean(total >= total[0] * (1 - ROUNDING)))


def _difference(a: Values, b: Values, axis: int) -> Values:
    difference: Values = np.mean(a, axis=axis) - np.mean(b, axis=axis)
    return difference


def _relabelled(block: Sequence[Values], rng: np.random.Generator, *, within: bool) -> list[Values]:
    """The groups as they are and then RELABELLINGS times relabelled, each [1 + RELABELLINGS, seeds]."""
    observed = np.stack(block) if within else np.concatenate(block)
    shuffled = rng.permuted(np.repeat(observed[None], RELABELLINGS, axis=0), axis=1)
    rows = np.concatenate([observed[None], shuffled])
    if within:
        return [rows[:, number] for number in range(len(block))]
    return np.split(rows, np.cumsum([len(values) for values in block])[:-1], axis=1)


def _evidence(a: Values, b: Values, scale: float, *, paired: bool) -> Values:
    """log(1 + t²/df) of each row of a [rows, n] against that of b [rows, m]; t is held below 1e9, which unequal values
    without spread have.
    """
    n, m = a.shape[1], b.shape[1]
    variance = (
        np.var(a - b, axis=1, ddof=1) / n if paired else np.var(a, axis=1, ddof=1) / n + np.var(b, axis=1, ddof=1) / m
    )
    difference = np.abs(np.mean(a, axis=1) - np.mean(b, axis=1))
    unequal = difference > ROUNDING * scale
    t = np.divide(difference, np.sqrt(variance), out=np.full(len(a), 1e9), where=variance > (ROUNDING * scale) ** 2)
    evidence: Values = np.where(unequal, np.log1p(np.minimum(t, 1e9) ** 2 / (n - 1 if paired else n + m - 2)), 0.0)
    return evidence
