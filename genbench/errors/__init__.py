"""The errors whose message is all that the person who typed the command needs."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from genbench.errors import shown


class GenbenchError(Exception):
    """Something the user can fix; the message says what, what was got, what was possible, what to do.

    What it quotes is cut where it is too long, addresses in it are without their secrets, and nothing in it commands a
    terminal.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(shown.short(shown.discreet(shown.plain(message))))


class UnknownNameError(GenbenchError):
    """A name that nothing has.

    >>> str(UnknownNameError("method", "grom", ["gan", "gram"]))
    "unknown method 'grom': did you mean 'gram'? (there are: gan, gram)"
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        known = sorted(known)
        close = get_close_matches(name, known, n=1)
        guess = f"did you mean '{close[0]}'? " if close else ""
        possible = f"(there are: {', '.join(known)})" if known else "(there are none)"
        super().__init__(f"unknown {kind} '{name}': {guess}{possible}{'; ' + hint if hint else ''}")

    def __reduce__(self) -> tuple[type[GenbenchError], tuple[str]]:
        """Pickled as its message: an error crosses from one rank to another."""
        return GenbenchError, (str(self),)


class UnfinishedError(GenbenchError):
    """Something that went wrong after trials had been started: exit code 1. What has been saved is safe."""


class SettingsError(GenbenchError):
    """A setting that does not exist, or a value that it cannot take."""


class PluginError(GenbenchError):
    """A plugin that cannot be used, and why."""


class DataError(GenbenchError):
    """Data that is missing, damaged or of the wrong shape."""


class CheckpointError(GenbenchError):
    """A checkpoint that cannot be restored."""


class TrialBusyError(GenbenchError):
    """A trial that another process is running."""


class DivergedError(GenbenchError):
    """Training met a loss or a parameter that is not finite; this is a result, never retried."""
