"""What version 0.1.0 left opens and goes on: a results folder, and the wheel of a plugin that was built for it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from genbench.report import contents
from genbench.study import status
from genbench.training import worker
from genbench.training.generator import Generator
from genbench.trial import collected, record

HERE = Path(__file__).parent
INTERRUPTED = "ring-toy-seed3-c3fd30981d"
STOPPED_AT, MMD_AT_ITS_END = 23, 0.561530553305788
"""The update at which version 0.1.0 was interrupted, and what its undisturbed run of the same trial gave."""


@pytest.fixture
def results(tmp_path):
    """A copy of the results folder that version 0.1.0 left: two methods, one that diverges, one trial interrupted."""
    shutil.copytree(HERE / "small", tmp_path / "results" / "small")
    return tmp_path / "results"


def test_the_records_of_the_version_before_are_read(results):
    rows = collected.load(results)
    assert dict(rows["status"].value_counts()) == {"finished": 4, "diverged": 1, "interrupted": 1}
    assert set(rows["genbench_version"]) == {"0.1.0"}
    assert rows.set_index("trial")["mmd"]["ring-toy-seed0-7859ea9bb5"] == 0.9166373829085159


def test_its_study_has_a_status_and_a_report(results):
    states = {one.directory.name: one.state for one in status.states(results / "small")[0]}
    assert states[INTERRUPTED] == "interrupted"
    assert sorted(states.values()) == ["diverged", *["finished"] * 4, "interrupted"]
    found = contents.of(results / "small")
    assert found.damaged == ()
    assert [row for row in found.results[0].shown["method"] if row.startswith("toy")]


def test_its_finished_trials_are_left_alone_and_the_interrupted_one_goes_on_from_its_checkpoint(results):
    trials = results / "small" / "trials"
    before = {path: path.read_bytes() for path in trials.glob("*/record.json") if INTERRUPTED not in path.parts}
    for directory in sorted(trials.iterdir()):
        assert worker.run_trial(directory) == (worker.DIVERGED if "fails" in directory.name else worker.DONE)
    assert {path: path.read_bytes() for path in before} == before
    ended = record.read(trials / INTERRUPTED)
    assert (ended.status, ended.updates, ended.resumes) == ("finished", 100, 1)
    updates = [
        json.loads(line)["updates"] for line in (trials / INTERRUPTED / "metrics.jsonl").read_text().splitlines()
    ]
    assert updates == sorted(updates)
    assert STOPPED_AT - 1 in updates
    # To the bit on one kind of processor; others round differently.
    assert ended.metrics["mmd"] == pytest.approx(MMD_AT_ITS_END, rel=1e-4)


def test_samples_come_from_its_checkpoints(results):
    samples = Generator.load(results / "small" / "trials" / "ring-toy-fast-seed1-d3224a8560").sample(10)
    assert samples.shape == (10, 2)


@pytest.fixture(scope="module")
def outsider(tmp_path_factory):
    """outsider(words…): a command with the plugin's wheel installed beside everything else; its standard output."""
    folder = tmp_path_factory.mktemp("outsider")
    (wheel,) = (HERE / "outsider").glob("*.whl")
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(folder / "site"),
    ]
    subprocess.run([*install, str(wheel)], check=True)
    path = os.pathsep.join(filter(None, [str(folder / "site"), os.environ.get("PYTHONPATH")]))

    def call(*words):
        command = [sys.executable, "-m", "genbench.cli", *words]
        done = subprocess.run(
            command, cwd=folder, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    call.folder = folder
    return call


@pytest.mark.slow
def test_a_plugin_that_was_built_for_the_version_before_is_listed_with_all_that_it_brings(outsider):
    lines = [line.split() for line in outsider("list").splitlines() if "genbench-outsider" in line]
    named = [words[0].removeprefix("outsider") for words in lines]
    assert named == ["", "-points", "-net", "-feature", "-mean", "-colour", "-diary"]
    assert not any("BROKEN:" in words for words in lines)


@pytest.mark.slow
def test_its_method_keeps_the_contract(outsider):
    assert all(line.startswith("ok ") for line in outsider("check", "outsider").splitlines())


@pytest.mark.slow
def test_its_method_data_set_architecture_metric_and_observer_run_unchanged(outsider):
    words = ["--methods", "outsider,outsider/mean", "--dataset", "outsider-points", "--observers", "outsider-diary"]
    table = outsider("run", *words, "--results", "results")
    assert [line.split()[0] for line in table.splitlines()[:3]] == ["method", "outsider", "outsider/mean"]
    diary = (outsider.folder / "results" / "diary.txt").read_text().splitlines()
    assert sum(line.endswith("finished") for line in diary) == 2
    rows = collected.load(outsider.folder / "results").set_index("variant")
    assert set(rows["architecture"]) == {"outsider-net"}
    # What version 0.1.0 gave for the same seed.
    assert rows["outsider-mean"][""] == pytest.approx(0.6643187999725342, rel=1e-4)
    assert rows["outsider-mean"]["mean"] == pytest.approx(0.04876328632235527, rel=1e-4)
