"""`run` and `trial`: starting trials."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from genbench.cli import completion
from genbench.cli.completion import listed, run_studies
from genbench.cli.conclusion import conclude
from genbench.cli.options import RESULTS, say, terminal_console
from genbench.cli.parameters import Names, Place, Seeds
from genbench.cli.supervision import Supervision
from genbench.engines.choice import ENGINES
from genbench.errors import GenbenchError

if TYPE_CHECKING:
    from genbench.study.file import StudyFile
    from genbench.study.plan import Study

EXAMPLES = """\b
genbench run                                        every installed method on the ring
genbench run --methods gram,mmdgan/fsr --seeds 0,1,2
genbench run --study rates --methods gram gram.lr=1e-3,1e-4 train.images=600000
genbench run figure2                                a study of the paper's (genbench list studies)
genbench run figure2 --smoke                        its small size, within a minute
genbench run figure2 --methods gram net.latent=2    a part of it
"""


@click.command(epilog=EXAMPLES)
@click.option(
    "--methods",
    type=Names(),
    default=[],
    shell_complete=listed("methods"),
    help="Methods, as method or method/variant.  [default: the study's; every installed one]",
)
@click.option(
    "--dataset",
    "datasets",
    type=Names(),
    default=[],
    shell_complete=listed("datasets"),
    help="Data set, or several.  [default: the study's; ring]",
)
@click.option("--seeds", type=Seeds(), default=[], help="Training seeds.  [default: the study's; 0]")
@click.option("--study-file", help="YAML file of the study, as benchmarks/figure2.yaml.")
@click.option("--smoke", is_flag=True, help="Run the small size of the study's file.")
@click.option(
    "--study",
    shell_complete=run_studies,
    help="Name of the study's folder.  [default: that of its file; DATASET-comparison]",
)
@RESULTS
@click.option("--data-root", type=Place(), help="Folder with the data.  [default: $GENBENCH_DATA, or the cache folder]")
@click.option("--engine", type=click.Choice(ENGINES), default="local", show_default=True, help="Where the trials run.")
@click.option(
    "--slots",
    type=click.IntRange(min=1),
    help="Trials at once.  [default: one per GPU or core; on a cluster its own limits]",
)
@click.option(
    "--ray-address", help="Of a running Ray cluster, for --engine ray.  [default: one is started on this machine]"
)
@click.option(
    "--keep-old",
    is_flag=True,
    help="Keep trials that were made under older numerics; the others are compared without them.",
)
@click.option(
    "--mix-settings",
    is_flag=True,
    help="Keep trials of other settings in one study and compare them as conditions; without it a study whose settings"
    " change is refused.",
)
@click.option("--only", type=click.Choice(["failed"]), help="Run only the trials that have failed.")
@click.option(
    "--observers",
    type=Names(),
    default="mlflow",
    show_default=True,
    shell_complete=listed("observers"),
    help="Trackers: mlflow, tensorboard, or none.",
)
@click.option(
    "--until-decided", is_flag=True, help="Add seeds until the study is answered; what is decided gets no more."
)
@click.option("--max-seeds", type=click.IntRange(min=3), help="Of a method, for --until-decided.  [default: 12]")
@click.option(
    "--max-hours",
    type=click.FloatRange(min=0, min_open=True),
    help="After which --until-decided starts no more seeds.  [default: none]",
)
@click.option(
    "--estimate",
    is_flag=True,
    help="Say how long it takes, in a pipe or a dry run too; in a terminal it is said anyway.",
)
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@click.argument("overrides", nargs=-1, metavar="[STUDY] [OVERRIDES]...", shell_complete=completion.overrides)
@click.pass_obj
def run(
    words: list[str],
    methods: list[str],
    datasets: list[str],
    seeds: list[int],
    study_file: str | None,
    smoke: bool,
    study: str | None,
    results: Path,
    data_root: Path | None,
    engine: str,
    slots: int | None,
    ray_address: str | None,
    keep_old: bool,
    mix_settings: bool,
    only: str | None,
    observers: list[str],
    until_decided: bool,
    max_seeds: int | None,
    max_hours: float | None,
    estimate: bool,
    dry_run: bool,
    overrides: tuple[str, ...],
) -> None:
    """Run a study: each method on the same data order, the same architecture and the same initial weights.

    STUDY is a study's name (genbench list studies); what else is given overrides its file. OVERRIDES are
    settings, key=value: train.batch=100 reaches every trial, gram.lr=1e-4 only gram's; several values
    (gram.lr=1e-4,5e-5) make a sweep. The same command again goes on where the last one stopped.
    """
    from genbench.cli import display as terminal
    from genbench.config import compose
    from genbench.contract import registry
    from genbench.study import mixing
    from genbench.study.plan import asked, name_of, plan
    from genbench.study.preflight import cautions

    watching = [] if observers == ["none"] else observers
    for name in watching:
        registry.load("observers", name)
    file, settings = _study_file(study_file, overrides)
    given: list[str | compose.Override] = [*settings]
    if data_root is not None:
        given.append(compose.Override("data.root", (str(data_root.absolute()),)))
    changes = asked(methods, datasets, seeds, given)
    if until_decided:
        from genbench.study import until

        folder = results / (study or name_of(file, changes, smoke=smoke))
        changes = replace(changes, seeds=until.seeds(folder, seeds, most=max_seeds, only=only))
    elif max_seeds or max_hours:
        raise GenbenchError("--max-seeds and --max-hours bound --until-decided; add it, or give --seeds")
    planned = plan(file, changes, name=study, results=results, smoke=smoke, dry=dry_run, keep_old=keep_old)
    if not mix_settings:
        mixing.check(planned, file.runs, changes.settings)
    whole = planned
    if only:
        planned = planned.only(only)
    for line in cautions(planned.trials) if engine == "local" else ():
        click.echo(f"warning: {line}", err=True)
    if dry_run:
        lines, drawn = terminal.plan(planned)
        console = terminal_console()
        for line in lines:
            say(line, indent=2)
        console.print(drawn)
        for line in planned.lacks:
            say(f"missing: {line}", stderr=True)
        if estimate:
            _estimate(planned, slots)
        return
    for line in planned.older:
        say(line, stderr=True)
    supervision = Supervision(
        engine=engine,
        slots=slots,
        ray_address=ray_address,
        observers=watching,
        command=shlex.join(["genbench", *words]),
        estimated=estimate,
    )
    answer: tuple[str, ...] = ()
    if until_decided:
        standing = supervision.run_until_decided(until.begin(planned), max_hours)
        answer = until.summary(standing)
        whole = planned.only_of(standing.used + standing.waiting)
    else:
        supervision.run(planned)
    outcome = supervision.outcome
    code = conclude(whole, outcome, mlflow="mlflow" in watching and not outcome.problems)
    for line in answer:
        say(line)
    sys.exit(1 if supervision.unscored else code)


def _study_file(path: str | None, words: tuple[str, ...]) -> tuple[StudyFile, tuple[str, ...]]:
    """The study that is named by a file or by the first word, if any is, and the settings among the words."""
    from genbench.study import catalogue
    from genbench.study.file import EVERYTHING

    name = words[0] if words and "=" not in words[0] else ""
    if path and name:
        raise GenbenchError(f"'{name}' and --study-file {path} each name a study; name one")
    if path and not path.endswith(catalogue.SUFFIXES):
        raise GenbenchError(
            f"--study-file {path} is no {' or '.join(catalogue.SUFFIXES)} file; a study's name is given without it:"
            f" genbench run {path}"
        )
    file = catalogue.find(path or name) if path or name else EVERYTHING
    return file, words[1:] if name else words


def _estimate(study: Study, slots: int | None) -> None:
    """Say how long the trials of a plan take that are not done, as the records of others have it."""
    from genbench.cli.time_left import tell
    from genbench.engines.choice import choose
    from genbench.study.estimate import earlier

    todo = [trial for trial in study.trials if not study.is_done(trial)]
    say(tell(todo, choose("local", todo, slots=slots).slots, earlier(study, todo)) if todo else "every trial is done")


@click.command()
@click.argument("directory", type=Place())
def trial(directory: Path) -> None:
    """Run one trial's folder to its end; at once if it is done. Every engine starts trials by this."""
    if not (directory / "trial.json").exists():
        raise GenbenchError(
            f"{directory} is no trial's folder: it holds no trial.json (they are in RESULTS/STUDY/trials)"
        )
    from genbench.training import signals, worker
    from genbench.trial import record

    code = worker.run_trial(directory)
    signals.stop_listening()
    if row := record.read(directory):
        say(f"{row.label} on {row.dataset}, seed {row.seed}: {row.status}{': ' + row.error if row.error else ''}")
    else:
        say(f"{directory.name}: one of its ranks was killed; the same command goes on from its checkpoint")
    sys.exit(code)
