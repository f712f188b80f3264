"""The trials of several people's studies, each once; where two say unlike things, that is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genbench.report.board.sources import Entry, Source
from genbench.trial.record import FINAL, Record


@dataclass(frozen=True, kw_only=True)
class Merged:
    """The trials of all sources, each once."""

    entries: Sequence[Entry]
    smoke: frozenset[str]
    """Ids of trials of a study's small size."""
    places: Mapping[str, tuple[int, ...]]
    """A trial's id to the numbers of the sources that have it."""
    copies: int
    unlike: tuple[str, ...]
    """A line for every trial of which two sources have unlike records; the first named counts."""


def merged(sources: Sequence[Source]) -> Merged:
    """The trials of some sources: a copy counts once."""
    kept: dict[str, tuple[int, Entry]] = {}
    places: dict[str, list[int]] = {}
    smoke: dict[str, bool] = {}
    copies, unlike = 0, []
    for number, source in enumerate(sources):
        for entry in source.entries:
            mark = mark_of(entry)
            smoke[mark] = smoke.get(mark, True) and source.smoke
            if number not in places.setdefault(mark, []):
                places[mark].append(number)
            first, other = kept.get(mark, (number, entry))
            if mark in kept:
                copies += 1
                if _is_settled(entry.record) and _is_settled(other.record) and _differ(entry.record, other.record):
                    unlike.append(_unlike(sources[first], other, source, entry))
            if mark not in kept or (_is_settled(entry.record) and not _is_settled(other.record)):
                kept[mark] = number, entry
    return Merged(
        entries=[entry for _, entry in kept.values()],
        smoke=frozenset(mark for mark, small in smoke.items() if small),
        places={mark: tuple(numbers) for mark, numbers in places.items()},
        copies=copies,
        unlike=tuple(unlike),
    )


def mark_of(entry: Entry) -> str:
    """A word that a trial's copies have in common: it is trained and scored in the same way on the same data."""
    metric = primary(entry.record)
    scored = f"{metric} {key_of(entry.record, metric)}" if metric else ""
    return f"{entry.trial.label} {entry.trial.id} {entry.record.data_hash} {scored}"


def primary(one: Record) -> str:
    """A record's first metric that has a better direction."""
    return next((name for name in one.metrics if one.better.get(name, "neither") != "neither"), "")


def key_of(one: Record, metric: str) -> str:
    """The key of the protocol of a record's number; nothing where it has no such number."""
    return one.protocol.get(metric, "unknown") if metric in one.metrics else ""


def _is_settled(one: Record) -> bool:
    return one.status in FINAL


def _differ(one: Record, other: Record) -> bool:
    """Whether two records of one trial say unlike things where both say something."""
    common = set(one.metrics) & set(other.metrics)
    numbers = [name for name in common if one.protocol.get(name) == other.protocol.get(name)]
    same = all(one.metrics[name] == other.metrics[name] for name in numbers)
    return not same or (one.status, one.images, one.updates) != (other.status, other.images, other.updates)


def _unlike(source: Source, one: Entry, other_source: Source, other: Entry) -> str:
    return (
        f"{one.trial.label} on {one.trial.dataset}, seed {one.trial.seed} ({one.trial.id}) came out otherwise in"
        f" {other_source.person} ({_where(other.record)}) than in {source.person} ({_where(one.record)}); the latter"
        " counts"
    )


def _where(one: Record) -> str:
    values = ", ".join(f"{name} {value:.4g}" for name, value in list(one.metrics.items())[:1])
    return ", ".join(filter(None, (values or one.status, f"torch {one.torch_version}", one.device)))
