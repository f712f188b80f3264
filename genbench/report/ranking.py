"""A ranking of contenders by a study's primary metric: who leads, and who cannot be told from whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

import numpy as np
import pandas as pd

from genbench.report.stats import statistics
from genbench.report.stats.outcomes import Better, Family, Outcomes, families
from genbench.report.stats.pairing import ENOUGH
from genbench.report.stats.statistics import Values
from genbench.report.stats.verdict import Verdict
from genbench.report.table import Table

NAMED = 3
"""Contenders that are named in a line; of more their number is said."""


@dataclass(frozen=True, kw_only=True)
class Rank:
    """One contender of a ranking."""

    contender: str
    score: str
    """Mean and standard deviation over seeds, of each seed's mean over the conditions."""
    letters: str
    """Contenders that share one cannot be told apart (a compact letter display, Piepho 2004)."""
    words: str
    """Whom it is behind, and whom it cannot be told from."""


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """The contenders on one data set, the best first."""

    dataset: str
    """Empty where there is one."""
    metric: str
    better: Better
    ranks: tuple[Rank, ...]
    note: str
    """How it is to be read."""

    @property
    def title(self) -> str:
        """`Ranking by fid (lower is better)`."""
        return f"Ranking by {_directed(self)}"


def rankings(records: pd.DataFrame, verdicts: Sequence[Verdict]) -> tuple[Ranking, ...]:
    """A ranking for every primary metric of every data set with two contenders or more."""
    found = [one for one in families(records) if one.role == "primary" and len(one.outcomes) > 1]
    several = len({one.dataset for one in found}) > 1
    return tuple(_ranking(one, verdicts, name_dataset=several) for one in found)


def letters(names: Sequence[str], different: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The letters of names in their order, so that two share one exactly where they are not different."""
    groups: list[set[str]] = [set(names)]
    for a, b in different:
        split = [part for group in groups for part in ((group - {a}, group - {b}) if {a, b} <= group else (group,))]
        groups = [
            group
            for number, group in enumerate(split)
            if not any(group < other or (group == other and before < number) for before, other in enumerate(split))
        ]
    order = {name: number for number, name in enumerate(names)}
    groups.sort(key=lambda group: sorted(order[name] for name in group))
    return {name: "".join(_letter(n) for n, group in enumerate(groups) if name in group) for name in names}


def table(found: Sequence[Ranking]) -> Table | None:
    """All rankings as one table, a row for every contender; None where there is none."""
    if not found:
        return None
    metrics = {one.metric for one in found}
    rows: list[dict[str, str]] = [
        {
            "": str(place),
            "data set": one.dataset,
            "method": rank.contender,
            "metric": one.metric,
            one.metric if len(metrics) == 1 else "score": rank.score,
            "group": rank.letters,
            "in words": rank.words,
        }
        for one in found
        for place, rank in enumerate(one.ranks, start=1)
    ]
    shown = pd.DataFrame(rows)
    empty = [name for name in ("data set",) if not shown[name].any()]
    return Table(
        name="ranking",
        title=found[0].title if len(found) == 1 else f"Ranking by {', '.join(dict.fromkeys(map(_directed, found)))}",
        caption=" ".join(dict.fromkeys(one.note for one in found)),
        shown=shown.drop(columns=[*empty, *(["metric"] if len(metrics) == 1 else [])]),
    )


def _ranking(family: Family, verdicts: Sequence[Verdict], *, name_dataset: bool) -> Ranking:
    sign = -1 if family.better == "higher" else 1
    scores = {name: _means(places) for name, places in family.outcomes.items()}
    names = sorted(scores, key=lambda name: (not len(scores[name]), sign * statistics.mean(scores[name])))
    own = [one for one in verdicts if (one.dataset, one.metric) == (family.dataset, family.metric)]
    behind = {(one.b, one.a) if one.verdict == "better" else (one.a, one.b) for one in own if _is_different(one)}
    given = letters(names, behind)
    fewest = min((one.seeds for one in own), default=0)
    return Ranking(
        dataset=family.dataset if name_dataset else "",
        metric=family.metric,
        better=family.better,
        ranks=tuple(
            Rank(
                contender=name,
                score=_score(scores[name], family.outcomes[name]),
                letters=given[name],
                words=_words(name, names, behind),
            )
            for name in names
        ),
        note=(
            "Methods that share a letter cannot be told apart by these seeds, which is not to say that they are equal."
            if fewest >= ENOUGH or behind
            else f"An order and no verdict: fewer than {ENOUGH} seeds do not say what is luck."
        ),
    )


def _directed(one: Ranking) -> str:
    return f"{one.metric} ({one.better} is better)"


def _is_different(one: Verdict) -> bool:
    return one.verdict in ("better", "worse")


def _means(places: Mapping[str, Outcomes]) -> Values:
    """The mean over conditions of every seed that has a score under all of them; of all scores where no seed has."""
    each = [one.scores for one in places.values()]
    seeds = [seed for seed in each[0] if all(seed in one for one in each)] if each else []
    if seeds:
        return np.array([np.mean([one[seed] for one in each]) for seed in seeds], dtype=float)
    return np.array([score for one in each for score in one.values()], dtype=float)


def _score(values: Values, places: Mapping[str, Outcomes]) -> str:
    lost = sum(len(one.results) - len([seed for seed in one.results if seed in one.scores]) for one in places.values())
    trials = sum(len(one.results) for one in places.values())
    without = f"{lost} of {trials} trials without a score" if lost else ""
    spread = statistics.sd(values)
    said = f"{statistics.mean(values):.3g}{'' if np.isnan(spread) else f' ± {spread:.2g}'}" if len(values) else ""
    return ", ".join(filter(None, (said, without))) or "no score"


def _words(name: str, names: Sequence[str], behind: set[tuple[str, str]]) -> str:
    """`behind mmdnet; too close to call with gram`."""
    losers = [other for other in names if (other, name) in behind]
    winners = [other for other in names if (name, other) in behind]
    alike = [other for other in names if other != name and other not in (*losers, *winners)]
    parts = ["leads" if name == names[0] else "", f"behind {_listed(winners)}" if winners else ""]
    parts += [
        f"ahead of {_listed(losers)}" if losers else "",
        f"too close to call with {_listed(alike)}" if alike else "",
    ]
    return "; ".join(filter(None, parts))


def _listed(names: Sequence[str]) -> str:
    shown = [*names] if len(names) <= NAMED + 1 else [*names[:NAMED], f"{len(names) - NAMED} others"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _letter(number: int) -> str:
    return ascii_lowercase[number] if number < len(ascii_lowercase) else f"({number + 1})"
