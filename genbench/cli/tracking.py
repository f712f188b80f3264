"""`sync` and `ui`: the tracker's view of the results."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from genbench.arguments import Names
from genbench.cli.options import RESULTS
from genbench.errors import GenbenchError


@click.command()
@click.argument("results", type=click.Path(path_type=Path), default=Path("results"))
@click.option("--observers", type=Names(), default="mlflow", show_default=True, help="Who is told.")
def sync(results: Path, observers: list[str]) -> None:
    """Fill MLflow from the files of all trials again; it can be deleted and rebuilt at any time."""
    from genbench.observers import replay

    if not results.is_dir():
        raise GenbenchError(f"there is no results folder {results}")
    click.echo(f"{replay.sync(results, observers)} trials replayed into {', '.join(observers)}")


@click.command()
@RESULTS
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True, help="Port on 127.0.0.1.")
def ui(results: Path, port: int) -> None:
    """Serve MLflow's pages of the results on 127.0.0.1 until Ctrl-C."""
    from genbench.observers.mlflow import ui_command

    if not results.is_dir():
        raise GenbenchError(f"there is no results folder {results}; run a study first, or name one with --results")
    command, environment = ui_command(results, port)
    click.echo(f"MLflow on http://127.0.0.1:{port} (Ctrl-C ends it)")
    sys.stdout.flush()
    os.execvpe(command[0], command, environment)
