"""What runs inside a Ray worker: a task that has one trial's folder run by a fork server of this Ray worker. Imports no
torch.

The fork server stays for the Ray worker's next task, which then starts in milliseconds. It sees this process end and
asks its worker to save and stop; where Ray kills it too, the worker sees that itself.
"""

from __future__ import annotations

import os
import platform
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from genbench.engines.workers import LOOK, Workers


def work(directory: str, preload: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Run a trial's folder to its end; yields what the fork server says: that the worker started, and how it ended.

    Cancelling the task raises KeyboardInterrupt here: the worker saves and stops before the task ends. Raises
    RuntimeError where this node cannot run the trial.
    """
    folder = Path(directory)
    if not (folder / "trial.json").exists():
        raise RuntimeError(
            f"{folder} is not on node {platform.node()}: the results folder must be shared by all nodes of the cluster"
        )
    workers = _workers(preload)
    visible = {
        name: value for name, value in os.environ.items() if name == "CUDA_VISIBLE_DEVICES"
    }  # by Ray, again for each task
    began = ended = False
    try:
        workers.start(folder, visible)
        while not ended and (messages := workers.messages(LOOK)) is not None:
            for message in messages:
                began, ended = True, "ended" in message
                yield message
    except KeyboardInterrupt:
        workers.stop_all([directory])
        raise
    finally:
        if not ended:
            _workers.cache_clear()
            code = workers.close()
    if not ended and code > 0 and not began:
        raise RuntimeError(
            f"no worker could be started on node {platform.node()} (Ray's logs there say why); are genbench and the"
            " plugins installed?"
        )
    if not ended:
        yield {
            "ended": directory,
            "status": -signal.SIGKILL,
        }  # the fork server was killed, and its worker with it or soon after


@cache
def _workers(preload: tuple[str, ...]) -> Workers:
    """This Ray worker's fork server."""
    return Workers(preload)
