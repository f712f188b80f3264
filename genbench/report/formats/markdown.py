"""The report as Markdown, for a repository or a chat; figures are beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

from genbench.report.claims.judge import Judged
from genbench.report.contents import Report
from genbench.report.figures.figure import Figure
from genbench.report.table import Table

SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#$&])")


def render(report: Report, figures: str = "figures") -> str:
    """The report's Markdown (GitHub's); `figures` is the folder of the pictures, as seen from the file."""
    parts = [f"# {escape(report.title)}", *([escape(report.question)] if report.question else [])]
    parts += ["## Claims", _claims(report.claims), escape(report.promised)] if report.claims else []
    parts += [_table(report.ranked, "##")] if report.ranked else []
    spoken = [f"**{escape(sentence.headline)}**: {escape(sentence.words)}" for sentence in report.spoken]
    parts += [
        "## In short",
        _listed(report.overview),
        *map(escape, report.promise),
        "\n".join(f"- {line}" for line in spoken) or "There is no pair of contenders to compare.",
    ]
    parts += [f"{report.unspoken} more are in the table of verdicts."] if report.unspoken else []
    parts += ["**Left out, because they could not be read:**\n\n" + _listed(report.damaged)] if report.damaged else []
    parts += ["To know before reading the numbers:\n\n" + _listed(report.notes)] if report.notes else []
    parts += ["## Numbers", *(_table(one, "###") for one in report.results)]
    order = list(dict.fromkeys(figure.section for figure in report.figures))
    for section, group in groupby(
        sorted(report.figures, key=lambda one: order.index(one.section)), lambda one: one.section
    ):
        parts.append(f"## {escape(section)}")
        parts += [f"{_shown(one, figures)}\n\n*{escape(one.caption)}*" for one in group]
    for table in report.background:
        parts.append(_table(table, "##"))
        if table.name == "protocols" and report.fairness:
            parts.append(_listed(report.fairness))
    parts += [
        "## Commands",
        *(f"{escape(command.purpose)}:\n\n```bash\n{command.line}\n```" for command in report.commands),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _claims(claims: Iterable[Judged]) -> str:
    return "\n".join(
        f"- **{one.word}**: {escape(one.claim)}"
        + (f" – {escape(one.sentence)}" if one.sentence else "")
        + (f" (*{escape(one.paper)}*)" if one.paper else "")
        for one in claims
    )


def escape(words: object) -> str:
    """Words that mean themselves in Markdown, on one line."""
    return SPECIAL.sub(r"\\\1", " ".join(str(words).split()))


def _shown(figure: Figure, folder: str) -> str:
    if figure.problem:
        return f"**This figure could not be drawn:** {escape(figure.problem)}"
    return f"![{escape(figure.alt)}]({folder}/{figure.name}.png)"


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {escape(line)}" for line in lines)


def _table(one: Table, level: str) -> str:
    columns = list(one.shown.columns)
    rules = ["---:" if name in one.numbers else "---" for name in columns]
    rows = [columns, rules, *([*row] for row in one.shown.itertuples(index=False))]
    lines = ["| " + " | ".join(cell if cells is rules else escape(cell) for cell in cells) + " |" for cells in rows]
    return f"{level} {escape(one.title)}\n\n{escape(one.caption)}\n\n" + "\n".join(lines)
