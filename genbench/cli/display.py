"""What a person sees of a study: tables of scores, the plan, how trials stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genbench.cli.layout import Grid, table
from genbench.config.nested import flatten
from genbench.config.overrides import literal

if TYPE_CHECKING:
    import pandas as pd

    from genbench.study.plan import Study
    from genbench.study.status import State
    from genbench.trial.trial import Trial

SECTIONS = ("data", "net", "train", "evaluate", "features", "seeds")
"""Of the settings that a plan shows, in this order."""


def frame(formatted: pd.DataFrame, *, keys: int) -> Grid:
    """A formatted table of records; its first `keys` columns say of what a row is."""
    rows = [[str(cell) for cell in row] for row in formatted.itertuples(index=False)]
    return table(rows, list(formatted.columns), left=keys, keys=keys)


def plan(study: Study) -> tuple[list[str], Grid]:
    """What trials of a study have in common, as lines: all, those of a data set, those of a method; and a table of the
    trials with the settings that differ among those of a method on a data set.
    """
    from genbench.trial import difference

    names = [difference.words(own) for own in difference.differing(study.trials)]
    rows = [
        [trial.label, trial.dataset, str(trial.seed), trial.id, _state(study, trial), words]
        for trial, words in zip(study.trials, names, strict=True)
    ]
    head = ["method", "data set", "seed", "id", "state", "settings that differ"]
    if not any(names):
        head, rows = head[:-1], [row[:-1] for row in rows]
    return [*_common(study.trials)], table(rows, head, left=len(head), keys=3)


def _common(trials: Sequence[Trial]) -> Iterator[str]:
    """Lines of the settings that are the same for all trials, then for those of a data set, of a method, and of a
    method on a data set, as far as they are not said before.
    """
    flats = [flatten(trial.settings) for trial in trials]
    everywhere = _equal(flats)
    for section in SECTIONS:
        own = {key.partition(".")[2]: value for key, value in everywhere.items() if key.startswith(f"{section}.")}
        if any(value is not None for value in own.values()):
            yield f"{section}: {_written(own)}"
    for dataset in dict.fromkeys(trial.dataset for trial in trials):
        here = _equal([flat for trial, flat in zip(trials, flats, strict=True) if trial.dataset == dataset])
        if own := {key: value for key, value in here.items() if _is_shared(key) and key not in everywhere}:
            yield f"on {dataset}: {_written(own)}"
    for label in dict.fromkeys(trial.label for trial in trials):
        mine = [(trial, flat) for trial, flat in zip(trials, flats, strict=True) if trial.label == label]
        always = _equal([flat for _, flat in mine])
        if own := {key.removeprefix("method."): value for key, value in always.items() if not _is_shared(key)}:
            yield f"{label}: {_written(own)}"
        for dataset in dict.fromkeys(trial.dataset for trial, _ in mine):
            here = _equal([flat for trial, flat in mine if trial.dataset == dataset])
            own = {
                key.removeprefix("method."): value
                for key, value in here.items()
                if not _is_shared(key) and key not in always
            }
            if own:
                yield f"{label} on {dataset}: {_written(own)}"


def _equal(flats: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {key: value for key, value in flats[0].items() if all(flat.get(key, flat) == value for flat in flats)}


def _is_shared(key: str) -> bool:
    return not key.startswith("method.")


def _written(own: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={literal(value)}" for key, value in own.items() if value is not None)


def _state(study: Study, trial: Trial) -> str:
    if record := study.record_of(trial):
        return record.status
    return "begun" if (study.directory_of(trial) / "checkpoint").exists() else "new"


def states(found: Sequence[State]) -> Grid:
    """How trials stand, a row each."""
    from genbench.trial import difference

    rows = []
    for one, own in zip(found, difference.differing([one.trial for one in found]), strict=True):
        share = f"{100 * fraction(one.trial, one.clocks):.0f} %" if one.clocks else "–"
        updates = f"{one.clocks['updates']:,}" if one.clocks else "–"
        detail = one.detail.splitlines()[0] if one.detail else ""
        rows.append(
            [
                one.trial.label,
                difference.words(own),
                one.trial.dataset,
                str(one.trial.seed),
                one.state,
                detail,
                duration(one.age),
                share,
                updates,
            ]
        )
    head = ["method", "settings", "data set", "seed", "state", "why", "for", "done", "updates"]
    empty = [number for number in (1, 5) if not any(row[number] for row in rows)]
    kept = [number for number in range(len(head)) if number not in empty]
    rows = [[row[number] for number in kept] for row in rows]
    return table(rows, [head[number] for number in kept], left=6 - len(empty), keys=4 - (1 in empty))


def duration(seconds: float) -> str:
    """A span of time in its two largest units: `3 d 4 h`, `12 min 5 s`."""
    units = [("d", 86400), ("h", 3600), ("min", 60), ("s", 1)]
    whole = max(0, int(seconds))
    parts = []
    for name, size in units:
        count, whole = divmod(whole, size)
        parts.append((count, name))
    first = next((number for number, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count} {name}" for count, name in parts[first : first + 2] if count) or "0 s"


def fraction(trial: Trial, clocks: Mapping[str, Any]) -> float:
    """How much of its budget a trial has spent, 0 to 1."""
    from genbench.study.estimate import spent

    return min(1.0, spent(trial, clocks))


def roughly(seconds: float) -> str:
    """A span of time that is only guessed: to the second below a minute, to the minute below an hour, then to ten."""
    unit = next(unit for below, unit in ((60, 1), (3600, 60), (86400, 600), (float("inf"), 3600)) if seconds < below)
    return duration(max(1.0, unit * round(seconds / unit)))
