"""A process with torch and the plugins loaded, which forks a worker for each trial named on stdin.

Importing torch takes seconds and a fork of a process that has it takes milliseconds. Each worker is a separate process
in its own session, so that it can be killed with everything it started. multiprocessing's fork server is not
used because it would run the caller's main script again in every worker.

Orders on stdin and answers on stdout are lines of JSON: {"start": folder, "environment": {...}}, {"stop": signal} to
all; {"started": folder, "pid": n}, {"ended": folder, "status": n} with the exit code, or minus the signal that killed
it. When stdin ends the supervisor is gone: the workers are asked to stop.
"""

from __future__ import annotations

import importlib
import json
import os
import selectors
import signal
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from genbench import files

ORPHANS = 60.0
"""Seconds that a worker waits for one of a killed fork server to notice and release the trial."""


def serve(preload: list[str]) -> None:
    """Load the modules, then take orders until stdin ends and every worker is gone."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a module prints from here on is not taken for an answer
    for module in preload:
        importlib.import_module(module)
    _find_out()
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    selector.register(wake_read, selectors.EVENT_READ)
    workers: dict[int, str] = {}
    pending = b""
    open_for_orders = True
    while open_for_orders or workers:
        for key, _ in selector.select():
            if key.fd == wake_read:
                os.read(wake_read, 4096)
                continue
            received = os.read(0, 65536)
            if not received:
                open_for_orders = False
                selector.unregister(0)
                _stop(workers, signal.SIGTERM)
            *lines, pending = (pending + received).split(b"\n")
            for order in map(json.loads, lines):
                if "stop" in order:
                    _stop(workers, order["stop"])
                else:
                    pid = _fork(order["start"], order["environment"])
                    workers[pid] = order["start"]
                    _answer(answers, {"started": order["start"], "pid": pid})
        _reap(workers, answers)


def _find_out() -> None:
    """What every worker would find out by itself, for a tenth of a second: what is installed, and the commit."""
    from genbench.contract import registry
    from genbench.version import git_commit

    for kind in registry.KINDS:
        registry.installed(kind)
    git_commit()


def _fork(directory: str, environment: Mapping[str, str]) -> int:
    """Start a worker on a trial's folder; return its process id."""
    if pid := os.fork():
        return pid
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.environ.update(environment)
        log = files.appending(Path(directory, "log.txt"))
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.closerange(3, 64)
        from genbench.errors import GenbenchError, TrialBusyError
        from genbench.training.worker import BUSY, run_trial

        try:
            code = run_trial(Path(directory), wait=ORPHANS, log_to_file=False)
        except TrialBusyError:
            code = BUSY
        except GenbenchError as error:
            sys.stderr.write(f"{error}\n")
    except BaseException:  # nothing may escape into the server's own loop: this process ends here
        traceback.print_exc()
    finally:
        with suppress(OSError):  # on a full disk
            sys.stdout.flush()
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(code)


def _stop(workers: Mapping[int, str], number: int) -> None:
    for pid in workers:
        try:
            os.killpg(pid, number)
        except ProcessLookupError:
            os.kill(pid, number)


def _reap(workers: dict[int, str], answers: Any) -> None:
    while workers:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        if pid in workers:
            with suppress(ProcessLookupError):  # the usual case: the worker left no process behind
                os.killpg(pid, signal.SIGKILL)
            _answer(answers, {"ended": workers.pop(pid), "status": os.waitstatus_to_exitcode(status)})


def _answer(answers: Any, message: Mapping[str, Any]) -> None:
    with suppress(BrokenPipeError):  # the supervisor is gone; the end of stdin says so too
        answers.write(json.dumps(message) + "\n")


if __name__ == "__main__":
    serve(sys.argv[1:])
