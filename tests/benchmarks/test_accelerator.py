"""The first minutes on an accelerator: rows that another machine goes on from, parts that end in time, wheels."""

import ast
import importlib
import json
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "benchmarks" / "accelerator"


@pytest.fixture
def script(monkeypatch):
    """script(name): the module, as if it was started from its folder."""
    monkeypatch.syspath_prepend(SCRIPTS)
    yield importlib.import_module
    for name in ("rows", "run", "parts", "wheels"):
        sys.modules.pop(name, None)


def test_before_there_is_a_row_the_page_says_that_nothing_was_run(script):
    rows = script("rows")
    assert rows.table([]) == "# The first minutes on an accelerator\n\nNot run yet: nobody has had a GPU at hand.\n"
    written = (ROOT / "results" / "accelerator" / "README.md").read_text()
    assert written == rows.table([]) or (ROOT / "results" / "accelerator" / "accelerator.json").exists()


def test_a_row_is_on_the_disk_at_once_and_is_made_again_only_after_an_error(script, tmp_path):
    rows = script("rows").Rows(tmp_path)
    rows.put("resume", "gan", "H100", {"error": "bits | differ"})
    rows.put("resume", "gram", "H100", {"equal": "to the bit"})
    assert not rows.is_done("resume", "gan")
    again = script("rows").Rows(tmp_path)
    again.put("resume", "gan", "H200", {"equal": "to the bit", "seconds": 1.23456})
    assert again.is_done("resume", "gan")
    assert [(row["item"], row["machine"]) for row in again.all()] == [("gan", "H200"), ("gram", "H100")]
    page = (tmp_path / "README.md").read_text()
    assert "| resume | gan | equal to the bit, seconds 1.235 | H200 |" in page
    assert json.loads((tmp_path / "accelerator.json").read_text())["rows"] == again.all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "accelerator.json"]


def test_the_command_and_the_parts_name_the_same_parts_in_one_order(script):
    tree = ast.parse((SCRIPTS / "parts.py").read_text())
    (named,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "PARTS"
    ]
    assert [key.value for key in named.keys] == list(script("run").PARTS)


def test_the_command_needs_the_standard_library_alone():
    for name in ("run", "rows"):
        tree = ast.parse((SCRIPTS / f"{name}.py").read_text())
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert {word.partition(".")[0] for word in imported} - {"rows"} <= sys.stdlib_module_names


def test_a_part_that_takes_too_long_is_ended_with_all_that_it_started(script):
    code, seconds = script("run").limited(["sh", "-c", "sleep 60 & sleep 60"], {}, 0.1)
    assert code is None
    assert seconds < 20
    assert script("run").limited(["sh", "-c", "exit 3"], {}, 20)[0] == 3


def test_wheels_are_unpacked_with_their_entry_points(script, tmp_path):
    with zipfile.ZipFile(tmp_path / "one-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("one.py", "")
        wheel.writestr("one-1.dist-info/entry_points.txt", "[genbench.methods]\none = one\n")
    script("run").unpack(tmp_path, tmp_path / "site")
    assert (tmp_path / "site" / "one-1.dist-info" / "entry_points.txt").exists()


def test_the_folder_of_wheels_says_its_size_and_pins_what_the_constraints_pin(script, tmp_path):
    wheels = script("wheels")
    pinned = wheels.versions((ROOT / "constraints.txt").read_text())
    names = [line for line in (SCRIPTS / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert set(names) <= set(pinned)
    (tmp_path / "one.whl").write_bytes(b"x" * 2_000_000)
    assert wheels.listing(tmp_path)[-1] == "   2.00 MB in 1 wheels, within 50 MB"
    (tmp_path / "two.whl").write_bytes(b"x" * 49_000_000)
    assert wheels.listing(tmp_path)[-1].endswith("MORE THAN 50 MB")
