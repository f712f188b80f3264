"""The command line; the only module that prints or exits. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

import click

from genbench.arguments import Commands, Names, Seeds
from genbench.errors import GenbenchError

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.console import Console

    from genbench.study import Study

EXAMPLES = """\b
genbench run                                        every installed method on the ring
genbench run --methods gram,mmdgan/fsr --seeds 0,1,2
genbench run --methods gram gram.lr=1e-3,1e-4 train.images=600000
"""


RESULTS = click.option("--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True, help="Folder of all results.")

CHECKPOINT = click.option(
    "--checkpoint", "which", type=click.Choice(["last", "best"]), default="last", show_default=True, help="The last one, or the best during training."
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="genbench")
def cli() -> None:
    """Compare ways to train a generator: fairly, reproducibly, fast."""


@cli.command(epilog=EXAMPLES)
@click.option("--methods", type=Names(), default=[], help="Methods, as method or method/variant.  [default: every installed one]")
@click.option("--dataset", "datasets", type=Names(), default="ring", show_default=True, help="Data set, or several.")
@click.option("--seeds", type=Seeds(), default="0", show_default=True, help="Training seeds.")
@click.option("--study", help="Name of the study.  [default: DATASET-comparison]")
@RESULTS
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder with the data.  [default: $GENBENCH_DATA, or the cache folder]")
@click.option("--slots", type=click.IntRange(min=1), help="Trials at once.  [default: one per GPU, or per core]")
@click.option("--observers", type=Names(), default="mlflow", show_default=True, help="Who is told: mlflow, tensorboard, or none.")
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@click.argument("overrides", nargs=-1)
def run(
    methods: list[str],
    datasets: list[str],
    seeds: list[int],
    study: str | None,
    results: Path,
    data_root: Path | None,
    slots: int | None,
    observers: list[str],
    dry_run: bool,
    overrides: tuple[str, ...],
) -> None:
    """Run a study: each method on the same data order, the same architecture and the same initial weights.

    OVERRIDES are settings, key=value: train.batch=100 reaches every trial, gram.lr=1e-4 only gram's; several values
    (gram.lr=1e-4,5e-5) make a sweep. The same command again goes on where the last one was broken off.
    """
    from genbench import composition, plugins, sweep, terminal
    from genbench import study as studies
    from genbench.engines.choice import choose

    watching = [] if observers == ["none"] else observers
    for name in watching:
        plugins.load("observers", name)
    words: list[str | composition.Override] = [*overrides]
    if data_root is not None:
        words.append(composition.Override("data.root", (str(data_root.absolute()),)))
    planned = studies.plan_study(methods, datasets, seeds, words, name=study, results=results)
    if dry_run:
        lines, drawn = terminal.plan(planned)
        console = _console()
        for line in lines:
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        console.print(drawn)
        return
    done = sum(planned.is_done(trial) for trial in planned.trials)
    if done:
        click.echo(f"{done} of {len(planned.trials)} trials are done already", err=True)
    errors = _console(stderr=True)
    display = (terminal.Bars if errors.is_terminal else terminal.Lines)(errors, len(planned.trials) - done)
    with display:
        problems = sweep.run_study(planned, choose("local", planned.trials, slots=slots), observers=watching, display=display)
    for problem in problems:
        click.echo(f"warning: {problem}", err=True)
    sys.exit(_conclude(planned, mlflow="mlflow" in watching))


def _conclude(study: Study, *, mlflow: bool) -> int:
    """Print the table, the paths and what failed; return the exit code."""
    from genbench import record

    records = [row for trial in study.trials if (row := study.record_of(trial))]
    _print_table(record.frame(records))
    click.echo(f"\nresults   {study.directory}")
    click.echo(f"again     genbench report {study.name}{_results_option(study.results)}")
    if mlflow:
        from genbench.observers.mlflow import links

        click.echo(f"MLflow    genbench ui{_results_option(study.results)}, then")
        for link in links(study.results, study.name, "http://127.0.0.1:5000"):
            click.echo(f"          {link}")
    failed = [row for row in records if row.status == "failed"]
    for row in failed:
        click.echo(f"failed: {row.label} on {row.dataset}, seed {row.seed}: {row.error} (see {study.directory / 'trials' / row.trial / 'log.txt'})", err=True)
    return 1 if failed else 0


@cli.command("list")
@click.argument("kinds", nargs=-1, type=click.Choice(["methods", "datasets", "architectures", "metrics", "extractors", "observers"]))
def list_(kinds: tuple[str, ...]) -> None:
    """List what is installed: methods with their variants, data sets, architectures, metrics."""
    from genbench import plugins

    for kind in kinds or plugins.KINDS:
        entries = plugins.installed(kind)  # type: ignore[arg-type]
        click.echo(f"{kind}:")
        width = max((len(entry.name) for entry in entries), default=0)
        for entry in entries:
            variants = f"  variants: {', '.join(entry.variants)}" if entry.variants else ""
            problem = f"  BROKEN: {entry.problem}" if entry.problem else ""
            click.echo(f"  {entry.name:<{width}}  {entry.origin}{variants}{problem}")
        if not entries:
            click.echo("  none is installed")


@cli.command()
@click.argument("method")
def show(method: str) -> None:
    """Show a method: its settings with defaults, meanings and sources, its presets and variants."""
    from genbench import plugins, terminal
    from genbench.settings import Cited, describe

    plugin = plugins.load("methods", method)
    console = _console()
    click.echo(f"{plugin.name}: {plugin.paper}\n")
    rows = [[f"{plugin.name}.{name}", terminal.literal(default), meaning, source] for name, default, meaning, source in describe(plugin.config)]
    console.print(terminal.table(rows, ["setting", "default", "meaning", "source"], left=4))
    for title, layers in (("preset", plugin.presets), ("variant", plugin.variants)):
        for name, values in layers.items():
            label = f"{plugin.name}/{name}" if title == "variant" else name
            click.echo(f"\n{title} {label}")
            if not values:
                click.echo("  the defaults")
                continue
            cited = [(key, value if isinstance(value, Cited) else Cited(value, "")) for key, value in values.items()]
            console.print(
                terminal.table([[f"  {key}", terminal.literal(value.value), value.source] for key, value in cited], ["  setting", "value", "source"], left=3)
            )


@cli.command()
@click.argument("method")
def check(method: str) -> None:
    """Check that a method keeps every clause of the contract; exit code 1 when one is broken."""
    from genbench import plugins, testing

    findings = {finding.name: finding for finding in testing.check(plugins.load("methods", method))}
    for name in testing.CHECKS:
        click.echo(f"FAIL  {name}: {findings[name].problem}" if name in findings else f"ok    {name}: {testing.clause(name)}")
    sys.exit(1 if findings else 0)


@cli.command()
@click.argument("directory", type=click.Path(path_type=Path))
def trial(directory: Path) -> None:
    """Run one trial's folder to its end; at once if it is done. Every engine starts trials by this."""
    if not (directory / "trial.json").exists():
        raise GenbenchError(f"{directory} is no trial's folder: it holds no trial.json (they are in RESULTS/STUDY/trials)")
    from genbench import record, worker

    code = worker.run_trial(directory)
    row = record.read(directory)
    assert row is not None
    click.echo(f"{row.label} on {row.dataset}, seed {row.seed}: {row.status}{': ' + row.error if row.error else ''}")
    sys.exit(code)


