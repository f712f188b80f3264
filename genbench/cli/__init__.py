"""The command line; the only package that prints or exits. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from genbench.cli import author, completion, inspect, report, run, share, standing, tracking, trained
from genbench.cli.options import say
from genbench.cli.parameters import Commands
from genbench.errors import GenbenchError, UnfinishedError, shown


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="genbench")
def cli() -> None:
    """Compare ways to train a generator: fairly, reproducibly, fast."""


for command in (
    run.run,
    standing.status,
    standing.cancel,
    run.trial,
    inspect.list_,
    inspect.show,
    author.check,
    author.new,
    report.report,
    report.compare,
    share.publish,
    share.board,
    trained.sample,
    trained.evaluate,
    tracking.sync,
    tracking.ui,
    completion.completion,
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command; the one place that turns an error into a line and an exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # names and paths may hold what the terminal's encoding lacks
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        cli.main(
            args=arguments,
            prog_name="genbench",
            standalone_mode=False,
            obj=[*(sys.argv[1:] if arguments is None else arguments)],
        )
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        say(f"genbench: {shown.one_line(shown.short(shown.discreet(error.format_message())))}", stderr=True)
        sys.exit(2)
    except GenbenchError as error:
        say(f"genbench: {shown.one_line(str(error))}", stderr=True)
        sys.exit(1 if isinstance(error, UnfinishedError) else 2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("genbench: interrupted; the same command goes on where this one stopped", err=True)
        sys.exit(130)
    sys.exit(0)
