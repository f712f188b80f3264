"""What a trial's job asks Slurm for, from the trial's resource settings."""

from __future__ import annotations

import math
import re
from functools import cache
from pathlib import Path
from typing import Any

from genbench.config.settings import ResourceSettings
from genbench.engines.slurm_job import command
from genbench.errors import GenbenchError
from genbench.trial.trial import Trial

WARNING_SECONDS = 120
"""How long before its time limit a job is told to save; Slurm may do it a minute earlier."""
OWN = (
    "array",
    "dependency",
    "error",
    "input",
    "job-name",
    "nodes",
    "ntasks",
    "ntasks-per-node",
    "open-mode",
    "output",
    "requeue",
    "no-requeue",
    "signal",
    "wrap",
)
"""Options of sbatch that are the engine's own."""


def parameters(directory: Path) -> dict[str, Any]:
    """submitit's parameters for the job of a trial: one task on each node, with what all ranks on that node need.

    Raises GenbenchError for an option that cannot be passed on.
    """
    trial = Trial.read(directory)
    running = trial.running
    wanted: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in running.get("resources", {}).items()
    }
    resources = ResourceSettings(**wanted)
    ranks = running.get("world", 1) // resources.nodes
    cpus = ranks * (resources.cpus or running.get("threads", 1))
    gpus = ranks * (
        _default_gpus(resources.partition, running.get("device", "auto")) if resources.gpus is None else resources.gpus
    )
    _check_word("resources.partition", resources.partition)
    return {
        "time": resources.minutes,
        "signal_delay_s": min(WARNING_SECONDS, 15 * resources.minutes),
        "nodes": resources.nodes,
        "ntasks_per_node": 1,
        "cpus_per_task": cpus,
        "mem": f"{math.ceil(resources.memory_gb * 1024) * ranks}M",
        "wckey": None,
        "srun_args": [
            f"--cpus-per-task={cpus}",
            "--kill-on-bad-exit=1",
        ],  # since 22.05 srun does not take it over from sbatch
        "setup": ['export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"'],
        "additional_parameters": {"requeue": True} | _options(resources.options),
        **({"partition": resources.partition} if resources.partition else {}),
        **({"gpus_per_node": gpus} if gpus else {}),
    }


def _options(words: tuple[str, ...]) -> dict[str, str | bool]:
    """Further options of sbatch, from `key=value` or `flag`."""
    options: dict[str, str | bool] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not re.fullmatch(r"[a-z][a-z-]*", key):
            raise GenbenchError(f"resources.options: '{word}' is no option of sbatch; write ['account=x','qos=y']")
        if key in OWN or key.endswith("requeue"):
            raise GenbenchError(f"resources.options: '{key}' is set by genbench itself; leave it out")
        _check_word("resources.options", value)
        options[key] = value if equals else True
    return options


def _check_word(where: str, value: str) -> None:
    if not value.isprintable():  # a line of its own in the job's script would be run by its shell
        raise GenbenchError(f"{where}: {value!r} holds a character that cannot be printed")


@cache
def _default_gpus(partition: str, device: str) -> int:
    """One accelerator per rank, where the cluster has any and the trial may use it."""
    where = ("-p", partition) if partition else ()
    return int(device != "cpu" and "gpu" in command("sinfo", "-h", "-o", "%G", *where).stdout)
