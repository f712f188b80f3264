"""The command line; the only room that prints or exits. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from genbench.arguments import Commands
from genbench.cli import looking, running, tracking, using
from genbench.errors import GenbenchError


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="genbench")
def cli() -> None:
    """Compare ways to train a generator: fairly, reproducibly, fast."""


for command in (
    running.run,
    running.status,
    running.cancel,
    running.trial,
    looking.list_,
    looking.show,
    looking.check,
    looking.report,
    using.sample,
    using.evaluate,
    tracking.sync,
    tracking.ui,
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command; the one place that turns an error into a line and an exit code."""
    try:
        cli.main(args=arguments, prog_name="genbench", standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        click.echo(f"genbench: {error.format_message()}", err=True)
        sys.exit(2)
    except GenbenchError as error:
        click.echo(f"genbench: {error}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("genbench: interrupted; the same command goes on where this one stopped", err=True)
        sys.exit(130)
    sys.exit(0)
