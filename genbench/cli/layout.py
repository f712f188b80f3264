"""Tables and sentences in a terminal's width: lines end between words, and what is too wide goes on below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

GAP = 2
"""Blanks between two columns."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table of which no word and no number is broken: it is as many tables below each other as it takes, each of
    which begins with the columns that name a row.
    """

    rows: Sequence[Sequence[str]]
    columns: Sequence[str]
    left: int
    """Columns that hold words, the first ones: their lines may end between two of them."""
    keys: int
    """Columns that name a row, the first ones."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for number, block in enumerate(self._blocks(options.max_width)):
            if number:
                yield Text()
            drawn = Table(box=None, pad_edge=False, header_style="bold")
            for place, width in zip(block, self._widths(block, options.max_width), strict=True):
                drawn.add_column(
                    self.columns[place],
                    justify="left" if place < self.left else "right",
                    width=width,
                    overflow="fold",
                )
            for row in self.rows:
                drawn.add_row(*(Text(row[place]) for place in block))
            yield drawn

    def _blocks(self, width: int) -> Iterator[list[int]]:
        """The columns of every table that there must be; as many name a row as leave room for each of the others."""
        count = min(self.keys, len(self.columns))
        while count > 1 and not all(
            _total([self._least(one) for one in (*range(count), place)]) <= width
            for place in range(count, len(self.columns))
        ):
            count -= 1
        keys = list(range(count))
        block = [*keys]
        for place in range(len(keys), len(self.columns)):
            if len(block) > len(keys) and _total([self._least(one) for one in (*block, place)]) > width:
                yield block
                block = [*keys]
            block.append(place)
        yield block

    def _widths(self, block: Sequence[int], width: int) -> list[int]:
        """The widths of a table's columns: what they need at least, and of what is left as much as they want."""
        widths = [self._least(place) for place in block]
        wanted = [self._most(place) - least for place, least in zip(block, widths, strict=True)]
        spare = width - _total(widths)
        for done, number in enumerate(sorted(range(len(block)), key=lambda number: wanted[number])):
            given = max(0, min(wanted[number], spare // (len(block) - done)))
            widths[number], spare = widths[number] + given, spare - given
        while _total(widths) > width and max(widths) > 1:  # words that are longer than the terminal is wide
            widths[widths.index(max(widths))] -= 1
        return widths

    def _cells(self, place: int) -> list[str]:
        return [self.columns[place], *(row[place] for row in self.rows)]

    def _most(self, place: int) -> int:
        return max(_length(line) for cell in self._cells(place) for line in cell.splitlines() or [""])

    def _least(self, place: int) -> int:
        if place >= self.left:
            return self._most(place)
        return max(_length(word) for cell in self._cells(place) for word in cell.split() or [""])


def table(rows: Sequence[Sequence[str]], columns: Sequence[str], *, left: int = 1, keys: int = 1) -> Grid:
    """A table whose first `left` columns are words and whose others are numbers; the first `keys` name a row."""
    return Grid(rows=rows, columns=columns, left=left, keys=keys)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _length(text: str) -> int:
    length: int = cell_len(text)
    return length
