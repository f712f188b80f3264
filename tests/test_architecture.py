"""The import rule of the house: a module imports only from its own layer or from below."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "genbench"
LAYERS = {
    0: ["errors", "hooks", "trial"],
    1: ["kinds", "settings", "document", "overrides", "composition", "plugins", "record"],
    2: ["streams", "comm", "kernels", "nets", "data", "metrics", "pictures"],
    3: ["kit"],
    4: ["trainer"],
    5: ["plugin", "checkpoint", "progress", "train", "evaluate", "assembly", "judge", "attempt", "process", "testing", "clauses"],
    6: [
        *("ranks", "worker", "generator", "rescore", "export", "engines", "observers", "report", "status", "terminal"),
        *("studyfile", "catalogue", "preflight", "study", "latents", "sweep"),
    ],
    7: ["arguments", "cli"],
}
LAYER = {name: layer for layer, names in LAYERS.items() for name in names} | {"__init__": 0, "": 0}
FACE = ("record", "study", "studyfile", "catalogue", "sweep", "engines", "latents", "generator")
ALLOWED_UP = {("nets", "kit"), *(("__init__", room) for room in FACE)}
"""The package's own face imports inside its functions; an architecture announces itself with the kit's Architecture."""
HOMES = {
    "hydra": {"composition", "overrides"},
    "omegaconf": {"composition"},
    "mlflow": {"observers"},
    "click": {"arguments", "cli"},
    "yaml": {"document"},
    "seaborn": {"report"},
    "jinja2": {"report"},
    "fpdf": {"report"},
    "torch_fidelity": {"metrics"},
    "tensorboard": {"observers"},
    "submitit": {"engines"},
    "ray": {"engines"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def imports(path):
    """(module, whether it is only for type checkers) of every import in a file, also those inside functions."""
    tree = ast.parse(path.read_text())
    blocks = [block for block in ast.walk(tree) if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"]
    typing_only = {id(node) for block in blocks for node in ast.walk(block)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in typing_only) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [f"genbench.{alias.name}" for alias in node.names] if node.module == "genbench" else [node.module]
            yield from ((name, id(node) in typing_only) for name in names)


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_its_own_layer_or_below(path):
    own = room(path)
    for module, typing_only in imports(path):
        if not module.startswith("genbench") or typing_only:
            continue
        target = [*module.split("."), ""][1]
        if target in LAYER and (own, target) not in ALLOWED_UP:
            assert LAYER[target] <= LAYER[own], f"{own} (layer {LAYER[own]}) imports {module} (layer {LAYER[target]})"
        assert target != "cli" or own == "cli", "nothing imports cli"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_big_libraries_are_imported_in_their_one_home(path):
    for module, _ in imports(path):
        root = module.partition(".")[0]
        assert room(path) in HOMES.get(root, {room(path)}), f"{module} is imported in {room(path)}, its home is {HOMES[root]}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_command_line_prints_or_exits(path):
    if room(path) == "cli":
        return
    calls = [ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    assert not {"print", "sys.exit", "exit"} & set(calls)


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["run", "--help"]])
def test_help_and_list_import_nothing_heavy(arguments):
    code = f"import sys; sys.argv = ['genbench', *{arguments}]\nfrom genbench.cli import main\ntry: main()\nexcept SystemExit as end: assert end.code == 0\n"
    code += "print(sorted({'torch', 'hydra', 'mlflow', 'pandas', 'numpy', 'matplotlib', 'sklearn'} & set(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
