"""`list` and `show`: what is installed."""

from __future__ import annotations

import click

from genbench.cli import described
from genbench.cli.completion import anything
from genbench.cli.options import say

KINDS = ("methods", "datasets", "architectures", "metrics", "extractors", "observers")


@click.command("list")
@click.argument("kinds", nargs=-1, type=click.Choice([*KINDS, "studies"]))
def list_(kinds: tuple[str, ...]) -> None:
    """List what is installed: methods with their variants, data sets, architectures, metrics, studies."""
    from genbench.contract import registry
    from genbench.study import catalogue

    for kind in kinds or (*KINDS, "studies"):
        if kind == "studies":
            click.echo("studies:")
            found = catalogue.listed() or [("none is here", "")]
            width = max(len(name) for name, _ in found)
            for name, title in found:
                say(f"  {name:<{width}}  {title}".rstrip(), indent=width + 4)
            continue
        entries = registry.installed(kind)  # type: ignore[arg-type]
        click.echo(f"{kind}:")
        width = max((len(entry.name) for entry in entries), default=0)
        for entry in entries:
            variants = f"  variants: {', '.join(entry.variants)}" if entry.variants else ""
            problem = f"  BROKEN: {entry.problem}" if entry.problem else ""
            say(f"  {entry.name:<{width}}  {entry.origin}{variants}{problem}", indent=width + 4)
        if not entries:
            click.echo("  none is installed")


@click.command()
@click.argument("name", required=False, shell_complete=anything)
@click.option("--environment", is_flag=True, help="What a bug report needs of this machine, instead of a name.")
def show(name: str | None, environment: bool) -> None:
    """Show what has a name: of a method the settings with defaults, meanings and sources, presets and variants; of a
    data set, an architecture, a metric or an extractor what it is; of a study its question, claims and runs.
    """
    if (name is not None) == environment:
        raise click.UsageError("show needs one of the two: the name of a method or of anything else, or --environment")
    if name is None:
        from genbench.cli.environment import lines

        for line in lines():
            say(line, indent=2)
    else:
        described.show(name)
