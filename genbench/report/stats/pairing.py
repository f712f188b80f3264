"""Two contenders side by side: which of their seeds are compared with which, and what the others, which did not
finish, change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from genbench.report.stats import statistics
from genbench.report.stats.outcomes import UNSCORED, Family, Outcomes
from genbench.report.stats.statistics import Values

ENOUGH = 3
"""Seeds without which there is no verdict: two say nothing of a spread."""


MOST_TOLD = 4
"""Conditions of which each is told how many seeds it has."""


@dataclass(frozen=True, kw_only=True)
class Ends:
    """How the trials of one contender ended, over all the conditions compared."""

    trials: int
    """Those that are a result: with a score, diverged or unscored."""
    diverged: int
    unscored: int
    missing: int
    """Those that failed or were interrupted, which is no result."""

    @property
    def lost(self) -> int:
        """The results without a score."""
        return self.diverged + self.unscored


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One contender against another, over the seeds of one condition or over each seed's mean of several."""

    family: Family
    a: str
    b: str
    conditions: tuple[str, ...]
    of_a: Mapping[int, float]
    """Seed to what is compared, of all seeds that have it."""
    of_b: Mapping[int, float]
    paired: bool
    why: str
    """What was paired and why, or why nothing can be compared."""
    enough: bool
    """Whether there are seeds with a score enough for a verdict."""
    ends_a: Ends
    ends_b: Ends
    ranks_a: Values
    """For each seed that is a result under all conditions its mean rank among the trials of both, the best last, those
    without a score all first."""
    ranks_b: Values

    @property
    def values(self) -> tuple[Values, Values]:
        """What is compared: for paired seeds two arrays of one length, seed by seed."""
        if self.paired:
            common = [seed for seed in self.of_a if seed in self.of_b]
            return np.array([self.of_a[seed] for seed in common]), np.array([self.of_b[seed] for seed in common])
        return np.array(list(self.of_a.values())), np.array(list(self.of_b.values()))

    @property
    def lead_of_scores(self) -> float:
        """By how much the mean of a is better than that of b, of the seeds with a score."""
        a, b = self.values
        return (statistics.mean(a) - statistics.mean(b)) * (1 if self.family.better == "higher" else -1)

    @property
    def lead_of_ranks(self) -> float:
        """By how much the mean rank of a is better, of all results."""
        return statistics.mean(self.ranks_a) - statistics.mean(self.ranks_b)

    @property
    def lead_of_losses(self) -> float:
        """By how much smaller the share of results without a score is in a."""
        return self.ends_b.lost / self.ends_b.trials - self.ends_a.lost / self.ends_a.trials

    @property
    def is_counted(self) -> bool:
        """Whether results without a score decide too: there are some, beside some with one, and seeds enough."""
        lost, trials = self.ends_a.lost + self.ends_b.lost, self.ends_a.trials + self.ends_b.trials
        return 0 < lost < trials and self.seeds_counted >= ENOUGH

    @property
    def seeds_counted(self) -> int:
        """The seeds that are a result under all conditions, the smaller number of both."""
        return min(len(self.ranks_a), len(self.ranks_b))

    @property
    def is_all_or_none(self) -> bool:
        """Whether all results of one have a score and none of the other."""
        a, b = self.ends_a, self.ends_b
        return min(a.trials, b.trials) > 0 and (a.lost, b.lost) in ((0, b.trials), (a.trials, 0))


def compare(family: Family, a: str, b: str, conditions: Sequence[str]) -> Comparison:
    """Two contenders of a family under the conditions that both were tried under, among those named."""
    places = tuple(name for name in conditions if name in family.outcomes[a] and name in family.outcomes[b])
    ours, theirs = [family.outcomes[a][name] for name in places], [family.outcomes[b][name] for name in places]
    of_a, of_b = _means(ours), _means(theirs)
    common = len(set(of_a) & set(of_b))
    reason = _unpaired(ours, theirs)
    if not reason and common < ENOUGH <= min(len(of_a), len(of_b)):
        reason = f"seeds with a score of both are too few, {common}"
    counts = (len(of_a), len(of_b)) if reason or common < ENOUGH else (common, common)
    ranks_a, ranks_b = _ranks(ours, theirs, 1 if family.better == "higher" else -1)
    return Comparison(
        family=family,
        a=a,
        b=b,
        conditions=places,
        of_a=of_a,
        of_b=of_b,
        paired=not reason,
        why=_why(reason, counts, places, conditions, ours, theirs),
        enough=min(counts) >= ENOUGH,
        ends_a=_ends(ours),
        ends_b=_ends(theirs),
        ranks_a=ranks_a,
        ranks_b=ranks_b,
    )


