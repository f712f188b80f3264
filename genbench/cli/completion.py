"""Completion in the shell: the names of what is installed and of studies, settings; nothing is imported for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, get_completion_class

if TYPE_CHECKING:
    from genbench.contract.registry import Kind

Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]

WHERE = {
    "bash": 'eval "$(genbench completion bash)" in ~/.bashrc',
    "zsh": 'eval "$(genbench completion zsh)" in ~/.zshrc, after compinit',
    "fish": "genbench completion fish > ~/.config/fish/completions/genbench.fish",
}
"""How a shell is given what the command prints."""


@click.command()
@click.argument("shell", type=click.Choice(list(WHERE)))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands, methods, data sets, metrics, studies and settings.

    \b
    bash  eval "$(genbench completion bash)"    in ~/.bashrc
    zsh   eval "$(genbench completion zsh)"     in ~/.zshrc, after compinit
    fish  genbench completion fish > ~/.config/fish/completions/genbench.fish
    """
    found = get_completion_class(shell)
    assert found is not None  # click has these three
    group = context.find_root().command
    click.echo(f"# {WHERE[shell]}")
    click.echo(found(group, {}, "genbench", "_GENBENCH_COMPLETE").source())


def listed(kind: Kind) -> Completer:
    """Completes names of a kind, separated by commas; methods with their variants."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        before, comma, word = incomplete.rpartition(",")
        chosen = before.split(",")
        return [
            CompletionItem(f"{before}{comma}{name}")
            for name in _names(kind)
            if name.startswith(word) and name not in chosen
        ]

    return complete


def one_of(kind: Kind) -> Completer:
    """Completes one name of a kind."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from genbench.contract import registry

        return _items((entry.name for entry in registry.installed(kind)), incomplete)

    return complete


def anything(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes the name of anything that is installed, or of a study's file."""
    from genbench.contract import registry
    from genbench.study import catalogue

    names = [name for kind in registry.KINDS for name in _names(kind)]
    return _items([*names, *catalogue.names()], incomplete)


def run_studies(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes the studies of a results folder."""
    results = Path(context.params.get("results") or "results")
    return _items(sorted(path.parent.name for path in results.glob("*/trials")), incomplete)


def overrides(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes the words of a run: the name of a study's file as the first one, settings as `train.images=`."""
    from genbench.study import catalogue

    given = context.params.get("overrides") or ()
    studies = [] if given or context.params.get("study_file") else catalogue.names()
    if not incomplete:
        return _items(studies, incomplete)
    methods = [label.partition("/")[0] for label in context.params.get("methods") or ()]
    settings = [f"{name}=" for name in _settings(methods)]
    return _items([*studies, *settings], incomplete)


def _names(kind: Kind) -> list[str]:
    from genbench.contract import registry

    return [
        name
        for entry in registry.installed(kind)
        for name in (entry.name, *(f"{entry.name}/{variant}" for variant in entry.variants))
    ]


def _settings(methods: Iterable[str]) -> list[str]:
    """Every setting that a run could have, of these methods or of all."""
    from genbench.config import settings
    from genbench.contract import registry, source_text

    chosen = set(methods)
    shared = {**settings.SHARED, "data": settings.DataSettings, "net": settings.NetSettings}
    found = [f"{section}.{field.name}" for section, config in shared.items() for field in dataclasses.fields(config)]
    kinds: tuple[tuple[Kind, str], ...] = (("methods", ""), ("datasets", "data"), ("architectures", "net"))
    for kind, section in kinds:
        for entry in registry.installed(kind):
            if section or not chosen or entry.name in chosen:
                found += [f"{section or entry.name}.{name}" for name in source_text.setting_names(entry)]
    return sorted({*found, *settings.SINGLES, "net", "features"})


def _items(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in dict.fromkeys(names) if name.startswith(incomplete)]
