"""Plugins: what is installed, loading one, and what is said of broken ones."""

import sys

import pytest

from genbench.contract import registry
from genbench.errors import PluginError, UnknownNameError

GOOD = """
from genbench.plugin import Method, Trainer, hookimpl
from toys import Toy, ToyConfig
@hookimpl
def genbench_methods():
    return [Method(name="{name}", trainer=Toy, config=ToyConfig, paper="none")]
"""
MISSPELT = """
from genbench.plugin import hookimpl
@hookimpl
def genbench_method():
    return []
"""
ARGUMENT = """
from genbench.plugin import hookimpl
@hookimpl
def genbench_methods(seed):
    return []
"""
RAISES = """
from genbench.plugin import Method, hookimpl
@hookimpl
def genbench_methods():
    return [Method(name="broken", trainer=None, config=None)]
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """install(name, source, distribution): a distribution with one module and one method on the path."""

    def put(name, source, distribution="genbench-x", module=None, kind="methods"):
        module = module or f"module_{distribution.replace('-', '_')}"
        folder = tmp_path / distribution
        info = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[genbench.{kind}]\n{name} = {module}\n")
        if source is not None:
            (folder / f"{module}.py").write_text(source)
        monkeypatch.syspath_prepend(str(folder))
        return module

    yield put
    registry._manager.cache_clear()
    for name in [name for name in sys.modules if name.startswith("module_genbench")]:
        del sys.modules[name]


def entry(name, kind="methods"):
    return next(entry for entry in registry.installed(kind) if entry.name == name)


def test_installed_names_carry_their_origin_and_variants_and_nothing_is_imported():
    toy = entry("toy")
    assert (toy.origin, toy.variants, toy.problem) == ("genbench-toys 0.1", ("fast",), "")


def test_the_cores_own_names_come_through_the_same_entry_points():
    assert {"ring", "ring-sharp", "digits"} <= {entry.name for entry in registry.installed("datasets")}
    assert all(
        not entry.problem
        for kind in registry.KINDS
        for entry in registry.installed(kind)
        if entry.origin.startswith("genbench 0")
    )


@pytest.mark.parametrize("kind", ["datasets", "architectures", "metrics"])
def test_everything_the_core_announces_can_be_loaded(kind):
    for found in registry.installed(kind):
        assert registry.load(kind, found.name).name == found.name


def test_a_method_is_loaded_by_name():
    assert registry.load("methods", "toy").name == "toy"


def test_an_unknown_name_gets_a_guess():
    with pytest.raises(UnknownNameError, match=r"unknown method 'tyo': did you mean 'toy'"):
        registry.load("methods", "tyo")
    with pytest.raises(UnknownNameError, match=r"unknown variant of toy 'fats': did you mean 'fast'"):
        registry.choose(["toy/fats"])
    with pytest.raises(UnknownNameError, match="variant"):
        registry.choose(["toy/"])


def test_a_good_plugin_is_found_as_soon_as_it_is_on_the_path(install):
    install("good", GOOD.format(name="good"))
    assert entry("good").problem == ""
    assert registry.load("methods", "good").name == "good"


@pytest.mark.parametrize(
    ("source", "listed", "loaded"),
    [
        (None, "cannot be found", "cannot be imported"),
        ("def (", "SyntaxError", "SyntaxError"),
        ("x = '\0'", "null bytes", "null bytes"),
        ("import no_such_library", "", "No module named 'no_such_library'"),
        (MISSPELT, "", "did you mean 'genbench_methods'"),
        (ARGUMENT, "", r"genbench_methods.*seed"),
        (RAISES, "", r"genbench_methods\(\) in module_genbench_x raises TypeError: .*missing 1 required"),
        ("raise RuntimeError('no license')", "", "RuntimeError: no license"),
        (GOOD.format(name="other"), "", r"provides \['other'\]"),
        ("x = 1", "", "provides nothing"),
    ],
)
def test_a_broken_plugin_is_listed_with_its_reason_and_fails_only_when_it_is_chosen(install, source, listed, loaded):
    install("broken", source)
    assert listed in entry("broken").problem
    assert registry.load("methods", "toy").name == "toy"
    with pytest.raises(PluginError, match=loaded) as error:
        registry.load("methods", "broken")
    assert "genbench-x 1.0" in str(error.value)


def test_a_package_that_raises_while_its_module_is_looked_for_is_listed_as_broken(install, tmp_path):
    install("inner", None, module="module_genbench_p.inner")
    package = tmp_path / "genbench-x" / "module_genbench_p"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('no license')")
    assert "RuntimeError: no license" in entry("inner").problem


def test_two_distributions_that_claim_one_name_are_both_named(install):
    install("twin", GOOD.format(name="twin"), "genbench-one")
    install("twin", GOOD.format(name="twin"), "genbench-two")
    assert "genbench-one 1.0 and by genbench-two 1.0" in entry("twin").problem
    with pytest.raises(PluginError, match=r"genbench-one 1.0 and by genbench-two 1.0"):
        registry.load("methods", "twin")


@pytest.mark.parametrize("name", ["train", "seed", "a/b"])
def test_a_method_cannot_have_the_name_of_a_setting(install, name):
    install(name, GOOD.format(name=name))
    assert "rename it" in entry(name).problem
    with pytest.raises(PluginError, match="rename it"):
        registry.load("methods", name)
