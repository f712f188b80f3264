"""The studies that a board is made of: found in results folders and published folders, and refused by the name of the
file where anything in them is not what it says it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from genbench.config.nested import flatten
from genbench.errors import GenbenchError, shown
from genbench.report.board import manifest
from genbench.trial import about
from genbench.trial.about import About
from genbench.trial.lock import check_links
from genbench.trial.log import Tail
from genbench.trial.picture import problem_with
from genbench.trial.record import Record, read, trial_directories
from genbench.trial.trial import Trial

NAMED = ("method", "variant", "dataset", "architecture", "seed")
"""What a record and its trial.json both say."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One trial and its record."""

    trial: Trial
    record: Record
    directory: Path


@dataclass(frozen=True, kw_only=True)
class Source:
    """One study in one person's folder."""

    person: str
    """The folder that it is from, as short as it can be told apart."""
    study: str
    folder: Path
    about: About
    entries: Sequence[Entry]
    sha256: str
    """Of its manifest; empty where it was not published."""

    @property
    def smoke(self) -> bool:
        """Whether it is the small size of a study, whose numbers say nothing."""
        return self.about.smoke


def found(places: Sequence[Path]) -> list[Source]:
    """Every study in some folders: results folders, studies' folders, published ones, or folders of these.

    Raises GenbenchError that names the first file that cannot be trusted, and the folder that holds no study.
    """
    sources = []
    for place, person in zip(places, people(places), strict=True):
        if not place.is_dir():
            raise GenbenchError(f"there is no folder {place}; name results folders, or published ones")
        folders = list(_studies(place))
        if not folders:
            raise GenbenchError(f"{place} holds no study; name results folders, or published ones")
        sources += [_source(folder, person) for folder in folders]
    return sources


def people(places: Sequence[Path]) -> list[str]:
    """Names of folders, each the shortest end of its path that no other one has."""
    parts = [place.resolve().parts for place in places]
    names = []
    for own in parts:
        others = [other for other in parts if other != own]
        count = next(
            (n for n in range(1, len(own)) if all(other[-n:] != own[-n:] for other in others)), max(1, len(own) - 1)
        )
        if own[-1] == "results" and count == 1 and len(own) > 2:
            count = 2
        names.append("/".join(own[-count:]))
    return names


def _studies(place: Path) -> Iterator[Path]:
    if (place / "trials").is_dir() or (place / manifest.NAME).exists():
        yield place
    else:
        yield from sorted(path.parent for path in place.glob("*/trials") if path.is_dir())


def _source(folder: Path, person: str) -> Source:
    """A study that has passed every check."""
    digest = manifest.check(folder) if (folder / manifest.NAME).exists() else ""
    entries = [entry for directory in trial_directories(folder) if (entry := _entry(directory)) is not None]
    said = about.read(folder)
    return Source(
        person=person,
        study=said.name or (entries[0].trial.study if entries else folder.name),
        folder=folder,
        about=said,
        entries=entries,
        sha256=digest,
    )


def _entry(directory: Path) -> Entry | None:
    """A trial that has ended and its record, which agree with each other in all that both say."""
    check_links(directory)
    trial, record = Trial.read(directory), read(directory)
    if record is None:
        return None
    path = directory / "record.json"
    for name in NAMED:
        if getattr(record, name) != getattr(trial, name):
            raise GenbenchError(
                f"{path} is of {name} '{getattr(record, name)}', its trial.json of '{getattr(trial, name)}'; get both"
                " again"
            )
    own, known = flatten(record.settings), flatten(shown.plainly(trial.settings))
    if differing := [key for key in known if key in own and _plain(own[key]) != _plain(known[key])]:
        raise GenbenchError(f"{path} has another {differing[0]} than its trial.json; get both again")
    if dict(record.numerics) != dict(trial.numerics) and (record.numerics or trial.signs):
        raise GenbenchError(f"{path} was made under other numerics than its trial.json says; get both again")
    _check_protocols(record, path)
    _check_log(trial, record, directory)
    for picture in sorted((directory / "samples").glob("*.png")):
        if problem := problem_with(picture, trial.id):
            raise GenbenchError(f"{problem}; remove it, or get it again")
    return Entry(trial=trial, record=record, directory=directory)


def _check_protocols(record: Record, path: Path) -> None:
    """Raise GenbenchError unless every number names a protocol that is there in full and has that key."""
    for metric, key in record.protocol.items():
        full = record.protocols.get(key)
        if full is None or (record.numerics and _key(full) != key):
            raise GenbenchError(
                f"{path} has a number {metric} under protocol {key}, which is not what it holds under it"
            )


def _check_log(trial: Trial, record: Record, directory: Path) -> None:
    """Raise GenbenchError where a trial's log went on beyond what its record counts."""
    rows = Tail(directory).rows()
    if trial.signs and rows and record.status == "finished" and rows[-1]["updates"] > record.updates:
        raise GenbenchError(
            f"{directory / 'metrics.jsonl'} goes on to {rows[-1]['updates']:,} updates, its record.json to"
            f" {record.updates:,}; get both again"
        )


def _key(protocol: object) -> str:
    """The key of a protocol in full, as `genbench.metrics.protocol` has it."""
    return hashlib.sha256(json.dumps(protocol, sort_keys=True).encode()).hexdigest()[:10]


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
