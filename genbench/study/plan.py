"""A study: a named set of trials, planned and validated in full before the first one starts."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from genbench.config import compose
from genbench.config.compose import Override
from genbench.contract import registry
from genbench.errors import GenbenchError
from genbench.study import earlier
from genbench.study.cell import points
from genbench.study.file import EVERYTHING, StudyFile
from genbench.study.preflight import check_trials
from genbench.study.runs import Changes, StudyRun, canonical
from genbench.trial import about
from genbench.trial.json_file import write_json
from genbench.trial.record import FINAL, Record, read
from genbench.trial.trial import Trial, check_study_name
from genbench.trial.trial import plan as plan_trials

if TYPE_CHECKING:
    from genbench.report.looks import Looks  # with pandas and scipy, for seconds: only --until-decided needs it


@dataclass(frozen=True, kw_only=True)
class Study:
    """A named set of trials in a results folder."""

    name: str
    results: Path
    trials: tuple[Trial, ...]
    file: StudyFile = EVERYTHING
    """What it was planned from."""
    smoke: bool = False
    """Whether it is the file's small size."""
    lacks: tuple[str, ...] = ()
    """Of a dry run: what this machine does not have and the trials need, one line each."""
    looks: Looks | None = None
    """When it is looked at, where it runs until it is answered."""
    outdated: tuple[str, ...] = ()
    """Folders of trials that have ended under older numerics; without `keep_old` they are made again beside those."""
    older: tuple[str, ...] = ()
    """How many of its trials have ended under which older numerics, and what becomes of them, a line each."""

    @property
    def directory(self) -> Path:
        """The study's folder."""
        return self.results / self.name

    def directory_of(self, trial: Trial) -> Path:
        """Where a trial's files are."""
        return self.directory / "trials" / trial.directory

    def record_of(self, trial: Trial) -> Record | None:
        """The trial's record, if it has one."""
        return read(self.directory_of(trial))

    def only(self, status: str) -> Study:
        """The study with only those of its trials that have ended with a status; raises GenbenchError when there are
        none.
        """
        chosen = tuple(trial for trial in self.trials if (record := self.record_of(trial)) and record.status == status)
        if not chosen:
            raise GenbenchError(f"no trial of {self.name} is {status}: nothing to run")
        return dataclasses.replace(self, trials=chosen)

    def only_of(self, directories: Collection[str]) -> Study:
        """The study with only those of its trials that have these folders."""
        chosen = tuple(trial for trial in self.trials if trial.directory in set(directories))
        return dataclasses.replace(self, trials=chosen)

    def is_done(self, trial: Trial) -> bool:
        """Whether the trial has a record that running it again would not change."""
        record = self.record_of(trial)
        return record is not None and record.status in FINAL


def plan_study(
    methods: Sequence[str],
    datasets: Sequence[str],
    seeds: Sequence[int],
    overrides: Iterable[str | Override],
    *,
    name: str | None,
    results: Path,
) -> Study:
    """Compose and validate every trial of a study without a file; nothing is started and nothing written.

    methods: labels `method` or `method/variant`; none: every installed one. Raises GenbenchError for anything that
    cannot be run.
    """
    return plan(EVERYTHING, asked(methods, datasets, seeds, overrides), name=name, results=results)


def asked(
    methods: Sequence[str], datasets: Sequence[str], seeds: Sequence[int], overrides: Iterable[str | Override]
) -> Changes:
    """What a person asks for; empty parts are left to the study's file."""
    words = compose.parse(canonical(compose.parse(overrides)))  # again: two names of one setting are found only now
    return Changes(methods=tuple(methods), datasets=tuple(datasets), seeds=tuple(seeds), settings=tuple(words))


