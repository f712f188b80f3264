"""What a person is told when a study has run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from genbench.cli.options import print_table, results_option, say

if TYPE_CHECKING:
    from genbench.study.plan import Study
    from genbench.study.run import Outcome


def conclude(study: Study, outcome: Outcome, *, mlflow: bool) -> int:
    """Print table, answer, paths and what failed; return the exit code. mlflow: whether to name its pages too."""
    from genbench.cli.answer import of_study, print_answer
    from genbench.report.tables import lottery
    from genbench.study import latents
    from genbench.trial import collected, difference, replaced

    records = outcome.records(study)
    frame = collected.frame([latents.own(row) for row in records])
    print_table(frame)
    for line in replaced.lines(study.directory):
        say(f"note: {line}")
    print_answer(*of_study(study.directory, lottery.own(frame)))
    click.echo(f"\nresults   {study.directory}")
    click.echo(f"again     genbench report {study.name}{results_option(study.results)}")
    if mlflow:
        _name_pages(study)
    failed = [row for row in records if row.status == "failed"]
    names = difference.names(study.trials) if failed else {}
    for row in failed:
        say(
            f"failed: {names.get(row.trial, row.label)} on {row.dataset}, seed {row.seed}: {row.error} (see"
            f" {study.directory / 'trials' / row.trial / 'log.txt'})",
            stderr=True,
        )
    return 1 if failed else 0


def _name_pages(study: Study) -> None:
    """Print where MLflow shows a study; the trials are there even where that cannot be found out."""
    from genbench.observers.pages import links
    from genbench.observers.replay import reason
    from genbench.observers.store import tracking_server

    if server := tracking_server():
        click.echo(f"MLflow    {server}")
        return
    try:
        found = links(study.results, study.name, "http://127.0.0.1:5000")
    except Exception as error:  # whatever a tracker raises: the trials have run
        say(f"warning: MLflow's pages cannot be named: {reason(error)}", stderr=True)
        return
    click.echo(f"MLflow    genbench ui{results_option(study.results)}, then")
    for link in found:
        click.echo(f"          {link}")
