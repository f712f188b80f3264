"""`status` and `cancel`: how the trials of a study stand, and stopping those that run."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from genbench.cli.completion import run_studies
from genbench.cli.options import RESULTS, end, say, study_folder, terminal_console


@click.command()
@click.argument("study", shell_complete=run_studies)
@RESULTS
def status(study: str, results: Path) -> None:
    """Show how the trials of a study stand: running, waiting, left by an earlier command, finished,
    diverged, failed; read from their files. Exit code 1 when a damaged trial had to be left out."""
    from genbench.cli import display as terminal
    from genbench.study import status
    from genbench.trial import places, replaced

    folder = study_folder(study, results)
    found, damaged = status.states(folder)
    terminal_console().print(terminal.states(found))
    counts = {state: sum(one.state == state for one in found) for state in status.STATES}
    click.echo()
    say(", ".join(f"{count} {state}" for state, count in counts.items() if count))
    left = Counter(one.command for one in found if one.state == "left")
    for command, count in left.items():
        again = f"; to go on with {'it' if count == 1 else 'them'}: {command}" if command else ""
        say(f"{count} left by an earlier command, and not waited for{again}")
    if outdated := sum(one.is_outdated for one in found):
        say(
            f"{outdated} were made under other numerics than those of what is installed: genbench run makes them again,"
            " with --keep-old it keeps them"
        )
    for line in replaced.lines(folder):
        click.echo(line)
    end([*places.nameless(folder), *damaged])


@click.command()
@click.argument("study", shell_complete=run_studies)
@RESULTS
def cancel(study: str, results: Path) -> None:
    """Stop a study: its trials save a checkpoint and end; `genbench run` goes on with them."""
    from genbench.engines.choice import cancel_jobs
    from genbench.study import status

    folder = study_folder(study, results)
    stopped, elsewhere = status.cancel(folder)
    jobs = cancel_jobs(folder)
    for line in elsewhere:
        say(f"note: {line}", stderr=True)
    say(f"asked {len(stopped)} supervisors on this machine and {jobs} jobs of the cluster to save and stop")
