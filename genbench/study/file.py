"""Study files: a benchmark as YAML, with its question, its runs, what makes it small, and the numbers that its paper
has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from genbench import files
from genbench.config.compose import Override
from genbench.config.strict_yaml import Node, read_yaml
from genbench.errors import GenbenchError, UnknownNameError
from genbench.report.claims import reading
from genbench.report.claims.claim import Claim
from genbench.study.runs import Changes, StudyRun, canonical, changed, known, methods_of, roots


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
    claims: tuple[str | Claim, ...] = ()
    """What it claims: sentences, and statements that its trials are asked about."""
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
            return self._with(changes)
        if self.smoke is None:
            raise GenbenchError(
                f"{self.path or 'a study without a file'} has no smoke size; --smoke is for a study that has one"
                " (genbench list studies)"
            )
        return self._with(self.smoke)._with(changes)

    def _with(self, changes: Changes) -> StudyFile:
        score = self.score if changes.score is None else changes.score
        return replace(self, runs=changed(self.runs, changes, self.path), score=score)

    def to_dict(self) -> dict[str, Any]:
        """What a reader of its results must know, as plain data for study.json; nothing without a file."""
        if self.path is None:
            return {}
        published = {"protocol": self.protocol, "numbers": [asdict(number) for number in self.published]}
        words = {
            "title": self.title,
            "question": self.question,
            "paper": self.paper,
            "claims": [reading.plain(one) for one in self.claims],
        }
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
    names = methods_of(runs)
    file = StudyFile(
        path=path,
        title=node["title"].text(),
        question=node["question"].text(),
        paper=node["paper"].text() if "paper" in node else "",
        claims=reading.claims(node["claims"], known(runs)) if "claims" in node else (),
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
    possible = roots(methods)
    for key, value in values.items():
        if key.partition(".")[0] not in possible:
            value.fail(f"a setting begins with a section or a method of the run: {', '.join(possible)}")
    if {"features", "features.name"} <= set(values):
        values["features"].fail("it is short for 'features.name'; set one of them")
    return canonical(Override(key, value.choices()) for key, value in values.items())


def _score(node: Node) -> tuple[int, ...]:
    return node.mapping(required=("evaluate.seed",))["evaluate.seed"].wholes()


def _published(node: Node, runs: tuple[StudyRun, ...]) -> Published:
    part = node.mapping(required=("method", "dataset", "metric", "mean", "where"), optional=("sd", "n", "condition"))
    for key, names in (
        ("method", {label for run in runs for label in run.methods}),
        ("dataset", {name for run in runs for name in run.datasets}),
    ):
        if part[key].text() not in names:
            part[key].fail(str(UnknownNameError(key, part[key].text(), names, "it is none of the runs'")))
    return Published(
        **{key: part[key].text() for key in ("method", "dataset", "metric", "where")},
        mean=part["mean"].number(),
        sd=part["sd"].number() if "sd" in part else None,
        n=part["n"].whole() if "n" in part else None,
        condition=(
            {key: value.value for key, value in part["condition"].open_mapping().items()} if "condition" in part else {}
        ),
    )
