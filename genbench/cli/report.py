"""`report` and `compare`: what came out."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from genbench.cli.completion import run_studies
from genbench.cli.options import RESULTS, end, print_table, say, study_folder, terminal_console
from genbench.cli.parameters import Names, Place
from genbench.errors import GenbenchError, UnknownNameError, shown

if TYPE_CHECKING:
    from genbench.report.claims.judge import Judged
    from genbench.report.compare import Side
    from genbench.report.contents import Report


@click.command()
@click.argument("study", shell_complete=run_studies)
@RESULTS
@click.option(
    "--format",
    "formats",
    type=Names(),
    help="html, md, csv, latex, pdf (needs genbench[pdf] or a Chromium), or several; of --claims json or csv."
    "  [default: html]",
)
@click.option("-o", "--output", type=Place(), help="Folder to write into.  [default: RESULTS/STUDY/report]")
@click.option("--csv", "csv_file", type=Place(), help="Also write the table of scores here, numbers in full.")
@click.option("--claims", is_flag=True, help="Print whether the study's claims hold, a line each, and nothing else.")
def report(
    study: str, results: Path, formats: list[str] | None, output: Path | None, csv_file: Path | None, claims: bool
) -> None:
    """Print a study's table, its verdicts and whether its claims hold, and write its report: by default one HTML page
    that needs no network.

    Everything comes from the files of the study's trials. Exit code 1 when a damaged file had to be left out, or a
    figure could not be drawn; the report says so in its place. With --claims the exit code is 0 when all are held, 3
    when one is refuted, 4 when none is and one is undecided.
    """
    from genbench.cli.answer import print_answer
    from genbench.report import contents
    from genbench.report.formats import formats as files
    from genbench.report.tables import lottery, summary
    from genbench.trial.lock import check_inside

    folder = study_folder(study, results)
    if claims:
        _claims(folder, formats or [], output or csv_file)
    formats = formats or ["html"]
    files.check(formats)
    found = contents.of(folder)
    print_table(lottery.own(found.records))
    for line in found.unended:
        say(f"note: {line}")
    _print_verdicts(found)
    print_answer(found.claims, found.ranked)
    if output is None:
        check_inside(folder / "report", folder)
    written = files.write(found, formats, output or folder / "report")
    if csv_file is not None:
        try:
            csv_file.write_text(summary.csv(summary.summarize(lottery.own(found.records))))
        except OSError as error:
            raise GenbenchError(f"{csv_file} cannot be written: {error.strerror}") from error
        written.files.append(csv_file)
    click.echo()
    for path in written.files:
        click.echo(shown.plain(f"written   {path}"))
    _tell_mlflow(found, results, written.files, output or folder / "report")
    end(found.damaged, written.problems)


@click.command()
@click.argument("a", shell_complete=run_studies)
@click.argument("b", shell_complete=run_studies)
@RESULTS
def compare(a: str, b: str, results: Path) -> None:
    """Put two studies, trials or methods beside each other: what is the same, what differs, who is better where they
    may be compared.

    A and B are each a study, STUDY:METHOD or STUDY:METHOD/VARIANT, or the folder of a study or of a trial. Numbers that
    were made under different protocols are never compared.
    """
    from genbench.cli import layout
    from genbench.report import compare as differences
    from genbench.report.stats import judgement
    from genbench.report.tables import scores

    (ours, damaged), (theirs, also_damaged) = _side("A", a, results), _side("B", b, results)
    found = differences.between(ours, theirs)
    console = terminal_console()
    different = [[field.group, field.name, field.a, field.b] for field in found.fields if not field.same]
    console.print(layout.table(different, ["differs", "", f"A: {a}", f"B: {b}"], left=4, keys=2))
    for group in dict.fromkeys(field.group for field in found.fields):
        same = [f"{field.name}={field.a}" for field in found.fields if field.group == group and field.same]
        if same:
            click.echo()
            say(f"the same {group}: {' '.join(same)}", indent=2)
    judged = scores.judged("verdicts", "", "", found.verdicts)
    if judged is not None:
        click.echo()
        shown = judged.shown
        left = [name not in judged.numbers for name in shown.columns].index(False)
        console.print(
            layout.table(
                [[str(cell) for cell in row] for row in shown.itertuples(index=False)],
                list(shown.columns),
                left=left,
                keys=left,
            )
        )
        click.echo()
        for one in found.verdicts:
            say(judgement.sentence(one), indent=2)
    for line in (*found.promise, *found.refused):
        say(f"note: {line}")
    end([*damaged, *also_damaged])


def _claims(folder: Path, formats: Sequence[str], asked: Path | None) -> NoReturn:
    """Print how the claims of a study stand, and end with the exit code that says so; asked: a place to write to."""
    from genbench.cli.answer import of_study, print_claims
    from genbench.report.tables import lottery
    from genbench.trial.collected import load_good

    if asked is not None:
        raise GenbenchError(f"--claims prints and writes no file: leave out {asked}, or redirect what it prints")
    records, damaged = load_good(folder)
    code = print_claims(of_study(folder, records if records.empty else lottery.own(records))[0], [*formats])
    end(damaged)
    sys.exit(code)


def _print_verdicts(found: Report) -> None:
    answer = [*found.overview, *found.promise]
    lines = [*answer, *([""] if answer else []), *(one.words for one in found.spoken)]
    if found.unspoken:
        lines.append(f"{found.unspoken} more are in the report")
    for line in ["", *lines]:
        say(line, indent=2)


def _tell_mlflow(found: Report, results: Path, written: Sequence[Path], folder: Path) -> None:
    """Put the report into the MLflow store, if the study has one; the report is there even if that fails."""
    from genbench.observers.replay import reason
    from genbench.observers.summary import add_report

    said = [*(one.line for one in found.claims), *found.overview, *found.promise]
    sentences = [*said, *(one.words for one in found.summary)]
    try:
        told = add_report(results, found.study, sentences, written, folder / "figures", claims=_tags(found.claims))
    except Exception as error:  # whatever a tracker raises: the report has been written
        say(f"warning: MLflow was not given the report: {reason(error)}", stderr=True)
        return
    if told:
        click.echo(f"MLflow    run '{found.study}: report'")


def _tags(claims: Sequence[Judged]) -> dict[str, str]:
    """How the claims stand, each under its number in the study's file."""
    return {str(number): one.line for number, one in enumerate(claims, start=1)}


def _side(name: str, word: str, results: Path) -> tuple[Side, list[str]]:
    """The trials that a word of the command line names, and a line for every damaged record among them."""
    from genbench.report.compare import Side
    from genbench.report.stats.contenders import labels
    from genbench.trial import collected

    path, study, method = Path(word), *word.partition(":")[::2]
    if os.path.exists(path / "trial.json") or os.path.isdir(
        path / "trials"
    ):  # which are false for a word that no path can be
        records, damaged = collected.load_good(path)
        return Side(name=name, records=records), damaged
    known = [folder.parent.name for folder in results.glob("*/trials")]
    if study not in known:
        raise UnknownNameError(
            "study", study, known, f"looked in {results}; STUDY, STUDY:METHOD or a folder of trials was expected"
        )
    records, damaged = collected.load_good(results / study)
    if method and not records.empty:
        chosen = records[labels(records) == method]
        if chosen.empty:
            raise UnknownNameError(f"method in study {study}", method, set(labels(records)))
        records = chosen
    return Side(name=name, records=records), damaged
