"""Drawing figures into files. Here alone what goes wrong with one of them is caught: it is named, and costs no other
one.
"""

from __future__ import annotations

import contextlib
import io
import textwrap
import warnings
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from genbench import files
from genbench.config.machine import cores
from genbench.errors import GenbenchError
from genbench.report.figures import style
from genbench.report.figures.figure import Figure

ENOUGH = 15
"""Figures that are worth a process, which takes two seconds to start."""
LONGEST_REASON = 300
"""Characters of what is said about a figure that cannot be drawn."""
FILES: Mapping[str, Mapping[str, Any]] = {
    "png": {"dpi": style.DPI, "metadata": {"Software": None}},
    "pdf": {"metadata": {"CreationDate": None, "Creator": None, "Producer": None}},
}
"""The files of a figure by their suffix, and how each is made."""


def save(figures: Iterable[Figure], folder: Path) -> tuple[Figure, ...]:
    """Draw every figure into a folder, as NAME.png and NAME.pdf; many of them in several processes.

    Returns the figures, those that could not be drawn with what went wrong: they have no files, also no older ones.
    Raises GenbenchError where the folder cannot be written.
    """
    figures = tuple(figures)
    shares = max(1, min(cores(), len(figures) // ENOUGH))
    own, *others = [figures[number::shares] for number in range(shares)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            # Spawned: what the calling process has running, threads for example, is not theirs to inherit.
            pool = stack.enter_context(ProcessPoolExecutor(len(others), get_context("spawn"))) if others else None
            drawn = [pool.submit(_save, share, folder) for share in others] if pool else []
            problems = _save(own, folder)
            for share, one in zip(others, drawn, strict=True):
                try:
                    problems |= one.result()
                except OSError:
                    raise
                except Exception as error:  # a process that was killed, or a figure that cannot be sent to one
                    problems |= {figure.name: reason(error) for figure in share}
        for name in problems:
            for suffix in FILES:
                (folder / f"{name}.{suffix}").unlink(missing_ok=True)
    except OSError as error:
        raise GenbenchError(f"the figures cannot be written into {folder}: {error.strerror or error}") from error
    return tuple(replace(figure, problem=problems.get(figure.name, "")) for figure in figures)


def reason(error: Exception) -> str:
    """What went wrong with a figure: the error and the first line of what it says."""
    first = next(iter(str(error).strip().splitlines()), "")
    return textwrap.shorten(f"{type(error).__name__}: {first}".rstrip(": "), LONGEST_REASON)


def _save(figures: Sequence[Figure], folder: Path) -> dict[str, str]:
    """Draw the figures; what went wrong, by name. Raises OSError where the folder cannot be written."""
    problems = {}
    with style.styled(), warnings.catch_warnings(action="ignore"):  # of numbers that are huge, or not there
        for figure in figures:
            try:
                drawn = {} if figure.problem else _drawn(figure)
            except Exception as error:  # whatever the libraries raise over numbers or pictures costs this figure alone
                problems[figure.name] = reason(error)
            else:
                problems |= {figure.name: figure.problem} if figure.problem else {}
                for suffix, content in drawn.items():
                    with files.creating(folder / f"{figure.name}.{suffix}") as file:
                        file.write(content)
    return problems


def _drawn(figure: Figure) -> dict[str, bytes]:
    """The content of a figure's files by their suffix."""
    from PIL import Image

    drawing = figure.draw()
    found = {}
    for suffix, options in FILES.items():
        content = io.BytesIO()
        drawing.savefig(content, format=suffix, **options)
        found[suffix] = content.getvalue()
    Image.open(io.BytesIO(found["png"])).close()  # a page that shows it must be able to
    return found
