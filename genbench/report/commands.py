"""The commands behind a report: what was typed, and what to type to make it again."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from genbench.errors import shown
from genbench.trial.about import About


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command line and what it is for."""

    purpose: str
    line: str


def of(folder: Path, about: About) -> tuple[Command, ...]:
    """What was typed, and what to type to make the report again."""
    study, place = (shlex.quote(shown.plain(str(one))) for one in (folder.name, folder))
    results = "" if folder.parent == Path("results") else f" --results {shlex.quote(shown.plain(str(folder.parent)))}"
    ran = [*about.earlier, *([about.command] if about.command else [])]
    again = "Run the study again; trials that are done are kept"
    return (
        *(Command(purpose=again, line=line) for line in ran),
        Command(purpose="Write this page again", line=f"genbench report {study}{results}"),
        Command(
            purpose="The same as text, tables and LaTeX",
            line=f"genbench report {study}{results} --format md,csv,latex",
        ),
        Command(
            purpose="The same as a PDF, for which genbench[pdf] or a Chromium must be installed",
            line=f"genbench report {study}{results} --format pdf",
        ),
        Command(
            purpose="Score the finished trials again, on more samples",
            line=f"genbench evaluate {place} --samples 50000",
        ),
    )
