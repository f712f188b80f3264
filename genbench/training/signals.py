"""Signals that ask a worker to stop: noticing them, stopping work at one, and ignoring them at the end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STOPPING = (signal.SIGTERM, signal.SIGUSR2)
"""The signals that ask a worker to stop."""


def asked_to_stop() -> Callable[[], bool]:
    """A function that tells whether a signal asked to stop, or the process that started this one is gone."""
    asked = False
    parent = os.getppid()

    def ask(number: int, frame: object) -> None:
        nonlocal asked
        asked = True

    for number in STOPPING:
        signal.signal(number, ask)
    return lambda: asked or os.getppid() != parent


class AskedToStopError(BaseException):
    """A signal asked to stop where there is nothing to save; no Exception, so that nobody's `except` takes it for
    a failure.
    """


@contextmanager
def breaking_off() -> Iterator[None]:
    """Raise AskedToStopError when a signal asks to stop: for work that leaves nothing behind and begins again the next
    time.
    """

    def break_off(number: int, frame: object) -> None:
        stop_listening()  # a second signal must not interrupt the way out
        raise AskedToStopError

    before = {number: signal.signal(number, break_off) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop_listening() -> None:
    """Let no signal that asks to stop change how this process ends: its trial is over, and its exit code says how.

    Python puts the default handlers of signals back while it shuts down, but not those of ignored signals.
    """
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