@cli.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("-n", "count", type=click.IntRange(min=1), default=64, show_default=True, help="Number of samples.")
@click.option("-o", "output", type=click.Path(path_type=Path), default=Path("grid.png"), show_default=True, help="A .png, an .npz, or a new folder.")
@CHECKPOINT
def sample(directory: Path, count: int, output: Path, which: Literal["last", "best"]) -> None:
    """Draw samples from a trial's generator: into one picture, an array file, or a folder of pictures."""
    from genbench.export import check_target, export
    from genbench.generator import Generator

    check_target(output)
    generator = Generator.load(directory, which)
    export(generator.sample(count), generator.splits, output)
    click.echo(f"{count} samples after {generator.updates:,} updates: {output}")


@cli.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--metrics", type=Names(), default=[], help="Metrics.  [default: the trial's own]")
@click.option("--samples", type=click.IntRange(min=2), help="Number of samples.  [default: the trial's own]")
@CHECKPOINT
@click.argument("overrides", nargs=-1)
def evaluate(directory: Path, metrics: list[str], samples: int | None, which: Literal["last", "best"], overrides: tuple[str, ...]) -> None:
    """Score finished trials again, without training: a trial's folder, a study's, or a results folder.

    The numbers are added to the records; those that were made in another way than the ones there stand beside them.
    OVERRIDES are settings of the evaluation: features=inception-v3-compat, evaluate.split=train, evaluate.seed=1.
    """
    from genbench import record, rescore
    from genbench.composition import Override

    words: list[str | Override] = [*overrides]
    words += [Override("evaluate.metrics", (metrics,))] if metrics else []
    words += [Override("evaluate.samples", (samples,))] if samples else []
    directories, others = rescore.finished(directory)
    changed = [(folder, rescore.changed(folder, words)) for folder in directories]
    for line in others:
        click.echo(f"note: {line}", err=True)
    records = []
    for number, (folder, trial_) in enumerate(changed, 1):
        records.append(rescore.rescore(folder, trial_, which))
        click.echo(f"{trial_.label} on {trial_.dataset}, seed {trial_.seed}: scored [{number} of {len(changed)}]", err=True)
    _print_table(record.frame(records))


@cli.command()
@click.argument("study")
@RESULTS
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Also write the table here, numbers in full.")
def report(study: str, results: Path, csv_file: Path | None) -> None:
    """Print a study's table again, from the records of its trials."""
    from genbench import record
    from genbench.errors import UnknownNameError
    from genbench.report import tables

    if not (results / study / "trials").is_dir() or Path(study).name != study:
        known = sorted(path.parent.name for path in results.glob("*/trials"))
        raise UnknownNameError("study", study, known, f"looked in {results}")
    records = record.load(results / study)
    _print_table(records)
    if csv_file is not None:
        try:
            csv_file.write_text(tables.csv(tables.summarize(records)))
        except OSError as error:
            raise GenbenchError(f"{csv_file} cannot be written: {error.strerror}") from error
        click.echo(f"\nwritten   {csv_file}")


@cli.command()
@click.argument("results", type=click.Path(path_type=Path), default=Path("results"))
@click.option("--observers", type=Names(), default="mlflow", show_default=True, help="Who is told.")
def sync(results: Path, observers: list[str]) -> None:
    """Fill MLflow from the files of all trials again; it can be deleted and rebuilt at any time."""
    from genbench.observers import replay

    if not results.is_dir():
        raise GenbenchError(f"there is no results folder {results}")
    click.echo(f"{replay.sync(results, observers)} trials replayed into {', '.join(observers)}")


@cli.command()
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


def _print_table(records: DataFrame) -> None:
    """Print the table of some records, and below it what a reader of it must know."""
    from genbench import terminal
    from genbench.report import tables

    _console().print(terminal.frame(tables.formatted(tables.summarize(records))))
    for note in tables.notes(records):
        click.echo(f"note: {note}")


def _console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal; in a pipe as wide as its lines, so that nothing is cut."""
    from rich.console import Console

    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=400)


def _results_option(results: Path) -> str:
    return "" if results == Path("results").absolute() else f" --results {results}"


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


if __name__ == "__main__":
    main()
