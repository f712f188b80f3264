"""study.json: what the folder of a study says of the study, so that the folder is enough for a reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypedDict

from genbench.errors import shown
from genbench.trial.json_file import read_json
from genbench.trial.schema import made


class PublishedNumber(TypedDict):
    """A number of a paper's, see `genbench.study.file.Published`."""

    method: str
    dataset: str
    metric: str
    mean: float
    sd: float | None
    n: int | None
    where: str
    condition: dict[str, Any]


class PublishedNumbers(TypedDict):
    """All numbers of a paper's, and how it made them."""

    protocol: str
    numbers: list[PublishedNumber]


class PlannedLooks(TypedDict):
    """When a study that runs until it is answered is looked at, see `genbench.report.looks.Looks`."""

    seeds: list[int]
    spending: str
    trials: list[list[str]]


NOTHING: PublishedNumbers = {"protocol": "", "numbers": []}


@dataclass(frozen=True, kw_only=True)
class About:
    """What was asked for, and what a reader of the results must know."""

    name: str = ""
    smoke: bool = False
    command: str = ""
    """The last command that ran it."""
    earlier: Sequence[str] = ()
    """Other commands before it: a study may be run in parts."""
    asked: Mapping[str, str] = field(default_factory=dict)
    """For trials that differ only in their seed, by `Trial.cell`, the last command that asked for them; nothing of an
    older version's study."""
    file: str = ""
    """The text of the study's file."""
    title: str = ""
    question: str = ""
    paper: str = ""
    claims: Sequence[str | Mapping[str, Any]] = ()
    """As the study's file has them."""
    published: PublishedNumbers = field(default_factory=lambda: NOTHING)
    score: Sequence[int] = ()
    targets: Mapping[str, float] = field(default_factory=dict)
    looks: PlannedLooks | None = None
    """Of a study that was run with --until-decided."""

    def is_left(self, cell: str) -> bool:
        """Whether trials were asked for by an earlier command than the last one, which does not wait for them."""
        return bool(self.asked) and self.asked.get(cell) != self.command


def read(study: Path) -> About:
    """What a study's folder says of the study, nothing where it has no study.json.

    Raises GenbenchError that names the file when it is damaged; keys of a newer version are ignored.
    """
    path = study / "study.json"
    if not path.exists():
        return About()
    plain = read_json(path)
    known = {name.name: plain[name.name] for name in fields(About) if name.name in plain}
    about: About = made(About, shown.plainly(known), str(path), "run the study's command again after removing it")
    return about
