"""Completion in the shell, and how `show` finds what has a name."""

import os
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete

from genbench.cli import cli


def complete(*words):
    *before, incomplete = words
    found = ShellComplete(cli, {}, "genbench", "_GENBENCH_COMPLETE").get_completions(list(before), incomplete)
    return [item.value for item in found]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["run", "--methods", "toy-f"], "toy-fails"),
        (["run", "--methods", "toy,toy/f"], "toy,toy/fast"),
        (["run", "--dataset", "ring,dig"], "ring,digits"),
        (["run", "figure2", "train.im"], "train.images="),
        (["run", "figu"], "figure2"),
        (["run", "toy.po"], "toy.powers="),
        (["run", "--methods", "toy", "net.dep"], "net.depth="),
        (["run", "data.held"], "data.held_out="),
        (["evaluate", "x", "--metrics", "modes,high"], "modes,high_quality"),
        (["show", "own-c"], "own-classifier"),
        (["check", "to"], "toy"),
        (["stat"], "status"),
    ],
)
def test_names_and_settings_are_completed(words, found):
    assert found in complete(*words)


def test_settings_of_methods_that_do_not_run_are_not_offered():
    assert complete("run", "--methods", "toy-fails", "toy.") == []


def test_studies_are_those_of_the_results_folder(tmp_path):
    (tmp_path / "mine" / "trials").mkdir(parents=True)
    assert complete("status", "--results", str(tmp_path), "") == ["mine"]
    assert complete("status", "--results", str(tmp_path / "none"), "") == []


def test_a_command_that_does_not_exist_completes_nothing():
    assert complete("rnu", "--meth") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_asks_genbench(genbench, shell):
    code, out, _ = genbench("completion", shell)
    assert code == 0
    assert f"_GENBENCH_COMPLETE={shell}_complete" in out


def test_completion_imports_nothing_heavy():
    code = (
        "import sys\nfrom genbench.cli import main\ntry: main([])\nexcept SystemExit: pass\n"
        "print(sorted({'torch', 'numpy', 'hydra', 'pandas', 'mlflow'} & set(sys.modules)), file=sys.stderr)"
    )
    words = {"_GENBENCH_COMPLETE": "bash_complete", "COMP_WORDS": "genbench run --methods toy toy.", "COMP_CWORD": "4"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, **words}
    )
    assert done.stderr.strip() == "[]"
    assert "plain,toy.lr=" in done.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fid", "better       lower"),
        ("ring", "data set ring: "),
        ("mlp", "net.depth"),
        ("own-classifier", "extractor own-classifier: "),
        ("tensorboard", "--observers tensorboard"),
        ("figure2", "run    genbench run figure2"),
        ("toy/fast", "variant toy/fast"),
    ],
)
def test_show_tells_of_everything_that_has_a_name(genbench, name, said):
    code, out, err = genbench("show", name)
    assert code == 0, err
    assert said in out


@pytest.mark.parametrize(("name", "near"), [("fidd", "fid"), ("figure22", "figure2"), ("ringg", "ring")])
def test_show_names_the_nearest_of_everything(genbench, name, near):
    code, _, err = genbench("show", name)
    assert code == 2
    assert f"did you mean '{near}'" in err


def test_python_runs_the_package():
    import genbench.__main__
    import genbench.cli

    assert genbench.__main__.main is genbench.cli.main
