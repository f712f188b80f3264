"""Made-up studies that are looked at while their seeds come in: who is called different when, by several procedures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from genbench.report.stats import permutation, statistics
from genbench.report.stats.sequential import Design
from genbench.report.stats.spending import Spending
from genbench.report.stats.statistics import LEVEL, ROUNDING, Values

Level = Callable[[int, int], float]
"""The level of a look, of so many comparisons that are still open."""
KINDS: tuple[Spending, ...] = ("obrien-fleming", "quadratic", "pocock")
PRIOR = 4.0
"""The variance of the standardised differences that the e-process bets on."""


@dataclass(frozen=True, kw_only=True)
class Procedure:
    """When one looks, and what decides."""

    looks: tuple[int, ...]
    level: Level | None = None
    """Of p; None: evidence decides, at the number of open comparisons over LEVEL."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a procedure made of studies."""

    different: Values
    """Whether each pair was called different at any look, [draws, metrics x pairs], booleans."""
    seeds: Values
    """The mean over contenders of the seeds that each study took, [draws]."""


def procedures(cap: int) -> dict[str, Procedure]:
    """Those that are compared, up to a number of seeds."""
    looks, few = tuple(range(3, cap + 1)), tuple(range(4, cap + 1, 2))
    found = {
        "fixed": Procedure(looks=(cap,), level=_always),
        "every look at 5 %": Procedure(looks=looks, level=_always),
    }
    for kind in KINDS:
        found[kind] = Procedure(looks=looks, level=Design(looks=looks, spending=kind).level)
    found["quadratic, every second seed"] = Procedure(looks=few, level=Design(looks=few, spending="quadratic").level)
    found["e-process"] = Procedure(looks=looks)
    return found


def run(studies: Values, procedure: Procedure, *, paired: bool) -> Found:
    """Look at studies [draws, metrics, contenders, seeds], as `genbench run --until-decided` does: every pair on every
    metric is to be decided, and a contender of which nothing is open gets no more seeds.
    """
    draws, metrics, contenders, _ = studies.shape
    pairs = list(combinations(range(contenders), 2))
    opened = np.ones((draws, metrics, len(pairs)), bool)
    taken = np.zeros((draws, contenders))
    for look, seeds in enumerate(procedure.looks):
        needed = np.stack(
            [opened[:, :, [one in pair for pair in pairs]].any(axis=(1, 2)) for one in range(contenders)], axis=1
        )
        taken[needed] = seeds
        now = studies[..., :seeds]
        if procedure.level is None:
            bar = opened.sum(axis=(1, 2), keepdims=True) / LEVEL
            opened = opened & (evidence(now, pairs) < np.maximum(bar, 1))
        else:
            opened = opened & np.logical_not(_decided(now, opened, procedure.level, look, pairs, paired=paired))
    return Found(different=~opened.reshape(draws, -1), seeds=taken.mean(axis=1))


def t_tests(values: Values, looks: Sequence[int]) -> Values:
    """The two-sided p of t at each look at values [draws, seeds], [draws, looks]."""
    n = np.array(looks)
    sums, squares = values.cumsum(axis=1)[:, n - 1], (values**2).cumsum(axis=1)[:, n - 1]
    t = sums / np.sqrt(n * (squares - sums**2 / n) / (n - 1))
    p: Values = 2 * stats.t.sf(np.abs(t), n - 1)
    return p


def evidence(studies: Values, pairs: Sequence[tuple[int, int]]) -> Values:
    """The e-process of paired differences, [draws, metrics, pairs]: the likelihood ratio of a normal mixture of
    standardised differences against none, which does not know the spread (Wang and Ramdas 2025, with a proper prior).

    Where differences have no spread t is not known, and nothing is bet.
    """
    seeds = studies.shape[-1]
    difference = _differences(studies, pairs)
    centre, squares = difference.mean(axis=-1), (difference**2).mean(axis=-1)
    share = np.divide(centre**2, squares, out=np.zeros_like(centre), where=squares > 0)
    held = np.ptp(difference, axis=-1) > ROUNDING * _scale(studies)
    left = 1 - share * seeds * PRIOR / (1 + seeds * PRIOR)
    ratio: Values = np.where(held, (1 + seeds * PRIOR) ** -0.5 * left ** (-seeds / 2), 1.0)
    return ratio


def _decided(
    studies: Values, opened: Values, level: Level, look: int, pairs: Sequence[tuple[int, int]], *, paired: bool
) -> Values:
    """Which open pairs are called different at a look, as verdicts have it: by t tests after Holm's adjustment over all
    that is open, if the permutation test agrees.
    """
    p = np.where(opened, _p(studies, pairs, paired=paired), np.nan).reshape(len(studies), -1)
    number = np.isfinite(p).sum(axis=1)
    order = np.argsort(p, axis=1)
    ranked = np.take_along_axis(p, order, axis=1) * np.maximum(number[:, None] - np.arange(p.shape[1]), 1)
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, np.maximum.accumulate(ranked, axis=1), axis=1)
    levels = np.array([level(look, count) for count in range(p.shape[1] + 1)])[number]
    decided = np.where(np.isfinite(p), adjusted, 1.0) <= levels[:, None]
    found: Values = decided.reshape(opened.shape)
    for draw in np.flatnonzero(decided.any(axis=1)):
        blocks = [
            [studies[draw, metric, one] for one in sorted({one for pair in own for one in pair})]
            for metric in range(studies.shape[1])
            if (own := [pair for pair, left in zip(pairs, opened[draw, metric], strict=True) if left])
        ]
        if permutation.agreeing_p(blocks, paired=paired) > levels[draw]:
            found[draw] = False
    return found


def _p(studies: Values, pairs: Sequence[tuple[int, int]], *, paired: bool) -> Values:
    """The p of `statistics.contrast` of each pair, [draws, metrics, pairs]."""
    n = studies.shape[-1]
    a, b = (studies[:, :, [pair[side] for pair in pairs]] for side in (0, 1))
    difference, scale = a.mean(axis=-1) - b.mean(axis=-1), _scale(studies)
    if paired:
        spread, error, df = np.ptp(a - b, axis=-1), (a - b).std(axis=-1, ddof=1) / n**0.5, n - 1.0
    else:
        spread = np.maximum(np.ptp(a, axis=-1), np.ptp(b, axis=-1))
        ours, theirs = a.var(axis=-1, ddof=1) / n, b.var(axis=-1, ddof=1) / n
        with np.errstate(all="ignore"):
            error, df = np.sqrt(ours + theirs), (ours + theirs) ** 2 / ((ours**2 + theirs**2) / (n - 1))
    with np.errstate(all="ignore"):
        p = 2 * stats.t.sf(np.abs(difference) / error, df)
    without = np.where(np.abs(difference) <= ROUNDING * scale, 1.0, statistics.all_or_none_p(n))
    found: Values = np.where(spread > ROUNDING * scale, p, without)
    return found


def _differences(studies: Values, pairs: Sequence[tuple[int, int]]) -> Values:
    one, other = (studies[:, :, [pair[side] for pair in pairs]] for side in (0, 1))
    difference: Values = one - other
    return difference


def _scale(studies: Values) -> Values:
    """The largest absolute value of each study and metric, [draws, metrics, 1]."""
    scale: Values = np.abs(studies).max(axis=(2, 3))[:, :, None]
    return scale


def _always(look: int, comparisons: int) -> float:
    return LEVEL
