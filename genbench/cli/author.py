"""`new` and `check`: for who writes a method."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import click

from genbench.cli.completion import one_of
from genbench.cli.options import say

LEFT_OUT = ("process", "ranks")
"""The clauses that start other Pythons, which takes longer than all the rest: not while one edits."""


@click.command()
@click.argument("name")
def new(name: str) -> None:
    """Make the package of a new method, genbench-NAME, in this folder: it is installed, checked and run as it is."""
    from genbench.testing import package

    folder = package.write(name, Path())
    for path in package.files_of(name):
        click.echo(folder / path)
    click.echo(f"next: python -m pip install -e {folder} && genbench check {name}")


@click.command()
@click.argument("method", shell_complete=one_of("methods"))
@click.option("--only", multiple=True, metavar="CLAUSE", help="Check this clause alone; give it again for more.")
@click.option("--device", default="cpu", show_default=True, help="Where the networks are; ranks meet on the CPU.")
@click.option(
    "--precision",
    type=click.Choice(["fp32", "bf16", "fp64"]),
    default="fp32",
    show_default=True,
    help="Of the networks, as train.precision.",
)
@click.option("--learn", is_flag=True, help="Train on a ring for up to a minute too: samples must come nearer to it.")
@click.option("--watch", is_flag=True, help="Check again when the method's file changes, without process and ranks.")
def check(method: str, only: tuple[str, ...], device: str, precision: str, learn: bool, watch: bool) -> None:
    """Check that a method keeps every clause of the contract; exit code 1 when one is broken."""
    from genbench import testing
    from genbench.contract import registry
    from genbench.errors import UnknownNameError
    from genbench.testing.place import Place
    from genbench.training.arithmetic import pick_device

    for name in only:
        if name not in testing.CHECKS:
            raise UnknownNameError("clause", name, testing.CHECKS)
    place = Place(device=pick_device(device), precision=precision)
    names = only or tuple(name for name in testing.CHECKS if not watch or name not in LEFT_OUT)
    if not watch:
        sys.exit(_checked(method, names, place, learn=learn))
    entries = [entry for entry in registry.installed("methods") if entry.name == method]
    found = find_spec(entries[0].module) if entries else None
    if found is None or found.origin is None:
        registry.load("methods", method)  # says why it cannot be
    else:
        _again_and_again(Path(found.origin), lambda: _checked(method, names, place, learn=learn))


def _checked(method: str, names: tuple[str, ...], place: object, *, learn: bool) -> int:
    """Print a line for each clause as soon as it is known; the exit code."""
    from genbench import testing
    from genbench.contract import registry
    from genbench.testing.learn import learn as short_training
    from genbench.testing.place import Place, at

    plugin, broken = registry.load("methods", method), False
    assert isinstance(place, Place)
    with at(place):
        for name in names:
            finding = testing.examined(plugin, name)
            broken = broken or finding is not None
            say(f"FAIL  {name}: {finding}" if finding else f"ok    {name}: {testing.clause(name)}", indent=6)
        if learn:
            learning = short_training(plugin)
            broken = broken or not learning.learnt
            say(
                f"ok    learn: {learning}" if learning.learnt else f"FAIL  learn: {learning}; {learning.ADVICE}",
                indent=6,
            )
    return int(broken)


def _again_and_again(source: Path, examine: Callable[[], int], wait: Callable[[float], None] = time.sleep) -> None:
    """Examine in a forked process, which has torch loaded, now and after each change of a file, until interrupted."""
    import torch._dynamo  # noqa: F401 - torch imports it, for seconds, when the first optimizer is made

    seen = 0
    while True:
        changed = source.stat().st_mtime_ns if source.exists() else seen
        if changed != seen:
            seen = changed
            sys.stdout.flush()
            if (child := os.fork()) == 0:
                os._exit(_code(examine))
            os.waitpid(child, 0)
            click.echo(f"-- again when {source.name} changes; Ctrl-C ends")
        wait(0.2)


def _code(examine: Callable[[], int]) -> int:
    """The exit code of a forked process, which says what is wrong with the file and leaves the next look to its
    parent.
    """
    from genbench.errors import GenbenchError

    try:
        return examine()
    except GenbenchError as error:
        click.echo(f"genbench: {error}", err=True)
        return 2
    finally:
        sys.stdout.flush()
