"""`publish` and `board`: results for others, and those of several people on one page."""

from __future__ import annotations

from pathlib import Path

import click

from genbench.cli.completion import run_studies
from genbench.cli.options import RESULTS, say, study_folder, terminal_console
from genbench.cli.parameters import Place
from genbench.errors import shown


@click.command()
@click.argument("study", shell_complete=run_studies)
@RESULTS
@click.option("-o", "--output", type=Place(), help="Folder to write.  [default: RESULTS/STUDY/published]")
def publish(study: str, results: Path, output: Path | None) -> None:
    """Write a study's folder for others: its page, records, trials with their samples, the study's file, where it ran,
    and the SHA-256 of every file.

    The same study gives the same bytes. A folder that holds anything else, or was changed since, is not overwritten.
    `genbench board` takes the folder in and names what was changed in it.
    """
    from genbench.report.board import publication
    from genbench.trial.lock import check_inside

    folder = study_folder(study, results)
    if output is None:
        check_inside(folder / "published", folder)
    written = publication.publish(folder, output or folder / "published")
    for line in written.problems:
        say(f"warning: {line}", stderr=True)
    click.echo(shown.plain(f"written   {written.folder}"))
    say(
        f"SHA-256   {written.sha256}  (of manifest.json: tell it to readers, and every file can be verified)", indent=10
    )


@click.command()
@click.argument("results", type=Place(), nargs=-1, required=True)
@click.option(
    "-o", "--output", type=Place(), default=Path("board"), show_default=True, help="Folder to write, any web server's."
)
@click.option(
    "--pages/--no-pages", default=True, show_default=True, help="Write the studies' pages too, and link them."
)
def board(results: tuple[Path, ...], output: Path, *, pages: bool) -> None:
    """One page over several studies and several people's results: who wins where, on which data set, at which cost.

    RESULTS are results folders, folders of studies, or published folders. Copies of a trial count once; unlike
    protocols and numerics are never in one comparison. Exit code 2 where anything is not what it says it is, a file
    that was changed for example, which is named.
    """
    from genbench.cli import layout
    from genbench.report.board import page, sources

    found = page.of(sources.found(results))
    rows = [
        [one.dataset, one.metric, one.answer, str(len(one.rows))]
        for one in found.comparisons
        if len(one.rows) > 1 and not one.smoke
    ]
    if rows:
        terminal_console().print(layout.table(rows, ["data set", "metric", "answer", "methods"], left=3, keys=2))
    for line in found.notes:
        say(f"note: {line}", stderr=True)
    written = page.write(found, output, pages=pages)
    for line in written.problems:
        say(f"warning: {line}", stderr=True)
    click.echo(shown.plain(f"written   {written.page}"))
