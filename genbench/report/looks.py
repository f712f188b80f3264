"""A study that runs until it is answered: which looks were taken, what each decided, and which trials the next one
needs, all found again from the records.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from genbench.errors import GenbenchError
from genbench.report.claims import judge, selection
from genbench.report.claims.claim import Claim
from genbench.report.claims.judge import Judged
from genbench.report.stats import contenders, judgement
from genbench.report.stats.outcomes import families
from genbench.report.stats.pairing import ENOUGH, Comparison, compare
from genbench.report.stats.sequential import Design
from genbench.report.stats.spending import KINDS
from genbench.report.stats.verdict import Verdict
from genbench.report.tables import lottery
from genbench.trial.about import PlannedLooks
from genbench.trial.record import FINAL


@dataclass(frozen=True, kw_only=True)
class Looks:
    """When a study is looked at, and at which trials."""

    design: Design
    cells: tuple[tuple[str, ...], ...]
    """For trials that differ only by their seed the names of their folders, seed by seed, as many as the cap has."""

    def to_dict(self) -> PlannedLooks:
        """As study.json has it."""
        return PlannedLooks(
            seeds=list(self.design.looks), spending=self.design.spending, trials=[list(cell) for cell in self.cells]
        )


def stored(plain: PlannedLooks) -> Looks:
    """The inverse of `to_dict`; raises GenbenchError for what can be no looks."""
    seeds, spending = tuple(plain["seeds"]), plain["spending"]
    if spending not in KINDS or len(seeds) < 1 or sorted(set(seeds)) != list(seeds) or seeds[0] < ENOUGH:
        raise GenbenchError(
            f"study.json is damaged: no looks are at {list(seeds)} seeds by {spending} spending; begin another study"
            " with --study"
        )
    if any(len(cell) != seeds[-1] for cell in plain["trials"]):
        raise GenbenchError(
            f"study.json is damaged: its looks have not {seeds[-1]} trials of everything; begin another study with"
            " --study"
        )
    return Looks(
        design=Design(looks=seeds, spending=KINDS[spending]), cells=tuple(tuple(cell) for cell in plain["trials"])
    )


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a look decided."""

    about: str
    """A claim, or `gram against gan on fid`."""
    word: str
    look: int
    """The number of the look, from 1."""
    seeds: int


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far the looks of a study have come."""

    looks: Looks
    taken: int
    """Looks so far."""
    level: float
    """The level that p after Holm's adjustment had to come below at the last one; NaN before the first."""
    decisions: tuple[Decision, ...]
    open: tuple[str, ...]
    """What is not decided, as decisions name it; empty before the first look."""
    judged: Mapping[str, Judged]
    """Claims in words to what the look said of them that decided them, or the last one."""
    pairs: Mapping[str, Verdict]
    """The same of pairs, as decisions name them, in a study without a claim that trials can be asked about."""
    used: tuple[str, ...]
    """The folders of the trials that were looked at."""
    waiting: tuple[str, ...]
    """Those of the trials that the next look needs and that have no result; empty where there is none to come."""
    outside: tuple[str, ...]
    """Those of trials that have a result and that no look has looked at, and the next one will not."""

    @property
    def seeds(self) -> int:
        """Of every contender that was needed, at the last look."""
        return self.looks.design.looks[self.taken - 1] if self.taken else 0


def about(a: str, b: str, metric: str, dataset: str) -> str:
    """What a pair on a metric is called; dataset: empty where there is only one."""
    return f"{a} against {b} on {metric}{f', {dataset}' if dataset else ''}"


