"""What several commands share: options, tables, consoles."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from genbench.cli.parameters import Place
from genbench.errors import shown

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.console import Console

TERMINALS = ("FORCE_COLOR", "TTY_COMPATIBLE")
"""Environment variables by which rich takes a pipe for a terminal."""
RESULTS = click.option(
    "--results", type=Place(), default=Path("results"), show_default=True, help="Folder of all results."
)
CHECKPOINT = click.option(
    "--checkpoint",
    "which",
    type=click.Choice(["last", "best"]),
    default="last",
    show_default=True,
    help="The last one, or the best during training.",
)


def print_table(records: DataFrame) -> None:
    """Print the table of some records, and below it what a reader of it must know."""
    from genbench.cli import display
    from genbench.report.tables import summary

    found = summary.summarize(records)
    written = summary.formatted(found)
    keys = [name for name in found.columns[: list(found.columns).index("seeds")] if name in written]
    terminal_console().print(display.frame(written, keys=len(keys)))
    for note in summary.notes(records):
        say(f"note: {note}")


def say(line: str, *, stderr: bool = False, indent: int = 0, style: str = "") -> None:
    """Print a sentence: in a terminal its lines end between words, in a pipe it is one line, to be searched for.

    indent: columns that its other lines begin with.
    """
    plain = shown.plain(line)
    stream = sys.stderr if stderr else sys.stdout
    if not (stream and stream.isatty()) and not any(os.environ.get(name) for name in TERMINALS):
        click.echo(plain, err=stderr)  # what rich would print, without the time to import it
        return
    from rich.text import Text

    console = terminal_console(stderr=stderr)
    for one in wrapped(plain, console, indent=indent):
        console.print(Text(one, style=style), soft_wrap=True)


def end(damaged: Sequence[str], undrawn: Sequence[str] = ()) -> None:
    """Name what could not be read or drawn; exit code 1 when there was anything."""
    for line in damaged:
        say(f"left out: {line}", stderr=True)
    for line in undrawn:
        say(f"warning: {line}", stderr=True)
    if damaged or undrawn:
        sys.exit(1)


def wrapped(line: str, console: Console, *, indent: int = 0) -> list[str]:
    """The lines of a sentence on a console; what is longer than it is wide, as a path may be, stays whole."""
    if not console.is_terminal:
        return [line]
    begin = line[: len(line) - len(line.lstrip())]
    lines = textwrap.wrap(
        line,
        console.width,
        subsequent_indent=" " * (indent or len(begin)),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines or [""]


def terminal_console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal; in a pipe as wide as its lines, so that nothing is cut."""
    from rich.console import Console

    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=400)


def study_folder(study: str, results: Path) -> Path:
    """The folder of a study; raises UnknownNameError with a guess when there is none."""
    from genbench.errors import UnknownNameError

    known = [path.parent.name for path in results.glob("*/trials")]
    if study not in known:
        raise UnknownNameError("study", study, known, f"looked in {results}")
    return results / study


def results_option(results: Path) -> str:
    """What must be added to a command so that it finds the results."""
    return "" if results == Path("results").absolute() else f" --results {results}"
