"""The documentation does what it says: its commands run, its reference is the code's, its figures are their text."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from html import unescape
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import click
import pytest

from genbench.cli import cli

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))

import reference  # noqa: E402 - a module of the documentation, which is no package

PAGES = {str(path.relative_to(DOCS)): path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md"))}
FIGURES = sorted((DOCS / "figures").glob("*.dot"))
BLOCK = re.compile(r'(?:^<!-- (?P<note>.*?) -->\n)?^```(?P<language>\w*)(?: title="(?P<title>[^"]+)")?\n(?P<body>.*?)^```$', re.M | re.S)
NOT_RUN, NOT_COMPARED = "not run: ", "not compared: "
SEPARATORS = {";", "&&", "||", "|", ">", "<", "&", ">>", "(", ")"}


class Block(NamedTuple):
    """A block of code on a page."""

    language: str
    body: str
    title: str
    """The file that the block is; empty where it is not one."""
    reason: str
    """Why it is not run, or not compared with what comes out; empty where it is."""


def blocks(page):
    """The blocks of a page, in order."""
    for found in BLOCK.finditer(PAGES[page]):
        note = found["note"] or ""
        reason = next((note.removeprefix(prefix) for prefix in (NOT_RUN, NOT_COMPARED) if note.startswith(prefix)), "")
        yield Block(found["language"], found["body"], found["title"] or "", reason)


def calls(body):
    """The words after `genbench` of every call of it in a block of bash."""
    for line in body.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split, lexer.commenters = True, "#"
        words = []
        for word in [*lexer, ";"]:
            if word not in SEPARATORS:
                words.append(word)
                continue
            if "genbench" in words and not {"pip", "cd"} & set(words):
                yield words[words.index("genbench") + 1 :]
            words = []


CALLS = [(page, words, block.reason) for page in PAGES for block in blocks(page) if block.language == "bash" for words in calls(block.body)]
PLANNED = [(page, words) for page, words, reason in CALLS if words[0] == "run" and reason and "--only" not in words]
RUN = [page for page in PAGES if any(block.language in ("bash", "python") and not block.reason and not block.title for block in blocks(page))]


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_one_that_the_tests_know(page):
    assert PAGES[page].count("```") == 2 * len(list(blocks(page)))
    for block in blocks(page):
        assert block.language in ("bash", "python", "text", "toml", "yaml", "json"), block
        assert block.title or block.language not in ("toml",), block


@pytest.mark.parametrize(
    ("page", "words"), [(page, words) for page, words, _ in CALLS], ids=lambda value: " ".join(value) if isinstance(value, list) else value
)
def test_every_call_of_genbench_is_one_that_the_command_line_understands(page, words):
    with click.Context(cli, info_name="genbench") as context:
        name, command, rest = cli.resolve_command(context, list(words))
        command.make_context(name, rest, parent=context)


@pytest.mark.methods
@pytest.mark.slow
@pytest.mark.parametrize("page", dict.fromkeys(page for page, _ in PLANNED))
def test_every_study_that_a_page_shows_and_does_not_run_can_be_planned(page, shell, tmp_path):
    for words in [words for other, words in PLANNED if other == page]:
        shell.bash(shlex.join(["genbench", *words, "--dry-run"]), tmp_path)


@pytest.mark.methods
@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in RUN if page != "tutorial.md"])
def test_a_page_followed_to_its_end_after_the_tutorial_works(page, shell, after_the_tutorial, tmp_path):
    shutil.copytree(after_the_tutorial, tmp_path, dirs_exist_ok=True)
    follow(page, shell, tmp_path)


@pytest.mark.methods
@pytest.mark.slow
def test_the_page_on_the_files_of_a_trial_names_every_file(after_the_tutorial):
    for trial in (after_the_tutorial / "results").glob("*/trials/*"):
        found = {f"{path.parent.name}/" if path.parent != trial else path.name for path in trial.rglob("*") if path.is_file()}
        assert {name for name in found if f"`{name}" not in PAGES["reference/files.md"]} == set()


def follow(page, shell, folder):
    """Do what a page says, block by block: write its files, run its commands, look for the first line of what it shows of their output."""
    output = ""
    for block in blocks(page):
        if block.title:
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body)
        elif block.language == "text" and output and not block.reason:
            first = block.body.splitlines()[0].split()
            assert first in [line.split() for line in output.splitlines()], f"{page} shows '{' '.join(first)}', which is not in\n{output}"
        elif block.language == "bash" and not block.reason:
            output = shell.bash(block.body, folder)
        elif block.language == "python" and not block.reason:
            output = shell.python(block.body, folder)
        else:
            output = ""


class Shell:
    """Runs what pages show, as their reader would, with a `genbench` that starts fast; what pip installs goes into a folder of its own."""

    def __init__(self, folder):
        self._folder = folder
        self._server = subprocess.Popen([sys.executable, str(ROOT / "tests" / "docs_shell.py"), "serve", str(folder / "socket")], env=self._environment(folder))
        self._call = [sys.executable, "-SE", str(ROOT / "tests" / "docs_shell.py"), "call", str(folder / "socket")]
        (folder / "bin").mkdir()
        script = folder / "bin" / "genbench"
        script.write_text(f'#!/bin/sh\nexec {shlex.join(self._call)} genbench "$@"\n')
        script.chmod(0o755)
        while not (folder / "socket").exists():
            assert self._server.poll() is None, "the server of the pages' commands could not start"
            time.sleep(0.05)

    def close(self):
        self._server.kill()
        self._server.wait()

    def bash(self, body, folder):
        return self._run(["bash", "-euo", "pipefail", "-c", body], folder)

    def python(self, body, folder):
        program = folder / ".block.py"
        program.write_text(body)
        return self._run([*self._call, "python", str(program)], folder)

    def _run(self, command, folder):
        done = subprocess.run(command, cwd=folder, env=self._environment(folder), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}"
        return done.stdout

    def _environment(self, folder):
        installed = str(folder / "site")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHONPATH", "GENBENCH", "MLFLOW"))},
            "PATH": os.pathsep.join([str(self._folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": installed,
            "PIP_TARGET": installed,
            "PIP_NO_DEPS": "1",
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it as the value of build_isolation
            "XDG_CACHE_HOME": str(self._folder / "cache"),
            "OMP_NUM_THREADS": "1",
        }


@pytest.fixture(scope="session")
def shell(tmp_path_factory):
    running = Shell(tmp_path_factory.mktemp("shell"))
    yield running
    running.close()


@pytest.fixture(scope="session")
def after_the_tutorial(shell, tmp_path_factory):
    """The folder of somebody who has followed the tutorial."""
    folder = tmp_path_factory.mktemp("reader")
    follow("tutorial.md", shell, folder)
    return folder


def test_no_page_names_a_part_of_the_reference_that_does_not_exist_and_none_is_left_out():
    named = re.findall(r"^<!-- generated: ([\w-]+) -->$", "\n".join(PAGES.values()), re.M)
    assert sorted(named) == sorted(reference.GENERATED)


@pytest.mark.slow
@pytest.mark.parametrize("name", reference.GENERATED)
def test_a_generated_part_has_rows_as_long_as_their_heads_and_no_python_in_it(name):
    text = reference.GENERATED[name]()
    head = None
    for line in text.splitlines():
        if not line.startswith("| "):
            head = None
            continue
        cells = len(re.sub(r"`[^`]*`|\\\|", "", line).split("|"))
        head = head or cells
        assert cells == head, line
    for sign in ("<object", "<class", "dataclasses.", "MISSING", "TYPE_CHECKING"):
        assert sign not in text


def test_the_reference_refuses_a_part_that_nobody_makes():
    with pytest.raises(KeyError, match="nothing"):
        reference.expanded("<!-- generated: nothing -->")


def test_the_page_of_commands_has_every_option():
    page = reference.commands()
    for name, command in cli.commands.items():
        section = page.partition(f"## `genbench {name}`\n")[2].partition("\n## ")[0]
        assert section.startswith("\n```text\ngenbench")
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or all(re.search(rf"[` ]{option}[` ,]", section) for option in parameter.opts)


def test_the_page_of_exit_codes_has_every_code_that_the_command_line_ends_with():
    codes = {0}
    for path in (ROOT / "genbench" / "cli").glob("*.py"):
        ends = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call) and ast.unparse(node.func) == "sys.exit"]
        codes |= {node.value for end in ends for node in ast.walk(end) if isinstance(node, ast.Constant) and isinstance(node.value, int)}
    listed = PAGES["reference/exit-codes.md"].partition("\n## ")[0]
    assert {int(code) for code in re.findall(r"^\| `(\d+)` \|", listed, re.M)} == codes


def test_there_are_figures_of_all_four_methods():
    assert [path.stem for path in FIGURES] == ["gan", "gram", "mmdgan", "mmdnet"]


@pytest.mark.parametrize("dot", FIGURES, ids=lambda path: path.stem)
def test_a_figure_has_the_nodes_and_edges_of_its_text(dot):
    nodes, edges = graph_of_text(dot.read_text())
    assert graph_of_picture(dot.with_suffix(".svg")) == (nodes, edges)
    assert nodes
    assert edges


@pytest.mark.parametrize("dot", FIGURES, ids=lambda path: path.stem)
def test_a_saddle_point_is_drawn_for_the_adversarial_methods_alone(dot):
    _, edges = graph_of_text(dot.read_text())
    dashed = {pair for pair, is_dashed in edges.items() if is_dashed}
    assert dashed == ({("generator_loss", "critic_loss")} if dot.stem in ("gan", "mmdgan") else set())


@pytest.mark.parametrize("dot", FIGURES, ids=lambda path: path.stem)
def test_a_figure_has_a_white_ground_and_words_for_who_cannot_see_it(dot):
    assert 'fill="white"' in dot.with_suffix(".svg").read_text()
    (words,) = re.findall(rf"!\[([^\]]*)\]\([./]*figures/{dot.stem}\.svg\)", "\n".join(PAGES.values()))
    assert len(words) > 40


def graph_of_text(text):
    """Nodes with their labels, and edges with whether they are dashed, of a DOT file in which each has a line of its own."""
    statements = [line.strip() for line in text.splitlines()]
    nodes = {found[1]: plain(found[2]) for line in statements if (found := re.match(r"(\w+) \[label=<(.*?)>(?:, \w+=|\])", line))}
    edges = {(found[1], found[2]): "style=dashed" in line for line in statements if (found := re.match(r"(\w+) -> (\w+)", line))}
    return nodes, edges


def graph_of_picture(path):
    """The same of an SVG that graphviz has drawn."""
    nodes, edges = {}, {}
    for group in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}g"):
        title = group.findtext("{http://www.w3.org/2000/svg}title")
        if group.get("class") == "node":
            nodes[title] = plain("".join(text.text or "" for text in group.iter("{http://www.w3.org/2000/svg}text")))
        elif group.get("class") == "edge":
            tail, _, tip = title.partition("->")
            edges[tail, tip] = any(line.get("stroke-dasharray") for line in group.iter("{http://www.w3.org/2000/svg}path"))
    return nodes, edges


def plain(label):
    """The letters of a label."""
    return re.sub(r"\s", "", unescape(re.sub(r"<[^>]*>", "", label)))
