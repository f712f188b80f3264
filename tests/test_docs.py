"""The documentation does what it says: its commands run, its reference is the code's, its figures are their text."""

import ast
import re
import shlex
import shutil
import sys
from html import unescape
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import click
import pytest
from docs_shell import Shell

from genbench import plugin
from genbench.cli import cli

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))

import house  # noqa: E402 - a module of the documentation, which is no package
import reference  # noqa: E402 - a module of the documentation, which is no package

PAGES = {str(path.relative_to(DOCS)): path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md"))}
FIGURES = sorted((DOCS / "figures").glob("*.dot"))
BLOCK = re.compile(
    r'(?:^<!-- (?P<note>.*?) -->\n)?^```(?P<language>\w*)(?: title="(?P<title>[^"]+)")?\n(?P<body>.*?)^```$',
    re.M | re.S,
)
NOT_RUN = "not run: "
SEPARATORS = {";", "&&", "||", "|", ">", "<", "&", ">>", "(", ")"}


class Block(NamedTuple):
    """A block of code on a page."""

    language: str
    body: str
    title: str
    """The file that the block is; empty where it is not one."""
    reason: str
    """Why it is not run; empty where it is."""


def blocks(page):
    """The blocks of a page, in order."""
    for found in BLOCK.finditer(PAGES[page]):
        note = found["note"] or ""
        yield Block(
            found["language"],
            found["body"],
            found["title"] or "",
            note.removeprefix(NOT_RUN) if note.startswith(NOT_RUN) else "",
        )


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


CALLS = [
    (page, words, block.reason)
    for page in PAGES
    for block in blocks(page)
    if block.language == "bash"
    for words in calls(block.body)
]
PLANNED = [(page, words) for page, words, reason in CALLS if words[0] == "run" and reason and "--only" not in words]
RUN = [
    page
    for page in PAGES
    if any(block.language in ("bash", "python") and not block.reason and not block.title for block in blocks(page))
]


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_one_that_the_tests_know(page):
    assert PAGES[page].count("```") == 2 * len(list(blocks(page)))
    for block in blocks(page):
        assert block.language in ("bash", "python", "text", "toml", "yaml", "json"), block
        assert block.title or block.language not in ("toml",), block


@pytest.mark.parametrize(
    ("page", "words"),
    [(page, words) for page, words, _ in CALLS],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
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
@pytest.mark.long
@pytest.mark.parametrize("page", [page for page in RUN if page != "tutorial.md"])
def test_a_page_followed_to_its_end_after_the_tutorial_works(page, shell, after_the_tutorial, tmp_path):
    shutil.copytree(after_the_tutorial, tmp_path, dirs_exist_ok=True)
    follow(page, shell, tmp_path)


@pytest.mark.methods
@pytest.mark.slow
@pytest.mark.long
def test_the_page_on_the_files_of_a_trial_names_every_file(after_the_tutorial):
    for trial in (after_the_tutorial / "results").glob("*/trials/*"):
        found = {
            f"{path.parent.name}/" if path.parent != trial else path.name for path in trial.rglob("*") if path.is_file()
        }
        assert {name for name in found if f"`{name}" not in PAGES["reference/files.md"]} == set()


def follow(page, shell, folder):
    """Do what a page says, block by block: write its files, run its commands, look for the first line of what it shows
    of their output.
    """
    output = ""
    for block in blocks(page):
        if block.title:
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body)
        elif block.language == "text" and output:
            first = block.body.splitlines()[0].split()
            assert first in [line.split() for line in output.splitlines()], (
                f"{page} shows '{' '.join(first)}', which is not in\n{output}"
            )
        elif block.language == "bash" and not block.reason:
            output = shell.bash(block.body, folder)
        elif block.language == "python" and not block.reason:
            output = shell.python(block.body, folder)
        else:
            output = ""


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


def test_the_page_of_what_a_plugin_imports_names_everything_without_a_build():
    listed = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.+`) \| ", PAGES["reference/plugin.md"], re.M)))
    assert sorted(listed) == sorted(plugin.__all__)


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
            assert not isinstance(parameter, click.Option) or all(
                re.search(rf"[` ]{option}[` ,]", section) for option in parameter.opts
            )


def test_the_page_of_exit_codes_has_every_code_that_the_command_line_ends_with():
    codes = {0}
    for path in (ROOT / "genbench" / "cli").glob("*.py"):
        ends = [
            node
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "sys.exit"
        ]
        codes |= {
            node.value
            for end in ends
            for node in ast.walk(end)
            if isinstance(node, ast.Constant) and isinstance(node.value, int)
        }
    listed = PAGES["reference/exit-codes.md"].partition("\n## ")[0]
    assert {int(code) for code in re.findall(r"^\| `(\d+)` \|", listed, re.M)} == codes


def test_every_picture_that_the_pages_take_from_the_results_is_there_and_shown():
    shown = dict(re.findall(r'"(figures/[^"]+)": "(results/[^"]+)"', (DOCS / "build.py").read_text()))
    assert shown
    for place, path in shown.items():
        assert (ROOT / path).is_file()
        assert f"{place})" in "\n".join(PAGES.values())


def test_there_are_figures_of_all_four_methods():
    assert {path.stem for path in FIGURES} - {"house"} == {"gan", "gram", "mmdgan", "mmdnet"}


def test_the_picture_of_the_packages_is_that_of_the_code():
    drawn = (DOCS / "figures" / "house.dot").read_text()
    assert drawn == house.picture(), "run python docs/house.py, then dot -Tsvg house.dot -o house.svg in docs/figures"


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
    """Nodes with their labels, and edges with whether they are dashed, of a DOT file in which each has a line of its
    own.
    """
    statements = [line.strip() for line in text.splitlines()]
    nodes = {
        found[1]: plain(found[2])
        for line in statements
        if (found := re.match(r"(\w+) \[label=<(.*?)>(?:, \w+=|\])", line))
    }
    edges = {
        (found[1], found[2]): "style=dashed" in line
        for line in statements
        if (found := re.match(r"(\w+) -> (\w+)", line))
    }
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
            edges[tail, tip] = any(
                line.get("stroke-dasharray") for line in group.iter("{http://www.w3.org/2000/svg}path")
            )
    return nodes, edges


def plain(label):
    """The letters of a label."""
    return re.sub(r"\s", "", unescape(re.sub(r"<[^>]*>", "", label)))