def follow(looks: Looks, records: pd.DataFrame, claims: Sequence[str | Claim]) -> Standing:
    """Take every look for which there are results, in their order, and stop where there is nothing left to decide.

    What a look decides stays decided; cells of which nothing that is open needs a trial are looked at no longer. A
    trial that has failed is no result: the look waits for it. Without a claim that trials can be asked about, who is
    better on the primary metrics is to be decided, pair by pair.
    """
    design, able = looks.design, [one for one in claims if isinstance(one, Claim)]
    results = set() if records.empty else set(records["trial"][records["status"].isin(FINAL)])
    needed, used, waiting = list(range(len(looks.cells))), dict[str, None](), list[str]()
    decisions, answers, taken, level = list[Decision](), list[_Answer](), 0, math.nan
    judged, pairs = dict[str, Judged](), dict[str, Verdict]()
    for look, seeds in enumerate(design.looks):
        wanted = [looks.cells[cell][seed] for seed in range(seeds) for cell in needed]
        if waiting := [name for name in wanted if name not in results]:
            break
        used |= dict.fromkeys(wanted)
        seen = lottery.own(records[records["trial"].isin(used)].reset_index(drop=True))
        opened = {one.about for one in answers if not one.word} if look else None
        levels = _levels(design, look)
        answers = _of_claims(able, seen, opened, levels) if able else _of_pairs(seen, opened, levels)
        taken, level = look + 1, levels(len(answers))
        found = [Decision(about=one.about, word=one.word, look=taken, seeds=seeds) for one in answers if one.word]
        decisions += found
        judged |= {one.about: one.judged for one in answers if one.judged}
        pairs |= {one.about: one.verdict for one in answers if one.verdict}
        needs = set().union(*(one.trials for one in answers if not one.word))
        needed = [cell for cell in needed if needs & set(looks.cells[cell])]
        if not needed:
            break
    return Standing(
        looks=looks,
        taken=taken,
        level=level,
        decisions=tuple(decisions),
        open=tuple(one.about for one in answers if not one.word),
        judged=judged,
        pairs=pairs,
        used=tuple(used),
        waiting=tuple(waiting),
        outside=tuple(sorted(results - set(used) - _next(looks, needed, taken, waiting))),
    )


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """What a look says of one thing that is to be decided."""

    about: str
    word: str
    """Empty: undecided."""
    trials: frozenset[str]
    """The folders of the trials that it is about."""
    judged: Judged | None = None
    verdict: Verdict | None = None


def _levels(design: Design, look: int) -> Callable[[int], float]:
    return lambda count: design.level(look, count)


def _next(looks: Looks, needed: Sequence[int], taken: int, waiting: Sequence[str]) -> set[str]:
    """The trials of the next look, where there is one."""
    seeds = looks.design.looks[taken] if waiting else 0
    return {looks.cells[cell][seed] for cell in needed for seed in range(seeds)}


def _of_claims(
    claims: Sequence[Claim], records: pd.DataFrame, opened: Collection[str] | None, level: Callable[[int], float]
) -> list[_Answer]:
    """The claims that are open, all of them at the first look, judged together."""
    left = [one for one in claims if opened is None or one.words in opened]
    return [
        _Answer(
            about=one.words,
            word=found.word if found.word in ("held", "refuted") else "",
            trials=frozenset(selection.trials(one, records, one.labels)["trial"]),
            judged=found,
        )
        for one, found in zip(left, judge.judge(left, records, alpha=level(len(left))), strict=True)
    ]


def _of_pairs(records: pd.DataFrame, opened: Collection[str] | None, level: Callable[[int], float]) -> list[_Answer]:
    """The pairs of contenders that are open on the primary metrics, judged together as verdicts are."""
    primary = [one for one in families(records) if one.role == "primary" and one.better != "neither"]
    several = len({one.dataset for one in primary}) > 1
    every = [compare(one, a, b, one.conditions) for one in primary for a, b in combinations(one.outcomes, 2)]
    named = [(about(pair.a, pair.b, pair.family.metric, pair.family.dataset * several), pair) for pair in every]
    left = [(about, pair) for about, pair in named if opened is None or about in opened]
    rows = contenders.name(records).records
    verdicts = judgement.of_pairs([pair for _, pair in left], level=level(len(left)))
    return [
        _Answer(
            about=about,
            word=one.verdict if one.verdict in ("better", "worse") else "",
            trials=_trials_of(pair, rows),
            verdict=one,
        )
        for (about, pair), one in zip(left, verdicts, strict=True)
    ]


def _trials_of(pair: Comparison, rows: pd.DataFrame) -> frozenset[str]:
    own = rows["contender"].isin([pair.a, pair.b]) & (rows["dataset"] == pair.family.dataset)
    return frozenset(rows["trial"][own])