def _ends(places: Sequence[Outcomes]) -> Ends:
    return Ends(
        trials=sum(len(one.results) for one in places),
        diverged=sum(one.count("diverged") for one in places),
        unscored=sum(one.count(UNSCORED) for one in places),
        missing=sum(one.count("failed", "interrupted") for one in places),
    )


def _means(places: Sequence[Outcomes]) -> dict[int, float]:
    """Each seed's mean over the conditions, of the seeds that have a score under all of them."""
    complete = [seed for seed in places[0].scores if all(seed in one.scores for one in places)] if places else []
    return {seed: float(np.mean([one.scores[seed] for one in places])) for seed in complete}


def _unpaired(ours: Sequence[Outcomes], theirs: Sequence[Outcomes]) -> str:
    """Why seeds of two contenders cannot be paired, or an empty string."""
    for one, other in zip(ours, theirs, strict=True):
        if set(one.statuses) != set(other.statuses):
            return "they were trained with different seeds"
        common = set(one.scores) & set(other.scores)
        if not all(one.starts[seed] and other.starts[seed] for seed in common):
            return "whether seeds share data order and initial weights is not recorded"
        if any(one.starts[seed] != other.starts[seed] for seed in common):
            return "seeds do not share data order and initial weights"
    return ""


def _why(
    reason: str,
    counts: tuple[int, int],
    places: tuple[str, ...],
    conditions: Sequence[str],
    ours: Sequence[Outcomes],
    theirs: Sequence[Outcomes],
) -> str:
    if not places:
        return "there is no condition under which both were tried"
    everywhere = f" under all {len(places)} conditions" if len(places) > 1 else ""
    if min(counts) < ENOUGH:
        seeds = f"{counts[0]} of both" if counts[0] == counts[1] else f"{counts[0]} and {counts[1]}"
        return f"too few seeds finished{everywhere}: {seeds}, where {ENOUGH} are needed{_each(ours, theirs, places)}"
    paired = f"not paired: {reason}" if reason else "paired: seeds share data order and initial weights"
    left_out = (
        f"; under the {len(places)} of {len(conditions)} conditions that both were tried under"
        if len(places) < len(conditions)
        else ""
    )
    return paired + left_out


def _each(ours: Sequence[Outcomes], theirs: Sequence[Outcomes], places: Sequence[str]) -> str:
    """How many seeds have a score under each of a few conditions, so that it is seen which of them lacks seeds."""
    if not 1 < len(places) <= MOST_TOLD:
        return ""
    counts = [f"{len(one.scores)} and {len(other.scores)}" for one, other in zip(ours, theirs, strict=True)]
    return f" ({'; '.join(f'{place}: {count}' for place, count in zip(places, counts, strict=True))})"


def _ranks(ours: Sequence[Outcomes], theirs: Sequence[Outcomes], sign: int) -> tuple[Values, Values]:
    """Each seed's mean over the conditions of its rank among the results of both; those without a score tie for the
    worst.
    """
    ranks_a, ranks_b = [], []
    for one, other in zip(ours, theirs, strict=True):
        goodness = [
            sign * outcomes.scores.get(seed, -sign * np.inf) for outcomes in (one, other) for seed in outcomes.results
        ]
        ranks = [float(rank) for rank in stats.rankdata(goodness)]
        ranks_a.append(dict(zip(one.results, ranks[: len(one.results)], strict=True)))
        ranks_b.append(dict(zip(other.results, ranks[len(one.results) :], strict=True)))
    return _mean_ranks(ranks_a), _mean_ranks(ranks_b)


def _mean_ranks(places: Sequence[Mapping[int, float]]) -> Values:
    complete = [seed for seed in places[0] if all(seed in ranks for ranks in places)] if places else []
    return np.array([np.mean([ranks[seed] for ranks in places]) for seed in complete], dtype=float)
