"""A trial: one method on one data set with one seed and one set of settings; and the plan of a study."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genbench.config.point import Point
from genbench.errors import GenbenchError, shown
from genbench.trial.json_file import read_json, write_json


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The unit that is run, resumed and recorded."""

    study: str
    method: str
    variant: str = ""
    dataset: str
    architecture: str
    seed: int
    settings: Mapping[str, Any]
    """By section, those that the trial's numbers depend on."""
    running: Mapping[str, Any] = field(default_factory=dict)
    """By section, those of how it is run, which change no number."""
    swept: Mapping[str, Any] = field(default_factory=dict)
    """Dotted name to value, of settings that the study has several values of; the folder is named after them."""
    numerics: Mapping[str, int] = field(default_factory=dict)
    """The numerics revision of the core and of each plugin that the numbers depend on: `{"genbench": 1, "method": 2}`;
    empty of a trial of version 0.1.0, which had none."""

    @property
    def label(self) -> str:
        """The method as it is written on the command line: `method` or `method/variant`."""
        return f"{self.method}/{self.variant}" if self.variant else self.method

    @property
    def id(self) -> str:
        """Ten hexadecimal digits: a hash of everything that determines the trial's numbers, and of nothing else."""
        return _hash([*self._question, *([self.numerics] if self.numerics else [])])

    @property
    def question(self) -> str:
        """A word that trials of one study have in common if they differ only in their numerics."""
        return f"{self._readable}-{_hash(self._question)}"

    @property
    def _question(self) -> list[Any]:
        return [self.method, self.dataset, self.architecture, self.seed, self.settings]

    @property
    def cell(self) -> str:
        """A word that trials have in common if they differ only in their seed."""
        return _hash([self.label, self.dataset, self.architecture, self.settings, self.numerics])

    @property
    def signs(self) -> bool:
        """Whether all of its files carry its id; those of version 0.1.0 do not."""
        return bool(self.numerics)

    @property
    def directory(self) -> str:
        """The name of the trial's folder: readable, unique, safe on every file system."""
        return f"{self._readable}-{self.id}"

    @property
    def _readable(self) -> str:
        sweep = [f"{key.rpartition('.')[2]}={value}" for key, value in self.swept.items()]
        words = [self.dataset, self.label, *sweep, f"seed{self.seed}"]
        return "-".join(re.sub(r"[^A-Za-z0-9._=+]+", "-", word).strip("-.") for word in words)[:120]

    def to_dict(self) -> dict[str, Any]:
        """The trial as plain data for trial.json; `id` is included for readers."""
        return {
            "id": self.id,
            "study": self.study,
            "method": self.method,
            "variant": self.variant,
            "dataset": self.dataset,
            "architecture": self.architecture,
            "seed": self.seed,
            "settings": dict(self.settings),
            "running": dict(self.running),
            "swept": dict(self.swept),
            **({"numerics": dict(self.numerics)} if self.numerics else {}),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], place: str = "trial.json") -> Trial:
        """The inverse of `to_dict`; place: the file that it is from.

        Raises GenbenchError that names the file for anything else, and where the id says that the settings were
        changed.
        """
        if wrong := [key for key, kind in KINDS.items() if type(plain.get(key)) is not kind]:
            raise GenbenchError(f"{place} is damaged: it has no {', '.join(wrong)} of the right kind; {AGAIN}")
        if extra := sorted(set(plain) - {*KINDS, "numerics"}):
            raise GenbenchError(
                f"{place} has {', '.join(extra)}, which this version of genbench does not know; {AGAIN}"
            )
        if odd := [key for key in ("method", "variant", "dataset", "architecture") if not _is_name(plain[key])]:
            raise GenbenchError(f"{place} is damaged: its {odd[0]} is nothing's name; {AGAIN}")
        if not _is_numerics(plain.get("numerics", {})):
            raise GenbenchError(f"{place} is damaged: its numerics are not revisions by name; {AGAIN}")
        check_study_name(plain["study"])
        trial = cls(**{key: value for key, value in plain.items() if key != "id"})
        if plain["id"] != trial.id:
            raise GenbenchError(
                f"{place} was changed: the id of what it holds is {trial.id}, not {plain['id']}; {AGAIN}"
            )
        return trial

    @classmethod
    def read(cls, directory: Path) -> Trial:
        """The trial of a folder, from its trial.json; raises GenbenchError that names the file when it cannot be."""
        path = directory / "trial.json"
        return cls.from_dict(read_json(path), str(path))

    def write(self, directory: Path) -> None:
        """Write trial.json into the trial's folder, atomically."""
        write_json(self.to_dict(), directory / "trial.json")

    def own(self, name: object, place: Path, *, files: str) -> None:
        """Raise GenbenchError unless that is the id of this trial, which a file of it carries.

        name: what the file carries, None for nothing. files: what to remove if it is a stranger.
        """
        if name == self.id or (name is None and not self.signs):
            return
        whose = "carries no trial's id" if name is None else f"is of trial {name}"
        raise GenbenchError(f"{place} {whose}, not of {self.id} ({self.label}, seed {self.seed}); remove {files}")


