"""`list` and `show`: what is installed."""

from __future__ import annotations

import click

from genbench.cli.options import terminal_console

STARTS = {"generator": "the study's generator", "field": "the study's field", "own": "a network of its own"}
LATENTS = {
    "prior": "the study's prior",
    "data": "normal numbers in the data's shape",
    "both": "the study's prior, and normal numbers in the data's shape",
}
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
            for name, title in catalogue.listed() or [("none is here", "")]:
                click.echo(f"  {name:<12}  {title}".rstrip())
            continue
        entries = registry.installed(kind)  # type: ignore[arg-type]
        click.echo(f"{kind}:")
        width = max((len(entry.name) for entry in entries), default=0)
        for entry in entries:
            variants = f"  variants: {', '.join(entry.variants)}" if entry.variants else ""
            problem = f"  BROKEN: {entry.problem}" if entry.problem else ""
            click.echo(f"  {entry.name:<{width}}  {entry.origin}{variants}{problem}")
        if not entries:
            click.echo("  none is installed")


@click.command()
@click.argument("method", required=False)
@click.option("--environment", is_flag=True, help="What a bug report needs of this machine, instead of a method.")
def show(method: str | None, environment: bool) -> None:
    """Show a method: its settings with defaults, meanings and sources, its presets and variants."""
    if (method is not None) == environment:
        raise click.UsageError("show needs one of the two: the name of a method, or --environment")
    if method is None:
        from genbench.cli.environment import lines

        for line in lines():
            click.echo(line)
    else:
        _show_method(method)


def _show_method(method: str) -> None:
    from genbench.cli import display
    from genbench.config.field import Cited, describe
    from genbench.contract import registry

    plugin = registry.load("methods", method)
    console = terminal_console()
    click.echo(f"{plugin.name}: {plugin.paper}")
    if (plugin.trainer.start, plugin.trainer.latent) != ("generator", "prior"):
        origin, latents = STARTS[plugin.trainer.start], LATENTS[plugin.trainer.latent]
        click.echo(f"samples come from: {origin}; latents: {latents}")
    click.echo()
    rows = [
        [f"{plugin.name}.{name}", display.literal(default), meaning, source]
        for name, default, meaning, source in describe(plugin.config)
    ]
    console.print(display.table(rows, ["setting", "default", "meaning", "source"], left=4))
    for title, layers in (("preset", plugin.presets), ("variant", plugin.variants)):
        for name, values in layers.items():
            label = f"{plugin.name}/{name}" if title == "variant" else name
            click.echo(f"\n{title} {label}")
            if not values:
                click.echo("  the defaults")
                continue
            cited = [(key, value if isinstance(value, Cited) else Cited(value, "")) for key, value in values.items()]
            console.print(
                display.table(
                    [[f"  {key}", display.literal(value.value), value.source] for key, value in cited],
                    ["  setting", "value", "source"],
                    left=3,
                )
            )
