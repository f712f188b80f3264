"""What the claims of a study come to, for a reader, a table and a script."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence

import pandas as pd

from genbench.report.claims.judge import Judged, Word
from genbench.report.table import Table

ORDER: tuple[Word, ...] = ("held", "refuted", "undecided", "not judged")


def promise(found: Sequence[Judged]) -> str:
    """How often words are wrong, and over what p are adjusted; nothing where nothing could be tested."""
    tested = sum(not math.isnan(one.p) for one in found)
    if not tested:
        return ""
    over = f"over the study's {tested} claims (Holm)" if tested > 1 else "over this one claim"
    return (
        f"The chance that any claim is called held or refuted and is not is at most 5 %, p being adjusted {over}; an"
        " interval has the level at which its claim was tested. Undecided is not refuted: these trials cannot tell."
        " Verdicts on pairs of methods are adjusted over all pairs of a metric, another family: a claim may be held"
        " where the verdict on its pair is inconclusive."
    )


def counts(found: Sequence[Judged]) -> str:
    """How many claims have each word: `2 held, 1 undecided`."""
    words = [one.word for one in found]
    return ", ".join(f"{words.count(word)} {word}" for word in ORDER if word in words)


def frame(found: Sequence[Judged]) -> pd.DataFrame:
    """A row for every claim and a column for every field, lists as words."""
    rows = [
        dataclasses.asdict(one) | {"contenders": ",".join(one.contenders), "conditions": "; ".join(one.conditions)}
        for one in found
    ]
    return pd.DataFrame(rows, columns=[f.name for f in dataclasses.fields(Judged)])


def as_json(found: Sequence[Judged]) -> str:
    """The same as JSON, in which what is not known is null."""
    rows = [
        {
            key: None if isinstance(value, float) and math.isnan(value) else value
            for key, value in dataclasses.asdict(one).items()
        }
        for one in found
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False)


def table(found: Sequence[Judged]) -> Table | None:
    """A row for every claim; None where there is none."""
    if not found:
        return None
    shown = pd.DataFrame(
        {
            "claim": [one.claim for one in found],
            "word": [one.word for one in found],
            "what was seen": [one.sentence or "a sentence alone, which nothing can judge" for one in found],
            "tested": [one.tested for one in found],
            "the paper": [one.paper for one in found],
        }
    )
    return Table(
        name="claims",
        title="Claims",
        caption=promise(found),
        shown=shown.drop(columns=[name for name in ("tested", "the paper") if not shown[name].any()]),
        data=frame(found),
    )
