"""`status` and `cancel`: how the trials of a study stand, and stopping those that run."""

from __future__ import annotations

from pathlib import Path

import click

from genbench.cli.options import RESULTS, study_folder, terminal_console


@click.command()
@click.argument("study")
@RESULTS
def status(study: str, results: Path) -> None:
    """Show how the trials of a study stand: running, waiting, finished, diverged, failed; read from their files."""
    from genbench.cli import display as terminal
    from genbench.study import status
    from genbench.trial import places, replaced

    folder = study_folder(study, results)
    found = status.states(folder)
    terminal_console().print(terminal.states(found))
    counts = {state: sum(one.state == state for one in found) for state in status.STATES}
    click.echo("\n" + ", ".join(f"{count} {state}" for state, count in counts.items() if count))
    if outdated := sum(one.is_outdated for one in found):
        click.echo(
            f"{outdated} were made under other numerics than those of what is installed: genbench run makes them again,"
            " with --keep-old it keeps them"
        )
    for line in replaced.lines(folder):
        click.echo(line)
    for line in places.nameless(folder):
        click.echo(f"left out: {line}", err=True)


@click.command()
@click.argument("study")
@RESULTS
def cancel(study: str, results: Path) -> None:
    """Stop a study: its trials save a checkpoint and end; `genbench run` goes on with them."""
    from genbench.engines.choice import cancel_jobs
    from genbench.study import status

    folder = study_folder(study, results)
    stopped, elsewhere = status.cancel(folder)
    jobs = cancel_jobs(folder)
    for line in elsewhere:
        click.echo(f"note: {line}", err=True)
    click.echo(f"asked {len(stopped)} supervisors on this machine and {jobs} jobs of the cluster to save and stop")
