"""Numerics revisions: whole numbers that their authors raise when the same seed comes to yield other numbers.

There is one of the core, `genbench.version.NUMERICS`, and one of every plugin's method, data set, architecture and
metric. Those that a trial's numbers depend on are part of its id, those that a score depends on of its protocol: no
mean is over numbers of before and after a change.
"""

from __future__ import annotations

from collections.abc import Mapping

from genbench.contract import registry
from genbench.errors import GenbenchError, PluginError
from genbench.trial.trial import Trial
from genbench.version import NUMERICS

UNKNOWN = (
    "begun under genbench 0.1.0, which recorded no numerics revision: whether its numbers are those of one revision is"
    " not known"
)


def revisions(method: str, dataset: str, architecture: str) -> dict[str, int]:
    """What a trial made now would be made under; raises PluginError for a revision that is none."""
    found = {"genbench": NUMERICS}
    named: tuple[tuple[str, registry.Kind, str], ...] = (
        ("method", "methods", method),
        ("dataset", "datasets", dataset),
        ("architecture", "architectures", architecture),
    )
    for word, kind, name in named:
        revision = registry.load(kind, name).numerics
        if type(revision) is not int or revision < 1:
            raise PluginError(f"{word} '{name}' has numerics={revision!r}; a revision is a whole number from 1 up")
        found[word] = revision
    return found


def difference(trial: Trial) -> str:
    """What of a trial's revisions is not what is installed, in words; empty where nothing is."""
    now = revisions(trial.method, trial.dataset, trial.architecture)
    if not trial.numerics:
        return f"unknown, now {in_words(now)}"
    other = [key for key in dict.fromkeys([*now, *trial.numerics]) if now.get(key) != trial.numerics.get(key)]
    return ", ".join(f"{key} {trial.numerics.get(key, 'unknown')}, now {now.get(key, 'unknown')}" for key in other)


def check(trial: Trial) -> None:
    """Raise GenbenchError for a trial that would go on under other numerics than it began under."""
    if trial.numerics and (other := difference(trial)):
        raise GenbenchError(
            f"{trial.label} on {trial.dataset}, seed {trial.seed}, began under other numerics ({other}) and cannot go"
            " on under these: run the study again, which begins it anew"
        )


def in_words(numerics: Mapping[str, int]) -> str:
    """`genbench 2, method 1`, or that nothing is known."""
    return ", ".join(f"{key} {value}" for key, value in numerics.items()) or "unknown"
