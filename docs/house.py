"""The house: every package of genbench by its layer; the architecture page, CONTRIBUTING and the test of imports are
made from it.

`python docs/house.py` writes the picture's text, docs/figures/house.dot; then `dot -Tsvg house.dot -o house.svg`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "genbench"

LAYERS: Sequence[Mapping[str, str]] = (
    {
        "errors": "messages that are enough for the user; text from outside as it is shown: short, and without secrets",
        "files": "opening files: plain ones alone, and no link is followed where one writes",
        "kernels": "the maths of kernel methods, in fp64: MMD, density ratios",
        "version": "which genbench this is",
    },
    {"config": "typed settings, their composition, sweeps; the home of hydra"},
    {"trial": "one trial and the files of its folder: record, checkpoints, log, lock"},
    {"contract": "what a plugin implements and is lent: trainer, kit, ranks, hooks; the registry of plugins"},
    {
        "data": "data sets, the stream of batches, pictures",
        "nets": "architectures that all methods share",
        "report": "from records to verdicts, tables, figures and pages",
        "testing": "the conformance suite for methods",
    },
    {
        "metrics": "scores of samples; the home of torch-fidelity",
        "observers": "MLflow and TensorBoard, filled from the files of trials",
    },
    {
        "plugin": "the one door for plugins: re-exports only",
        "training": "one trial from its folder to its record: build, loop, scoring, ranks, worker",
    },
    {"engines": "where trials run: this machine, Slurm, Ray"},
    {"study": "many trials: plan, preflight, run, status; genbench from Python"},
    {"cli": "the command line; the only package that prints or exits"},
)
"""From the ground up. A package or file imports only from lower layers; `genbench/__init__.py` stands above all of
them."""

INSIDE: Mapping[str, Sequence[Sequence[str]]] = {
    "report": (
        ("logged", "stats", "table"),
        ("claims", "commands", "compare", "figures", "gathered", "overview", "ranking", "tables", "title", "unended"),
        ("looks",),
        ("looked",),
        ("contents",),
        ("formats",),
        ("answer", "board"),
    ),
}
"""The same inside a package that has its own packages."""

HOMES: Mapping[str, str] = {
    "click": "cli",
    "hydra": "config",
    "jinja2": "report",
    "mlflow": "observers",
    "omegaconf": "config",
    "ray": "engines",
    "seaborn": "report",
    "submitit": "engines",
    "tensorboard": "observers",
    "torch_fidelity": "metrics",
    "weasyprint": "report",
    "yaml": "config",
}
"""Libraries that only one package imports."""


def table() -> str:
    """The packages as a Markdown table, from the top layer down."""
    numbered = reversed(list(enumerate(LAYERS, start=1)))
    rows = [f"| {number} | `{name}` | {about} |" for number, layer in numbered for name, about in layer.items()]
    return "\n".join(["| layer | package | what lives there |", "|---|---|---|", *rows])


def imported(path: Path) -> Iterator[str]:
    """The packages and files of the house that a module of genbench imports, its own included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "genbench":
            below = node.module.split(".")[1:2]
            yield from below or [alias.name for alias in node.names]


def arrows() -> set[tuple[str, str]]:
    """(package, package that it imports) for every pair of the house."""
    places = {name for layer in LAYERS for name in layer}
    found = set()
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        found |= {(place, target) for target in imported(path) if place in places and target in places - {place}}
    return found


def picture() -> str:
    """The packages and their imports as text for Graphviz; an import that follows from others by way of a package
    between is not drawn.
    """
    drawn = arrows()
    reached: dict[str, set[str]] = {}
    for layer in LAYERS:
        for name in layer:
            below = {target for place, target in drawn if place == name}
            reached[name] = below.union(*(reached[target] for target in below))
    needed = {
        (place, target)
        for place, target in drawn
        if not any(target in reached[between] for other, between in drawn if other == place and between != target)
    }
    font = 'fontname="Helvetica,Arial,sans-serif", fontcolor="#111111"'
    lines = [
        "// Every package of genbench by its layer. Written by docs/house.py: change that.",
        "// After a change: python docs/house.py, then dot -Tsvg house.dot -o house.svg",
        "digraph house {",
        '    graph [bgcolor="white", pad="0.15", nodesep="0.3", ranksep="0.3", rankdir=TB]',
        f'    node [shape=box, style="filled,rounded", fillcolor="#f2f2f2", color="#444444", {font}, fontsize=13]',
        f'    edge [color="#444444", {font}, arrowsize=0.6]',
        "",
    ]
    for layer in reversed(LAYERS):
        lines += [f"    {name} [label=<{name}>]" for name in layer]
        lines.append(f"    {{rank=same; {'; '.join(layer)}}}")
    lines += [""] + [f"    {place} -> {target}" for place, target in sorted(needed)]
    return "\n".join([*lines, "}"]) + "\n"


if __name__ == "__main__":
    (Path(__file__).parent / "figures" / "house.dot").write_text(picture(), encoding="utf-8")
