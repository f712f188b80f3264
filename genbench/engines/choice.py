"""Choosing an engine by its name."""

from __future__ import annotations

from collections.abc import Sequence

from genbench import plugins
from genbench.engines.engine import Engine
from genbench.trial import Trial

ENGINES = ("local", "slurm", "ray")


def choose(name: str, trials: Sequence[Trial], *, slots: int | None = None) -> Engine:
    """The engine of that name for some trials.

    slots: trials at once; none: as many as the engine thinks right.
    """
    from genbench.engines.local import Local, default_slots

    threads = max((trial.running.get("threads", 1) for trial in trials), default=1)
    return Local(slots or default_slots(threads), _preload(trials))


def _preload(trials: Sequence[Trial]) -> list[str]:
    """The modules that the trials will import."""
    wanted: set[tuple[plugins.Kind, str]] = {("methods", trial.method) for trial in trials}
    wanted |= {("datasets", trial.dataset) for trial in trials}
    wanted |= {("architectures", trial.architecture) for trial in trials}
    wanted |= {("metrics", name) for trial in trials for name in trial.settings["evaluate"]["metrics"]}
    if any(plugins.load("metrics", name).features for kind, name in wanted if kind == "metrics"):
        wanted |= {("extractors", trial.settings["features"]["name"]) for trial in trials}
    modules = {(entry.kind, entry.name): entry.module for kind in plugins.KINDS for entry in plugins.installed(kind)}
    return sorted({modules[pair] for pair in wanted})
