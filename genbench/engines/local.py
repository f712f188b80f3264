"""The local engine: a supervisor with slots, one process per trial on this machine."""

from __future__ import annotations

import math
import os
import signal
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from genbench.config.machine import cores
from genbench.engines.accelerators import NONE, Pool, Request, request, visible
from genbench.engines.engine import RETRIES, TICK, Listener, interrupt
from genbench.engines.workers import Workers
from genbench.training.attempt import was_killed
from genbench.trial.trial import Trial

RANK_MEMORY = 1.8e9
"""Bytes that a rank needs, torch itself included."""


def default_slots(threads: int, world: int = 1) -> int:
    """As many trials at once as the cores allow at that many threads a rank."""
    return max(1, cores() // (threads * world))


def enough_memory(world: int) -> bool:
    """Whether the machine has memory for one more trial; where that is not known, there is."""
    return free_memory() >= world * RANK_MEMORY


def free_memory() -> float:
    """Bytes that processes can still take without swapping, infinite where that is not known."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return math.inf
    return next((float(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), math.inf)


class Local:
    """Runs trials on this machine, `slots` at a time, a process each."""

    def __init__(self, slots: int, preload: Sequence[str], world: int = 1, devices: int = 0) -> None:
        """preload: modules that every trial will need; world: ranks of a trial; devices: accelerators of this machine,
        of which each rank gets its own.
        """
        self.slots, self._preload, self._world, self._devices = slots, preload, world, devices

    def run(self, directories: Sequence[Path], listener: Listener) -> None:
        """Run every trial's folder; returns when all have ended.

        A killed worker is started again up to twice. On KeyboardInterrupt or SIGTERM the workers are asked to save and
        stop, and KeyboardInterrupt is raised when they have.
        """
        waiting = deque(directories)
        attempts = dict.fromkeys(directories, 0)
        running: set[str] = set()
        pool = Pool(self._devices)
        wanted = {path: request(Trial.read(path).running, self._devices) for path in directories if self._devices}
        in_main = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGTERM, interrupt) if in_main else None
        server = Workers(self._preload)
        try:
            while waiting or running:
                while waiting and len(running) < self.slots and (not running or enough_memory(self._world)):
                    if (found := _next(waiting, wanted, pool)) is None:
                        break
                    directory, environment = found
                    waiting.remove(directory)
                    running.add(str(directory))
                    attempts[directory] += 1
                    listener.started(directory, attempts[directory])
                    server.start(directory, environment)
                messages = server.messages(TICK)
                if messages is None:  # the fork server itself was killed, and its workers with it or soon after
                    messages = [{"ended": name, "status": -signal.SIGKILL} for name in running]
                    server.close()
                    server = Workers(self._preload)
                for message in messages:
                    if "ended" in message:
                        directory, status = Path(message["ended"]), message["status"]
                        running.remove(message["ended"])
                        pool.give_back(message["ended"])
                        again = was_killed(status) and attempts[directory] <= RETRIES
                        listener.ended(directory, status, final=not again)
                        if again:
                            waiting.appendleft(directory)
                listener.tick()
        except KeyboardInterrupt:
            for name, status in server.stop_all(list(running)).items():
                listener.ended(Path(name), status, final=True)
            raise
        finally:
            server.close()
            if in_main:
                signal.signal(signal.SIGTERM, before)


def _next(waiting: Sequence[Path], wanted: Mapping[Path, Request], pool: Pool) -> tuple[Path, dict[str, str]] | None:
    """The first trial for which there are accelerators, and what its environment says of them; None while there are
    none for any.
    """
    refused: set[Request] = set()
    for directory in waiting:
        if (own := wanted.get(directory, NONE)) in refused:
            continue
        numbers = pool.take(str(directory), own)
        if numbers is not None:
            return directory, visible(own, numbers, os.environ.get("CUDA_VISIBLE_DEVICES"))
        refused.add(own)
    return None
