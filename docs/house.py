"""The house: every package of genbench by its layer; the architecture page, CONTRIBUTING and the test of imports are
made from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LAYERS: Sequence[Mapping[str, str]] = (
    {
        "errors": "messages that are enough for the user",
        "kernels": "the maths of kernel methods, in fp64: MMD, density ratios",
        "version": "which genbench this is",
    },
    {"config": "typed settings, their composition, sweeps; the home of hydra"},
    {"trial": "one trial and the files of its folder: record, checkpoints, log, lock"},
    {"contract": "what a plugin implements and is lent: trainer, kit, ranks, hooks; the registry of plugins"},
    {
        "data": "data sets, the stream of batches, pictures",
        "nets": "architectures that all methods share",
        "observers": "MLflow and TensorBoard, filled from the files of trials",
        "report": "from records to verdicts, tables, figures and pages",
        "testing": "the conformance suite for methods",
    },
    {"metrics": "scores of samples; the home of torch-fidelity"},
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
    "report": (("logged", "stats", "table"), ("compare", "figures", "tables"), ("contents",), ("formats",)),
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
    "yaml": "config",
}
"""Libraries that only one package imports."""


def table() -> str:
    """The packages as a Markdown table, from the top layer down."""
    numbered = reversed(list(enumerate(LAYERS, start=1)))
    rows = [f"| {number} | `{name}` | {about} |" for number, layer in numbered for name, about in layer.items()]
    return "\n".join(["| layer | package | what lives there |", "|---|---|---|", *rows])