def plan(
    file: StudyFile,
    changes: Changes,
    *,
    name: str | None,
    results: Path,
    smoke: bool = False,
    dry: bool = False,
    keep_old: bool = False,
) -> Study:
    """Compose and validate every trial of a study file, with what is asked for instead; nothing is started and nothing
    written.

    smoke: take the file's small size. dry: data and weights that are not there are what the study lacks. keep_old:
    trials that were made under older numerics stay as they are. Raises GenbenchError for anything that cannot be run.
    """
    chosen = file.changed(changes, smoke=smoke)
    name = name or name_of(file, changes, smoke=smoke)
    check_study_name(name)
    _check_results(results)
    try:
        trials = _trials(name, chosen.runs, changes.settings)
    except GenbenchError as error:
        if file.path and str(error) == _problem_of(file.changed(Changes(), smoke=smoke)):
            raise GenbenchError(f"{file.path}: {error}") from error
        raise
    folder = results.absolute() / name
    older = earlier.with_older(earlier.where_they_are(trials, folder), folder, keep_old=keep_old)
    return Study(
        name=name,
        results=results.absolute(),
        trials=older.trials,
        file=chosen,
        smoke=smoke,
        lacks=check_trials(trials, dry=dry),
        outdated=older.outdated,
        older=older.lines,
    )


def name_of(file: StudyFile, changes: Changes, *, smoke: bool = False) -> str:
    """What a study is called that nobody gave a name: as its file, or after its data sets."""
    datasets = dict.fromkeys(name for run in file.changed(changes, smoke=smoke).runs for name in run.datasets)
    return file.study_name(smoke=smoke) or "-".join(datasets) + "-comparison"


def write_asked(study: Study, command: str) -> None:
    """Write study.json: what was asked for, and what a reader of the results must know, so that the study's folder is
    enough for both.

    A study may be run in parts: the commands before the last one are kept too.
    """
    path = study.directory / "study.json"
    before = about.read(study.directory)
    commands = [*before.earlier, *([before.command] if before.command else [])]
    asked = {cell: line for cell, line in before.asked.items() if line != command}
    words = {
        "name": study.name,
        "smoke": study.smoke,
        "command": command,
        "earlier": [line for line in dict.fromkeys(commands) if line != command],
        "asked": {**asked, **{trial.cell: command for trial in study.trials}},
    }
    try:
        study.directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GenbenchError(
            f"{study.directory} cannot be made: {error.strerror}; choose another folder with --results"
        ) from error
    looks = study.looks.to_dict() if study.looks else before.looks
    write_json({**words, **study.file.to_dict(), **({"looks": looks} if looks else {})}, path)


def _problem_of(file: StudyFile) -> str:
    """What is wrong with a file by itself, whatever else is asked for; empty if nothing is."""
    try:
        _trials("x", file.runs, ())
    except GenbenchError as error:
        return str(error)
    return ""


def _trials(name: str, runs: Sequence[StudyRun], asked: Sequence[Override]) -> tuple[Trial, ...]:
    """The trials of all runs, the seeds outermost; what several runs hold is one trial. asked: the settings that a
    person gave.
    """
    everybody = [entry.name for entry in registry.installed("methods") if not entry.problem]
    if not everybody:
        raise GenbenchError(
            "no method is installed: install a plugin, for example genbench-gram (genbench list methods)"
        )
    chosen = [registry.choose(run.methods or everybody) for run in runs]
    names = sorted({method for pairs in chosen for method, _ in pairs})
    for override in asked:
        root = override.key.partition(".")[0]
        if root not in names and any(entry.name == root for entry in registry.installed("methods")):
            raise GenbenchError(
                f"'{override.key}' sets an option of {root}, which is not among this study's methods"
                f" ({', '.join(names)})"
            )
    found: list[Trial] = []
    for run, pairs in zip(runs, chosen, strict=True):
        earlier = {(trial.label, trial.id) for trial in found}
        trials = plan_trials(name, pairs, run.datasets, run.seeds, partial(points, run.settings, names))
        found += [trial for trial in trials if (trial.label, trial.id) not in earlier]
    order = {seed: number for number, seed in enumerate(dict.fromkeys(seed for run in runs for seed in run.seeds))}
    return tuple(sorted(found, key=lambda trial: order[trial.seed]))


def _check_results(results: Path) -> None:
    existing = results.absolute()
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        reason = "is not writable" if existing.is_dir() else "is a file"
        raise GenbenchError(
            f"results cannot be kept in {results}: {existing} {reason}; choose another folder with --results"
        )
