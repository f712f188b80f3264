"""What a study answers, as a terminal shows it: whether its claims hold, or who leads where it claims nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from genbench.cli.options import say, terminal_console, wrapped
from genbench.errors import GenbenchError

if TYPE_CHECKING:
    from pandas import DataFrame

    from genbench.report.claims.judge import Judged
    from genbench.report.table import Table

HELD, REFUTED, UNDECIDED = 0, 3, 4
"""Exit codes of `report --claims`: every claim is held, one is refuted, none is refuted and one is undecided."""
INDENT = 12
STYLES = {"held": "green", "refuted": "red"}


def print_answer(claims: Sequence[Judged], ranked: Table | None) -> None:
    """Print the claims with what was seen, or the ranking where there are none; nothing where there is neither."""
    from rich.text import Text

    from genbench.report.claims import told

    console = terminal_console()
    if claims:
        click.echo()
        say(f"Claims: {told.counts(claims)}")
    for one in claims:
        first, *others = wrapped(f"{one.word:<{INDENT}}{one.claim}", console, indent=INDENT)
        console.print(Text.assemble((first[:INDENT], STYLES.get(one.word, "")), first[INDENT:]), soft_wrap=True)
        for line in (*others, *(wrapped(" " * INDENT + one.sentence, console) if one.sentence else ())):
            console.print(Text(line), soft_wrap=True)
    if claims and (promised := told.promise(claims)):
        say(promised, style="dim")
    if not claims and ranked is not None:
        _print_ranking(ranked)


def of_study(folder: Path, records: DataFrame) -> tuple[Sequence[Judged], Table | None]:
    """The claims of a study's folder, judged by records of its trials, and the ranking of these."""
    from genbench.report import contents, looked, ranking
    from genbench.trial import about

    said = about.read(folder)
    claims = contents.claimed(folder, said, records)
    found = looked.verdicts(contents.standing(folder, said, records), records)
    return claims, None if claims else ranking.table(ranking.rankings(records, found))


def print_claims(claims: Sequence[Judged], formats: Sequence[str]) -> int:
    """Print the claims for a script, a line each, or as JSON or CSV; return the exit code that says how they stand.

    Raises GenbenchError for another format, and where no claim can be judged.
    """
    from genbench.report.claims import told

    if formats not in ([], ["json"], ["csv"]):
        raise GenbenchError(
            f"--claims --format {','.join(formats)}: claims are printed as json or csv, or without --format as lines"
        )
    words = [one.word for one in claims]
    if not set(words) - {"not judged"}:
        raise GenbenchError(
            "the study has no claim that can be judged: its file has none, or sentences alone"
            " (docs/reference/study-files.md)"
        )
    if formats == ["json"]:
        click.echo(told.as_json(claims))
    elif formats == ["csv"]:
        click.echo(told.frame(claims).to_csv(index=False), nl=False)
    else:
        for one in claims:
            say(one.line, indent=2)
    return REFUTED if "refuted" in words else UNDECIDED if "undecided" in words else HELD


def _print_ranking(ranked: Table) -> None:
    from genbench.cli import layout

    click.echo()
    say(ranked.title)
    rows = [[str(cell) for cell in row] for row in ranked.shown.itertuples(index=False)]
    columns = list(ranked.shown.columns)
    keys = columns.index("method") + 1
    terminal_console().print(layout.table(rows, columns, left=len(columns), keys=keys))
    say(ranked.caption, style="dim")
