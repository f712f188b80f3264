"""What several commands share: options, tables, consoles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from genbench.cli.parameters import Place

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.console import Console

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

    terminal_console().print(display.frame(summary.formatted(summary.summarize(records))))
    for note in summary.notes(records):
        click.echo(f"note: {note}")


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
