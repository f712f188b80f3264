"""Choosing an engine by its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genbench.engines.engine import Engine
    from genbench.trial.trial import Trial

ENGINES = ("local", "slurm", "ray")


def choose(name: str, trials: Sequence[Trial], *, slots: int | None = None, ray_address: str | None = None) -> Engine:
    """The engine of that name for these trials; raises GenbenchError when this machine cannot run it.

    slots: trials at once; none: as many as the engine thinks right. ray_address: of a running cluster; none: one is
    started here.
    """
    from genbench.errors import GenbenchError

    if ray_address is not None and name != "ray":
        raise GenbenchError(f"--ray-address is for --engine ray, not for {name}")
    if name == "slurm":
        from genbench.engines.slurm import Slurm
        from genbench.engines.slurm_queue import check_installed

        check_installed()
        return Slurm(slots)
    if name == "ray":
        from genbench.engines.ray import Ray

        return Ray(ray_address, slots, _preload(trials))
    return _local(trials, slots)


def cancel_jobs(study: Path) -> int:
    """Cancel the jobs of a cluster that run trials of a study; how many there were."""
    from genbench.engines.slurm_queue import cancel

    return cancel(path.parent for path in (study / "trials").glob("*/job.json"))


def _local(trials: Sequence[Trial], slots: int | None) -> Engine:
    import torch

    from genbench.engines.accelerators import request, room
    from genbench.engines.local import RANK_MEMORY, Local, default_slots, enough_memory, free_memory
    from genbench.errors import GenbenchError

    threads = max((trial.running.get("threads", 1) for trial in trials), default=1)
    world = max((trial.running.get("world", 1) for trial in trials), default=1)
    devices = torch.cuda.device_count()
    if devices and world > devices and any(trial.running.get("device", "auto") != "cpu" for trial in trials):
        raise GenbenchError(
            f"world={world} ranks need as many accelerators, and this machine has {devices}; use fewer, or device=cpu"
        )
    if not enough_memory(world):
        raise GenbenchError(
            f"{free_memory() / 1e9:.1f} GB of memory are free, and a trial needs {world * RANK_MEMORY / 1e9:.1f}:"
            f" {RANK_MEMORY / 1e9} a rank"
        )
    most = room([request(trial.running, devices) for trial in trials], devices)
    if slots and most and slots > most and len(trials) > most:
        raise GenbenchError(
            f"--slots {slots}: this machine's accelerators are enough for {most} at once; use --slots {most}, or let"
            " trials share one, as by resources.trials_per_gpu=2"
        )
    return Local(slots or most or default_slots(threads, world), _preload(trials), world, devices)


def _preload(trials: Sequence[Trial]) -> list[str]:
    """The modules that the trials will import."""
    from genbench.contract import registry

    wanted: set[tuple[registry.Kind, str]] = {("methods", trial.method) for trial in trials}
    wanted |= {("datasets", trial.dataset) for trial in trials}
    wanted |= {("architectures", trial.architecture) for trial in trials}
    wanted |= {("metrics", name) for trial in trials for name in trial.settings["evaluate"]["metrics"]}
    if any(registry.load("metrics", name).features for kind, name in wanted if kind == "metrics"):
        wanted |= {("extractors", trial.settings["features"]["name"]) for trial in trials}
    modules = {(entry.kind, entry.name): entry.module for kind in registry.KINDS for entry in registry.installed(kind)}
    return sorted({modules[pair] for pair in wanted})
