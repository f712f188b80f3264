"""The workers of one fork server, from the outside: start them, learn how they ended, stop them. Imports no torch."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

LOOK = 0.2
"""Seconds between two looks at workers that were asked to stop."""
PATIENCE = 30.0
"""Seconds that workers have to save a checkpoint when they are asked to stop."""
PRELOAD = ("genbench.training.worker", "torch._dynamo")
"""Loaded by the fork server for every trial; torch imports its _dynamo, for seconds, when the first optimizer is made.
"""


class Workers:
    """A fork server's process and the pipes to it; when this process is gone, the workers save and stop."""

    def __init__(self, preload: Sequence[str]) -> None:
        """preload: modules that every trial will need, beyond the worker's own."""
        command = [sys.executable, "-m", "genbench.engines.forkserver", *PRELOAD, *preload]
        environment = {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, env=environment
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders, self._answers = self._process.stdin, self._process.stdout
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._answers, selectors.EVENT_READ)
        self._pending = b""

    def start(self, directory: Path, environment: Mapping[str, str]) -> None:
        """Start a worker on a trial's folder; environment: what it has beyond this process's."""
        self._order({"start": str(directory), "environment": dict(environment)})

    def messages(self, timeout: float) -> list[dict[str, Any]] | None:
        """What the server said within the timeout, see forkserver.py, or None when it is gone."""
        if not self._selector.select(timeout):
            return []
        received = os.read(self._answers.fileno(), 65536)
        if not received:
            return None
        *lines, self._pending = (self._pending + received).split(b"\n")
        return [json.loads(line) for line in lines]

    def stop_all(self, running: Sequence[str]) -> dict[str, int]:
        """Ask all workers to save and stop, kill those that do not; the statuses they ended with."""
        ended: dict[str, int] = {}
        deadline = time.monotonic() + PATIENCE
        self._order({"stop": signal.SIGTERM})
        killed = False
        while len(ended) < len(running):
            messages = self.messages(LOOK)
            if messages is None:
                break
            ended |= {message["ended"]: message["status"] for message in messages if "ended" in message}
            if not killed and time.monotonic() > deadline:
                self._order({"stop": signal.SIGKILL})
                killed = True
        return {name: ended.get(name, -signal.SIGKILL) for name in running}

    def close(self) -> int:
        """Let the server end when its workers have; its exit code, or minus the signal that killed it."""
        with suppress(BrokenPipeError):  # an order that a server which is gone never read is still in the buffer
            self._orders.close()
        status = self._process.wait()
        self._answers.close()
        self._selector.close()
        return status

    def _order(self, message: dict[str, Any]) -> None:
        try:
            self._orders.write(json.dumps(message).encode() + b"\n")
            self._orders.flush()
        except BrokenPipeError:
            return  # the server is gone; the next look at its answers says so
