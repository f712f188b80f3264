"""What the looks of a study mean for its report: claims and verdicts by the looks, and lines for a reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from genbench.report.claims import judge
from genbench.report.claims.claim import Claim
from genbench.report.claims.judge import Judged
from genbench.report.looks import Standing, about
from genbench.report.stats import judgement
from genbench.report.stats.statistics import LEVEL
from genbench.report.stats.verdict import Verdict


def lines(found: Standing) -> tuple[str, ...]:
    """The same for a reader: which look it is, what was decided at which, what is open, what was left out."""
    design = found.looks.design
    if not found.taken:
        return (
            f"Looked at after {listed(design.looks)} seeds; the first look waits for {_trials(len(found.waiting))}.",
        )
    spent = 100 * design.spent(found.taken - 1)
    said = [
        f"Look {found.taken} of at most {len(design.looks)}, at {found.seeds} of at most {design.cap} seeds: of the"
        f" {100 * LEVEL:g} % chance that any decision is false, {spent:.2g} % is spent (group-sequential,"
        f" {design.spending}); p after Holm's adjustment had to be at most {found.level:.2g}."
    ]
    said += [
        f"Decided at look {one.look}, {one.seeds} seeds: {one.word}: {_inside(one.about)}." for one in found.decisions
    ]
    if found.open:
        end = "" if found.waiting else f", and the last look was taken, at {found.seeds} seeds"
        said.append(f"Undecided{end}: {'; '.join(map(_inside, found.open))}.")
    if found.outside:
        said.append(f"Outside of the looks, which leave them out: {', '.join(found.outside)}.")
    return tuple(said)


def judged(found: Standing, claims: Sequence[str | Claim]) -> tuple[Judged, ...]:
    """Every claim by the look that decided it, or by the last one; before the first nothing is known of any."""
    at = {one.about: f"; decided at look {one.look}, {one.seeds} seeds" for one in found.decisions}
    unknown = judge.judge(claims, pd.DataFrame())
    known = {words: replace(one, sentence=f"{one.sentence}{at.get(words, '')}") for words, one in found.judged.items()}
    return tuple(known.get(one.claim, one) for one in unknown)


def verdicts(found: Standing | None, records: pd.DataFrame) -> list[Verdict]:
    """Verdicts at the level of the last look, of the trials that were looked at; of a pair that an earlier look decided
    what that one said, its numbers and its interval too. Of a study without looks the verdicts on all records.
    """
    if found is None or not found.taken:
        return judgement.verdicts(records)
    return _settled(found, judgement.verdicts(seen(found, records), level=found.level))


def seen(found: Standing | None, records: pd.DataFrame) -> pd.DataFrame:
    """The records that were looked at; all of a study without looks, or before the first."""
    if found is None or not found.taken:
        return records
    return records[records["trial"].isin(found.used)].reset_index(drop=True)


def _settled(found: Standing, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Verdicts by the last look, and in place of those on pairs that looks decide what they said."""
    several = len({one.dataset for one in verdicts}) > 1
    return [found.pairs.get(about(one.a, one.b, one.metric, one.dataset * several), one) for one in verdicts]


def _trials(count: int) -> str:
    return f"{count} trial" if count == 1 else f"{count} trials"


def listed(numbers: Sequence[int]) -> str:
    """Numbers in words."""
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}" if len(numbers) > 1 else str(numbers[0])


def _inside(claim: str) -> str:
    """A claim as a part of another sentence."""
    return claim.removesuffix(".")
