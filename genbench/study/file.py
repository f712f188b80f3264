"""Study files: a benchmark as YAML, with its question, its runs, what makes it small, and the numbers that its paper
has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from genbench import files
from genbench.config.compose import Override
from genbench.config.settings import RESERVED
from genbench.config.strict_yaml import Node, read_yaml
from genbench.errors import GenbenchError, UnknownNameError


@dataclass(frozen=True, kw_only=True)
class StudyRun:
    """Methods x data sets x seeds under the same settings; a study is one or several of them."""

    methods: tuple[str, ...] = ()
    """Labels, `method` or `method/variant`; none: every installed method."""
    datasets: tuple[str, ...] = ("ring",)
    seeds: tuple[int, ...] = (0,)
    settings: tuple[Override, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is asked for instead of what a study's runs say, by its `smoke` or by the command line; empty: as they
    say.
    """

    methods: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    settings: tuple[Override, ...] = ()
    sweeps: int | None = None
    """How many values are kept of every sweep of the runs, the first ones."""
    score: tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Published:
    """A number of the paper's."""

    method: str
    dataset: str
    metric: str
    mean: float
    sd: float | None = None
    n: int | None = None
    """Trained networks behind the mean; none where the paper does not say."""
    where: str
    condition: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the trials that it is to be compared with, where a study has several for a method on a data set."""


@dataclass(frozen=True, kw_only=True)
class StudyFile:
    """A study as its file has it."""

    path: Path | None
    title: str = ""
    question: str = ""
    paper: str = ""
    """The table, figure or section that it reproduces."""
    claims: tuple[str, ...] = ()
    runs: tuple[StudyRun, ...]
    smoke: Changes | None = None
    """What makes the whole study finish within a minute on one CPU core."""
    protocol: str = ""
    """How the paper made its numbers."""
    published: tuple[Published, ...] = ()
    score: tuple[int, ...] = ()
    """`evaluate.seed`s on which finished trials are scored too."""
    targets: Mapping[str, float] = field(default_factory=dict)
    """Metric to the value at which the report says when scores during training first reached it."""

    def study_name(self, *, smoke: bool) -> str:
        """What the study is called unless another name is given; empty without a file."""
        return f"{self.path.stem}{'-smoke' if smoke else ''}" if self.path else ""

    def changed(self, changes: Changes, *, smoke: bool = False) -> StudyFile:
        """The study in its small size, if wanted, and then with what is asked for instead."""
        if not smoke:
            return _changed(self, changes)
        if self.smoke is None:
            raise GenbenchError(
                f"{self.path or 'a study without a file'} has no smoke size; --smoke is for a study that has one"
                " (genbench list studies)"
            )
        return _changed(_changed(self, self.smoke), changes)

    def to_dict(self) -> dict[str, Any]:
        """What a reader of its results must know, as plain data for study.json; nothing without a file."""
        if self.path is None:
            return {}
        published = {"protocol": self.protocol, "numbers": [asdict(number) for number in self.published]}
        words = {"title": self.title, "question": self.question, "paper": self.paper, "claims": list(self.claims)}
        words |= {"file": files.read_text(self.path, errors="replace")} if self.path.is_file() else {}
        return {**words, "published": published, "score": list(self.score), "targets": dict(self.targets)}


EVERYTHING = StudyFile(path=None, runs=(StudyRun(),))
"""The study that is run when none is named: every installed method on the ring."""


def load(path: Path) -> StudyFile:
    """The study of a file; raises SettingsError that names the file, the key and what was possible there."""
    node = Node(read_yaml(path), path).mapping(
        required=("title", "question", "runs"), optional=("paper", "claims", "smoke", "published", "score", "targets")
    )
    runs = tuple(_run(one) for one in node["runs"].sequence("runs"))
    if not runs:
        node["runs"].refuse("at least one run")
    names = _methods(runs)
    file = StudyFile(
        path=path,
        title=node["title"].text(),
        question=node["question"].text(),
        paper=node["paper"].text() if "paper" in node else "",
        claims=node["claims"].texts() if "claims" in node else (),
        runs=runs,
        smoke=_smoke(node["smoke"], names) if "smoke" in node else None,
        score=_score(node["score"]) if "score" in node else (),
        targets=(
            {metric: value.number() for metric, value in node["targets"].open_mapping().items()}
            if "targets" in node
            else {}
        ),
    )
    if "published" not in node:
        return file
    published = node["published"].mapping(required=("protocol", "numbers"))
    numbers = tuple(_published(one, runs) for one in published["numbers"].sequence("numbers"))
    return replace(file, protocol=published["protocol"].text(), published=numbers)


def canonical(overrides: Iterable[Override]) -> tuple[Override, ...]:
    """The overrides under the names that settings have: `features` is short for `features.name`."""
    return tuple(
        override._replace(key="features.name") if override.key == "features" else override for override in overrides
    )


def _methods(runs: Iterable[StudyRun | Changes]) -> set[str]:
    """The methods that runs name, without their variants."""
    return {label.partition("/")[0] for run in runs for label in run.methods}


def _changed(file: StudyFile, changes: Changes) -> StudyFile:
    """The study with other runs.

    Seeds and settings replace those of every run. A method or data set that some runs name is run as those runs say;
    one that none of them names joins every run. Runs that are left with none are dropped, and so are settings of
    dropped methods.
    """
    methods = {label for run in file.runs for label in run.methods}
    datasets = {name for run in file.runs for name in run.datasets}
    chosen = [
        replace(
            run,
            methods=_chosen(run.methods, changes.methods, methods),
            datasets=_chosen(run.datasets, changes.datasets, datasets),
            seeds=changes.seeds or run.seeds,
        )
        for run in file.runs
    ]
    left = [run for run in chosen if (run.methods or not changes.methods) and run.datasets]
    if not left:
        raise GenbenchError(
            f"{file.path} has no run of {', '.join(changes.methods) or 'its methods'} on {', '.join(changes.datasets)};"
            " name only one of them"
        )
    before, after = _methods(file.runs), _methods(left)
    runs = []
    for run in left:
        kept = [override._replace(values=override.values[: changes.sweeps]) for override in run.settings]
        settings = {override.key: override for override in _without(before - _methods([run]), kept)}
        settings |= {override.key: override for override in _without(after - _methods([run]), changes.settings)}
        runs.append(replace(run, settings=tuple(settings.values())))
    return replace(file, runs=tuple(runs), score=file.score if changes.score is None else changes.score)


def _without(methods: set[str], overrides: Iterable[Override]) -> list[Override]:
    """The overrides that are not of one of these methods."""
    return [override for override in overrides if override.key.partition(".")[0] not in methods]


def _chosen(own: tuple[str, ...], asked: tuple[str, ...], named: set[str]) -> tuple[str, ...]:
    """What is asked for, where this run has it or no run has it; what the run has when nothing is asked for."""
    return tuple(word for word in asked if word in own or word not in named) if asked else own


def _run(node: Node) -> StudyRun:
    part = node.mapping(required=("methods", "datasets", "seeds"), optional=("settings",))
    methods = part["methods"].texts()
    own = {label.partition("/")[0] for label in methods}
    return StudyRun(
        methods=methods,
        datasets=part["datasets"].texts(),
        seeds=part["seeds"].wholes(),
        settings=_settings(part.get("settings"), own),
    )


def _smoke(node: Node, methods: set[str]) -> Changes:
    part = node.mapping(optional=("methods", "datasets", "seeds", "settings", "sweeps", "score"))
    return Changes(
        methods=part["methods"].texts() if "methods" in part else (),
        datasets=part["datasets"].texts() if "datasets" in part else (),
        seeds=part["seeds"].wholes() if "seeds" in part else (),
        settings=_settings(part.get("settings"), methods),
        sweeps=part["sweeps"].whole(at_least=1) if "sweeps" in part else None,
        score=_score(part["score"]) if "score" in part else None,
    )


def _settings(node: Node | None, methods: set[str]) -> tuple[Override, ...]:
    """The settings of runs of some methods: a list is a sweep."""
    values = node.open_mapping() if node else {}
    known = [*(word for word in RESERVED if word not in ("method", "seed")), *sorted(methods)]
    for key, value in values.items():
        if key.partition(".")[0] not in known:
            value.fail(f"a setting begins with a section or a method of the run: {', '.join(known)}")
    if {"features", "features.name"} <= set(values):
        values["features"].fail("it is short for 'features.name'; set one of them")
    return canonical(Override(key, value.choices()) for key, value in values.items())


def _score(node: Node) -> tuple[int, ...]:
    return node.mapping(required=("evaluate.seed",))["evaluate.seed"].wholes()


def _published(node: Node, runs: tuple[StudyRun, ...]) -> Published:
    part = node.mapping(required=("method", "dataset", "metric", "mean", "where"), optional=("sd", "n", "condition"))
    for key, known in (
        ("method", {label for run in runs for label in run.methods}),
        ("dataset", {name for run in runs for name in run.datasets}),
    ):
        if part[key].text() not in known:
            part[key].fail(str(UnknownNameError(key, part[key].text(), known, "it is none of the runs'")))
    return Published(
        **{key: part[key].text() for key in ("method", "dataset", "metric", "where")},
        mean=part["mean"].number(),
        sd=part["sd"].number() if "sd" in part else None,
        n=part["n"].whole() if "n" in part else None,
        condition=(
            {key: value.value for key, value in part["condition"].open_mapping().items()} if "condition" in part else {}
        ),
    )
