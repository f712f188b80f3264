"""What was found, row by row: one JSON file that is whole after every row, and the table made from it. Standard library
alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NOT_RUN = "Not run yet: nobody has had a GPU at hand."
Row = dict[str, Any]


class Rows:
    """The rows in a folder; another machine goes on from them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "accelerator.json"
        folder.mkdir(parents=True, exist_ok=True)

    def all(self) -> list[Row]:
        """Every row, in the order of the first time that it was written."""
        rows: list[Row] = json.loads(self._path.read_text())["rows"] if self._path.exists() else []
        return rows

    def is_done(self, part: str, item: str) -> bool:
        """Whether there is such a row without an error."""
        return any(row["part"] == part and row["item"] == item and not row.get("error") for row in self.all())

    def put(self, part: str, item: str, machine: str, found: Mapping[str, Any]) -> None:
        """Add a row, or write it anew; then the table."""
        row = {"part": part, "item": item, "machine": machine, **found}
        rows = self.all()
        places = [place for place, old in enumerate(rows) if (old["part"], old["item"]) == (part, item)]
        rows = [row if place in places else old for place, old in enumerate(rows)] if places else [*rows, row]
        self._write(self._path, json.dumps({"rows": rows}, indent=1) + "\n")
        self._write(self._folder / "README.md", table(rows))

    def _write(self, path: Path, text: str) -> None:
        new = path.with_suffix(".new")
        new.write_text(text)
        os.replace(new, path)


def table(rows: list[Row]) -> str:
    """The rows as a page."""
    lines = ["# The first minutes on an accelerator", ""]
    if not rows:
        return "\n".join([*lines, NOT_RUN, ""])
    lines += ["Made by `python benchmarks/accelerator/run.py`; a row says on which machine it was measured.", ""]
    lines += ["| part | item | found | machine |", "|---|---|---|---|"]
    for row in rows:
        values = {name: value for name, value in row.items() if name not in ("part", "item", "machine")}
        said = ", ".join(f"{name.replace('_', ' ')} {_shown(value)}" for name, value in values.items())
        cells = [str(row["part"]), str(row["item"]), said, str(row["machine"])]
        lines.append("| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in cells) + " |")
    return "\n".join([*lines, ""])


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
