"""`sync` and `ui`: the tracker's view of the results."""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path

import click

from genbench.cli.completion import listed
from genbench.cli.options import RESULTS, say
from genbench.cli.parameters import Names, Place
from genbench.errors import GenbenchError


@click.command()
@click.argument("results", type=Place(), default=Path("results"))
@click.option(
    "--observers",
    type=Names(),
    default="mlflow",
    show_default=True,
    shell_complete=listed("observers"),
    help="Trackers to fill.",
)
def sync(results: Path, observers: list[str]) -> None:
    """Fill MLflow from the files of all trials again; it can be deleted and rebuilt at any time.

    An mlflow.db that is damaged is put aside, as mlflow.db.damaged-1, and built again.
    """
    from genbench.observers import replay, store

    if not results.is_dir():
        raise GenbenchError(f"there is no results folder {results}")
    if "mlflow" in observers and (aside := store.repair(results)):
        say(f"note: {results / 'mlflow.db'} was damaged and is built again; it is kept as {aside.name}", stderr=True)
    click.echo(f"{replay.sync(results, observers)} trials replayed into {', '.join(observers)}")


@click.command()
@RESULTS
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True, help="Port.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen at; another one than this machine's own needs --expose.",
)
@click.option(
    "--expose",
    is_flag=True,
    help=(
        "Let other machines in. MLflow asks for no password: whoever can reach the port can read and change the store."
    ),
)
def ui(results: Path, port: int, host: str, expose: bool) -> None:
    """Serve MLflow's pages of the results, only to this machine, until Ctrl-C."""
    from genbench.observers.pages import studies
    from genbench.observers.replay import reason
    from genbench.observers.store import ui_command

    if not (expose or _is_loopback(host)):
        raise GenbenchError(
            f"--host {host} would let other machines in, and MLflow asks for no password; leave it out, or add --expose"
            " if that is meant"
        )
    if not results.is_dir():
        raise GenbenchError(f"there is no results folder {results}; run a study first, or name one with --results")
    command, environment = ui_command(results, port, host)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    click.echo(f"MLflow on {address} (Ctrl-C ends it)")
    try:
        known = studies(results, address)
    except Exception as error:  # whatever a tracker raises: it may be able to serve what it cannot list now
        say(f"warning: the studies cannot be named: {reason(error)}", stderr=True)
        known = {}
    for name, link in known.items():
        click.echo(f"{name:<{max(map(len, known))}}  {link}")
    sys.stdout.flush()
    os.execvpe(command[0], command, environment)


def _is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
