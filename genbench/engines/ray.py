"""The Ray engine: a task per trial, on this machine or on a cluster that runs already."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genbench import files
from genbench.config.settings import ResourceSettings
from genbench.engines import ray_connection
from genbench.engines.engine import RETRIES, TICK, Listener, interrupt
from genbench.engines.ray_task import work
from genbench.engines.workers import PATIENCE
from genbench.errors import GenbenchError
from genbench.training.attempt import DIVERGED, DONE, FAILED, STOPPED, was_killed
from genbench.trial.record import read
from genbench.trial.trial import Trial

logger = logging.getLogger("genbench")


@dataclass(kw_only=True)
class _Task:
    """A task that runs a trial, or waits for what the trial asks for."""

    directory: Path
    began: bool = False


class Ray:
    """Runs each trial as a task of Ray. The results folder must be shared, under one path, by all nodes and this
    machine.
    """

    def __init__(self, address: str | None = None, slots: int | None = None, preload: Sequence[str] = ()) -> None:
        """address: HOST:PORT of a cluster that this machine belongs to, or `auto` to find it; none: start a Ray on this
        machine.

        slots: trials at once; none: as many as the resources allow. preload: modules that every trial will need.
        """
        self._address, self.slots, self._preload = address, slots, tuple(preload)
        self._tasks: dict[Any, _Task] = {}
        self._killed: dict[Path, int] = {}

    def run(self, directories: Sequence[Path], listener: Listener) -> None:
        """Run every trial's folder; returns when all have ended.

        On KeyboardInterrupt or SIGTERM the workers are asked to save and stop, and KeyboardInterrupt is raised when
        they have. Raises GenbenchError when there is no Ray, or none that could hold a trial.
        """
        ray = ray_connection.library(local=self._address is None)
        in_main = threading.current_thread() is threading.main_thread()
        before = signal.getsignal(signal.SIGTERM)
        self._tasks, self._killed = {}, dict.fromkeys(directories, 0)
        try:
            cpus = max((_request(directory, accelerated=False)["num_cpus"] for directory in directories), default=1)
            ray_connection.connect(ray, self._address, cpus=cpus)
            if in_main:
                signal.signal(signal.SIGTERM, interrupt)  # only now: connecting puts Ray's own handler there
            try:
                self._run(ray, directories, listener)
            except KeyboardInterrupt:
                self._stop(ray, listener)
                raise
            finally:
                ray.shutdown()
        finally:
            if in_main:
                signal.signal(signal.SIGTERM, before)

    def _run(self, ray: Any, directories: Sequence[Path], listener: Listener) -> None:
        """Submit every trial, and again those that were killed or preempted, until all have ended."""
        accelerated = ray.cluster_resources().get("GPU", 0) > 0
        requests = {directory: _request(directory, accelerated=accelerated) for directory in directories}
        self._check_room(ray, requests)
        task = ray.remote(num_returns="streaming", max_retries=0)(
            work
        )  # tried again by the engine's rules, not by Ray's
        waiting = deque(directories)
        while waiting or self._tasks:
            while waiting and len(self._tasks) < (self.slots or len(directories)):
                directory = waiting.popleft()
                generator = task.options(name=directory.name, **requests[directory]).remote(
                    str(directory), self._preload
                )
                self._tasks[generator] = _Task(directory=directory)
            for generator in self._ready(ray):
                directory = self._tasks[generator].directory
                if self._hear(ray, generator, listener, last=False):
                    waiting.appendleft(directory)
            listener.tick()

    def _check_room(self, ray: Any, requests: Mapping[Path, Mapping[str, float]]) -> None:
        """Raise GenbenchError when a trial asks for more than this machine has; only warn when it is a cluster's nodes,
        which may grow.
        """
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        for directory, request in requests.items():
            needs = {"CPU": request["num_cpus"], "GPU": request["num_gpus"], "memory": request["memory"]}
            if not any(all(node.get(name, 0) >= amount for name, amount in needs.items()) for node in nodes):
                asked = (
                    f"{needs['CPU']} cores, {needs['GPU']} accelerators and {needs['memory'] / 2**30:.1f} GB of memory"
                )
                line = (
                    f"no node of Ray has the {asked} that {directory.name} asks for (see the settings resources.*,"
                    " world and threads)"
                )
                if self._address is None:
                    raise GenbenchError(line)
                logger.warning("%s; it waits for one", line)
                return

    def _ready(self, ray: Any) -> list[Any]:
        """The tasks that have something to report, after a moment."""
        if not self._tasks:
            return []
        ready: list[Any] = ray.wait(list(self._tasks), num_returns=len(self._tasks), timeout=TICK)[0]
        return ready

    def _hear(self, ray: Any, generator: Any, listener: Listener, *, last: bool) -> bool:
        """Pass on what a task reports; returns whether its trial must be run again. last: nothing is run again."""
        task = self._tasks[generator]
        try:
            message = ray.get(next(generator))
            if "started" in message:
                task.began = True
                listener.started(task.directory, self._killed[task.directory] + 1)
                return False
            status = message["status"]
        except (StopIteration, ray.exceptions.TaskCancelledError):
            # A cancelled task reports nothing; the worker has left its record.
            status = _recorded(task.directory)
        except ray.exceptions.RayTaskError as error:
            with suppress(OSError):  # a full disk
                files.append(task.directory / "log.txt", f"the task failed: {error.cause or error}\n".encode())
            status = FAILED
        except ray.exceptions.RayError:  # Ray's worker or its node is gone
            status = -signal.SIGKILL
        del self._tasks[generator]
        self._killed[task.directory] += was_killed(status)
        again = not last and (status == STOPPED or (was_killed(status) and self._killed[task.directory] <= RETRIES))
        if task.began or not (again or last):
            listener.ended(task.directory, status, final=not again)
        return again

    def _stop(self, ray: Any, listener: Listener) -> None:
        """Have all workers save and stop, tell how they ended."""
        for generator in self._tasks:
            ray.cancel(generator)
        deadline = time.monotonic() + 2 * PATIENCE
        while self._tasks and time.monotonic() < deadline:
            for generator in self._ready(ray):
                self._hear(ray, generator, listener, last=True)
        for task in self._tasks.values():
            if task.began:
                listener.ended(task.directory, -signal.SIGKILL, final=True)


def _request(directory: Path, *, accelerated: bool) -> dict[str, Any]:
    """What the task of a trial asks Ray for, all ranks together; accelerated: the cluster has accelerators."""
    running = Trial.read(directory).running
    wanted: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in running.get("resources", {}).items()
    }
    resources, ranks = ResourceSettings(**wanted), running.get("world", 1)
    gpus = int(accelerated and running.get("device", "auto") != "cpu") if resources.gpus is None else resources.gpus
    cpus = resources.cpus or running.get("threads", 1)
    return {"num_cpus": ranks * cpus, "num_gpus": ranks * gpus, "memory": ranks * int(resources.memory_gb * 2**30)}


def _recorded(directory: Path) -> int:
    """The status with which a worker ended, from what it left."""
    record = read(directory)
    statuses = {"finished": DONE, "diverged": DIVERGED, "failed": FAILED, "interrupted": STOPPED}
    return statuses.get(record.status, -signal.SIGKILL) if record else -signal.SIGKILL
