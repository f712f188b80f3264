"""The report's tables and figures as LaTeX, to be \\input into a paper (packages booktabs, longtable, graphicx)."""

from __future__ import annotations

import re

from genbench.report.contents import Report
from genbench.report.figures.figure import Figure
from genbench.report.table import Table

SPECIAL = {
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
SPECIAL |= {
    "\\": r"\textbackslash{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
}
SPECIAL |= {
    "±": r"$\pm$",
    "–": "--",
    "−": "$-$",
    "λ": r"$\lambda$",
    "σ": r"$\sigma$",
    "²": r"\textsuperscript{2}",
    "×": r"$\times$",
    "…": r"\dots{}",
}
SPECIAL |= {"≥": r"$\geq$", "≤": r"$\leq$"}
WIDE = 32
"""Characters from which a column of words is set in lines of a fixed width."""


def render(report: Report, figures: str = "figures") -> str:
    """LaTeX of every table and figure with its caption and a label; `figures` is the folder of the figures' PDF
    files.
    """
    parts = [
        f"% {_one_line(report.title)}: \\usepackage{{booktabs,longtable,graphicx}}; the widest tables want a landscape"
        " page"
    ]
    words = [
        *(one.line for one in report.claims),
        *report.overview,
        *report.promise,
        *(f"{one.headline}: {one.words}" for one in report.summary),
    ]
    parts += [f"% {_one_line(line)}" for line in words]
    answer = [one for one in (report.stated, report.ranked) if one is not None]
    parts += [_table(one) for one in (*answer, *report.results, *report.background)]
    for figure in report.figures:
        parts.append(
            f"\\begin{{figure}}\n\\centering\n{_shown(figure, figures)}\n"
            f"\\caption{{{escape(figure.caption)}}}\n\\label{{fig:{figure.name}}}\n\\end{{figure}}"
        )
    return "\n\n".join(parts) + "\n"


def escape(words: object) -> str:
    """Words that mean themselves in LaTeX; letters that it cannot set without more packages stay as they are."""
    return re.sub("|".join(map(re.escape, SPECIAL)), lambda match: SPECIAL[match[0]], _one_line(words))


def _shown(figure: Figure, folder: str) -> str:
    if figure.problem:
        said = escape(f"This figure could not be drawn: {figure.problem}")
        return f"\\fbox{{\\parbox{{0.9\\linewidth}}{{{said}}}}}"
    return f"\\includegraphics[width=\\linewidth,height=0.8\\textheight,keepaspectratio]{{{folder}/{figure.name}.pdf}}"


def _table(one: Table) -> str:
    shown = one.shown.map(escape)
    shown.columns = [escape(name) for name in shown.columns]
    table = shown.style.hide(axis="index").to_latex(
        environment="longtable",
        hrules=True,
        column_format="".join(_column(one, name) for name in one.shown.columns),
        caption=escape(one.caption),
        label=f"tab:{one.name}",
    )
    return f"\\begingroup\\footnotesize\\setlength{{\\tabcolsep}}{{3pt}}\n{table.strip()}\n\\endgroup"


def _column(one: Table, name: str) -> str:
    """How LaTeX sets a column: numbers to the right, long words in several lines."""
    if name in one.numbers:
        return "r"
    return r"p{0.26\linewidth}" if one.shown[name].map(lambda words: len(str(words))).max() >= WIDE else "l"


def _one_line(words: object) -> str:
    return " ".join(str(words).split())
