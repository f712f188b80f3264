"""The import rule of the house: a package imports only from lower layers, and nowhere do modules import each other in
a circle.
"""

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "genbench"
sys.path.insert(0, str(ROOT / "docs"))

import house  # noqa: E402 - a module of the documentation, which is no package

LAYER = {name: number for number, layer in enumerate(house.LAYERS) for name in layer}
LAYER |= dict.fromkeys(("__init__", "__main__"), len(house.LAYERS))
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
PLUGINS = sorted(path for path in (ROOT / "plugins").rglob("*.py") if "build" not in path.parts)


@cache
def nodes(path):
    """All of a file's syntax, read once for every test that asks."""
    return tuple(ast.walk(ast.parse(path.read_text())))


def imports(path):
    """The module of every import in a file, also of those inside functions and of those for type checkers."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module


def own(path):
    """The modules of genbench that a module of genbench imports, as paths below the package."""
    return [
        module.removeprefix("genbench").strip(".") or "__init__"
        for module in imports(path)
        if module.partition(".")[0] == "genbench"
    ]


def place(module):
    """A module's place: that of its package, or its own where it is a file of the house."""
    return module.removeprefix("genbench").strip(".").partition(".")[0] or "__init__"


@pytest.mark.parametrize("module", MODULES)
def test_a_package_imports_from_lower_layers_alone(module):
    here = place(module)
    for target in own(MODULES[module]):
        there = place(target)
        assert there == here or LAYER[there] < LAYER[here], (
            f"{module} (layer {LAYER[here] + 1}) imports {target} (layer {LAYER[there] + 1})"
        )


@pytest.mark.parametrize("package", house.INSIDE)
def test_inside_a_package_of_packages_the_same_holds(package):
    layers = {name: number for number, names in enumerate(house.INSIDE[package]) for name in names}
    for module, path in MODULES.items():
        inside = module.removeprefix(f"genbench.{package}.")
        if inside == module or path.stem == "__init__":
            continue
        here = inside.partition(".")[0]
        for target in own(path):
            if target.startswith(f"{package}."):
                there = target.split(".")[1]
                assert there == here or layers[there] < layers[here], f"{module} imports {target}"


def test_no_modules_import_each_other_in_a_circle():
    TopologicalSorter(
        {
            module: {f"genbench.{target}" for target in own(path) if target != "__init__"} - {module}
            for module, path in MODULES.items()
        }
    ).prepare()


def test_every_package_and_file_of_the_house_has_its_layer():
    there = {
        path.stem
        for path in PACKAGE.iterdir()
        if (path.is_dir() and (path / "__init__.py").exists()) or path.suffix == ".py"
    }
    assert there == set(LAYER)
    for package, layers in house.INSIDE.items():
        names = {path.stem for path in (PACKAGE / package).iterdir() if path.is_dir() != (path.suffix == ".py")} - {
            "__init__",
            "__pycache__",
        }
        assert names == {name for layer in layers for name in layer}


def test_the_table_in_contributing_is_that_of_the_house():
    assert house.table() in (ROOT / "CONTRIBUTING.md").read_text(), (
        f"put this table into CONTRIBUTING.md:\n{house.table()}"
    )


@pytest.mark.parametrize("module", MODULES)
def test_big_libraries_are_imported_in_their_one_home(module):
    for imported in imports(MODULES[module]):
        home = house.HOMES.get(imported.partition(".")[0], place(module))
        assert place(module) == home, f"{imported} is imported in {module}, its home is {home}"


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: str(path.relative_to(ROOT / "plugins")))
def test_a_plugin_imports_nothing_but_the_door_and_the_kernels_and_its_tests_the_suite_too(path):
    allowed = {"genbench.plugin", "genbench.kernels"} | ({"genbench.testing"} if "tests" in path.parts else set())
    assert {module for module in imports(path) if module.partition(".")[0] == "genbench"} <= allowed


@pytest.mark.parametrize("module", [module for module in MODULES if place(module) != "cli"])
def test_only_the_command_line_prints_or_exits(module):
    calls = [ast.unparse(node.func) for node in nodes(MODULES[module]) if isinstance(node, ast.Call)]
    assert not {"print", "sys.exit", "exit"} & set(calls)


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["run", "--help"]])
def test_help_and_list_import_nothing_heavy(arguments):
    code = (
        f"import sys; sys.argv = ['genbench', *{arguments}]\nfrom genbench.cli import main\ntry: main()\nexcept"
        " SystemExit as end: assert end.code == 0\n"
    )
    code += (
        "print(sorted({'torch', 'hydra', 'mlflow', 'pandas', 'numpy', 'matplotlib', 'sklearn'} & set(sys.modules)),"
        " file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    "package", ["config", "contract.registry", "trial.trial", "trial.record", "trial.log", "trial.lock"]
)
def test_settings_records_and_the_registry_need_no_torch(package):
    code = f"import sys, genbench.{package}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


OPENING = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "touch"}
OPENS = {
    "genbench.files": {"open", "read_bytes"},  # the one place for what stands in a folder that may be somebody else's
    "genbench.cli.report": {"write_text"},  # the file that --csv names
    "genbench.contract.extractor": {"open"},  # a file of weights, of which is_file was asked
    "genbench.contract.registry": {"read_bytes"},  # the source of an installed module
    "genbench.contract.source_text": {"read_bytes"},  # the same
    "genbench.data.download": {"open"},  # gzip's, of bytes
    "genbench.data.prepared": {"open"},  # a folder, to be written to the disk
    "genbench.data.celeba": {"read_text"},  # of a file whose checksum was looked at
    "genbench.data.torchvision": {"write_bytes"},  # a table whose checksum is right; a folder of its own
    "genbench.engines.forkserver": {"open"},  # /dev/null
    "genbench.engines.local": {"read_text"},  # /proc/meminfo
    "genbench.report.figures.drawing": {"open"},  # Pillow's, of bytes that it has made
    "genbench.report.formats.html": {"read_bytes"},  # the figures that it has drawn
    "genbench.report.formats.pdf": {"read_bytes", "write_text"},  # a folder of its own
    "genbench.testing.launch": {"read_bytes", "write_bytes"},  # a folder of its own
    "genbench.training.bfloat16": {"read_text"},  # /proc/cpuinfo
    "genbench.training.distributed": {"touch"},  # the folder of one attempt
    "genbench.trial.checkpoint": {"open"},  # a folder, to be written to the disk
}
"""Modules that open files without `genbench.files`, by which function, and why they may."""


@pytest.mark.parametrize("module", MODULES)
def test_files_that_may_be_somebody_elses_are_opened_in_one_place(module):
    found = set()
    for node in nodes(MODULES[module]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            if name in OPENING and not (isinstance(owner, ast.Name) and owner.id == "files"):
                found.add(name)
    assert found == OPENS.get(module, set()), f"{module}: open files by genbench.files, or say here why not"


@pytest.mark.slow
def test_a_study_is_planned_and_run_without_what_only_a_report_needs():
    command = (
        "import sys, genbench.study.plan, genbench.study.run, genbench.engines.local, genbench.training.worker;"
        " print(sorted({'pandas', 'scipy', 'matplotlib', 'mlflow', 'torchvision'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True).stdout
    assert found.splitlines()[-1] == "[]"
