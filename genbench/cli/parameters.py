"""How the command line reads its words: paths, lists of names, lists of seeds, and guesses for commands that do not
exist.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path

import click
from click.shell_completion import CompletionItem

MOST_NAMES, MOST_SEEDS = 1_000, 10_000
"""Of one option."""
DIGITS = 18
"""Of a seed: 64 bits hold it."""


class Commands(click.Group):
    """A group that guesses what an unknown command should have been."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or raise a usage error with a guess."""
        unknown = args and args[0] not in self.commands and not args[0].startswith("-")
        if unknown and not ctx.resilient_parsing:  # in a shell's completion a word may be half of one
            close = get_close_matches(args[0], self.commands, n=1)
            guess = f" did you mean '{close[0]}'?" if close else ""
            raise click.UsageError(
                f"unknown command '{args[0]}':{guess} (there are: {', '.join(sorted(self.commands))})"
            )
        return super().resolve_command(ctx, args)


class Place(click.ParamType[Path]):
    """A file or folder, there or not; one that the system cannot look up is an error before anything is done."""

    name = "path"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path; a name that is too long, a circle of links or a folder that cannot be entered is an error."""
        path = Path(str(value))
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return path
        except (OSError, ValueError) as error:
            self.fail(f"'{value}' cannot be used: {getattr(error, 'strerror', None) or error}", param, ctx)
        if path.is_dir() and not os.access(path, os.R_OK | os.X_OK):
            self.fail(f"'{value}' cannot be used: there is no permission to read it", param, ctx)
        return path

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """A shell completes files and folders itself."""
        return [CompletionItem(incomplete, type="file")]


class Names(click.ParamType[list[str]]):
    """Words separated by commas."""

    name = "a,b"
    most = MOST_NAMES

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        """The words; an empty one is an error."""
        if isinstance(value, list):
            return value
        words = [word.strip() for word in str(value).split(",")]
        if not all(words):
            self.fail(f"'{value}' has an empty name in it", param, ctx)
        if len(words) > self.most:
            self.fail(f"{len(words):,} words; at most {self.most:,} are possible", param, ctx)
        return list(dict.fromkeys(words))


class Seeds(Names):
    """Whole numbers separated by commas."""

    name = "0,1,2"
    most = MOST_SEEDS

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> list[int]:  # type: ignore[override]
        """The numbers; anything that is not a whole number >= 0 is an error."""
        words = super().convert(value, param, ctx)
        for word in words:
            if not str(word).isdecimal() or len(str(word)) > DIGITS:
                self.fail(
                    f"'{word}' is not a seed: seeds are whole numbers from 0, of at most {DIGITS} digits, as in 0,1,2",
                    param,
                    ctx,
                )
        return list(dict.fromkeys(int(word) for word in words))
