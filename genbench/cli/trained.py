"""`sample` and `evaluate`: what one does with trained generators."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from genbench.cli.completion import listed
from genbench.cli.options import CHECKPOINT, print_table, say
from genbench.cli.parameters import Names, Place
from genbench.errors import GenbenchError


@click.command()
@click.argument("directory", type=Place())
@click.option("-n", "count", type=click.IntRange(min=1), default=64, show_default=True, help="Number of samples.")
@click.option(
    "-o", "output", type=Place(), default=Path("grid.png"), show_default=True, help="A .png, an .npz, or a new folder."
)
@CHECKPOINT
def sample(directory: Path, count: int, output: Path, which: Literal["last", "best"]) -> None:
    """Draw samples from a trial's generator: into one picture, an array file, or a folder of pictures."""
    from genbench.data.export import check_target, export
    from genbench.training.generator import Generator

    check_target(output)
    generator = Generator.load(directory, which)
    export(generator.sample(count), generator.splits, output)
    click.echo(f"{count} samples after {generator.updates:,} updates: {output}")


@click.command()
@click.argument("directory", type=Place())
@click.option(
    "--metrics", type=Names(), default=[], shell_complete=listed("metrics"), help="Metrics.  [default: the trial's own]"
)
@click.option("--samples", type=click.IntRange(min=2), help="Number of samples.  [default: the trial's own]")
@CHECKPOINT
@click.argument("overrides", nargs=-1)
def evaluate(
    directory: Path, metrics: list[str], samples: int | None, which: Literal["last", "best"], overrides: tuple[str, ...]
) -> None:
    """Score finished trials again, without training: a trial's folder, a study's, or a results folder.

    The numbers are added to the records; those under another protocol than the ones there stand beside them. Exit code
    1 when some of several trials could not be scored.
    OVERRIDES are settings of the evaluation: features=inception-v3-compat, evaluate.split=train, evaluate.seed=1.
    """
    from genbench.cli.progress import place
    from genbench.config.compose import Override
    from genbench.training import rescore
    from genbench.trial import collected, difference

    words: list[str | Override] = [*overrides]
    words += [Override("evaluate.metrics", (metrics,))] if metrics else []
    words += [Override("evaluate.samples", (samples,))] if samples else []
    directories, others = rescore.finished(directory)
    changed = [(folder, rescore.changed(folder, words)) for folder in directories]
    for line in others:
        say(f"note: {line}", stderr=True)
    names = difference.names([trial_ for _, trial_ in changed])
    records, problems = [], {}
    for number, (folder, trial_) in enumerate(changed, 1):
        name = place(trial_, names)
        try:
            records.append(rescore.rescore(folder, trial_, which))
        except GenbenchError as error:  # of this trial alone, unless no other one can be scored either
            problems[name] = error
        else:
            say(f"{name}: scored [{number} of {len(changed)}]", stderr=True)
    if not records:
        raise next(iter(problems.values()))
    print_table(collected.frame(records))
    for name, problem in problems.items():
        say(f"failed: {name}: {problem}", stderr=True)
    if problems:
        sys.exit(1)