def age(trial: Trial) -> tuple[int, ...]:
    """What is larger for newer numerics."""
    return tuple(trial.numerics[key] for key in sorted(trial.numerics))


def _hash(plain: Any) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:10]


def _is_name(word: str) -> bool:
    """Whether it can be shown as it is."""
    return len(word) <= LONGEST_NAME and "\n" not in word and shown.plain(word) == word


def _is_numerics(plain: object) -> bool:
    """Whether it is whole numbers from 1 by name; a bool is none."""
    return isinstance(plain, dict) and all(type(value) is int and value >= 1 for value in plain.values())


KINDS = {"id": str, "study": str, "method": str, "variant": str, "dataset": str, "architecture": str, "seed": int}
KINDS |= {"settings": dict, "running": dict, "swept": dict}
"""What trial.json holds."""
LONGEST_NAME = 100
MOST_TRIALS = 20_000
"""Of one study: what is more than that was typed by mistake."""
AGAIN = "remove the trial's folder and run the study again"


def check_study_name(name: str) -> None:
    """Raise GenbenchError for a name that cannot be that of a folder beside those of other studies and MLflow's files,
    on every file system.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name) or name.endswith("."):
        raise GenbenchError(
            f"'{name}' cannot name a study: use letters, digits, '.', '_' and '-', beginning with a letter or digit and"
            " not ending with '.'"
        )
    if name.partition(".")[0].upper() in DEVICES or name in ("mlflow.db", "mlartifacts"):
        raise GenbenchError(
            f"'{name}' cannot name a study: the name is taken, by Windows or by MLflow's files; choose another one"
        )


DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(10))}
"""Names that no file can have on Windows, where a shared folder of results may be looked at."""


def plan(
    study: str,
    methods: Sequence[tuple[str, str]],
    datasets: Sequence[str],
    seeds: Sequence[int],
    points: Callable[[str, str, str], Iterable[Point]],
) -> tuple[Trial, ...]:
    """All trials of a study: methods x data sets x points of the sweep x seeds, the seeds outermost.

    methods: pairs (method, variant). points(method, variant, dataset): the composed settings to try.
    Seeds vary slowest, so that a study stopped early has compared all methods on its first seeds.
    """
    cells = [
        (method, variant, dataset, point)
        for dataset in datasets
        for method, variant in methods
        for point in points(method, variant, dataset)
    ]
    if (count := len(cells) * len(seeds)) > MOST_TRIALS:
        raise GenbenchError(f"the study has {count:,} trials, more than {MOST_TRIALS:,}; split it into several studies")
    trials = tuple(
        Trial(
            study=study,
            method=method,
            variant=variant,
            dataset=dataset,
            architecture=point.architecture,
            seed=seed,
            settings=point.settings,
            running=point.running,
            swept=point.swept,
            numerics=point.numerics,
        )
        for seed in seeds
        for method, variant, dataset, point in cells
    )
    found: set[str] = set()
    for trial in trials:
        same = (  # a sweep over threads gives the same numbers, and is intended
            f"{trial.label} {trial.id} {json.dumps(trial.running, sort_keys=True)}"
        )
        if found & {same, trial.directory}:
            raise GenbenchError(
                f"the study holds {trial.label} on {trial.dataset} with seed {trial.seed} and the same settings twice;"
                " name it once"
            )
        found |= {same, trial.directory}
    return trials
