"""Planning a study from its file: what is run, under which name, what is missing, and what is written down before it
starts.
"""

import dataclasses
import json
import re

import pytest
import toys

from genbench.config.compose import Override
from genbench.contract import registry
from genbench.errors import DataError, GenbenchError, UnknownNameError
from genbench.study.file import EVERYTHING, load
from genbench.study.plan import asked, plan, write_asked
from genbench.study.run import write_trial
from genbench.study.runs import Changes
from genbench.trial.json_file import read_json

WORDS = ["data.points=800", "train.batch=20", "net.width=8", "evaluate.samples=100", "train.updates=2"]
SMALL = "data.points: 800, train.batch: 20, net.width: 8, evaluate.samples: 100, train.updates: 2"
TWO_RUNS = f"""
title: A title
question: A question?
runs:
  - {{methods: [toy], datasets: [ring], seeds: [0, 1], settings: {{{SMALL}, toy.lr: [1e-3, 1e-2]}}}}
  - {{methods: [toy/fast, toy], datasets: [ring], seeds: [1], settings: {{{SMALL}, toy.lr: 1e-2}}}}
"""


@pytest.fixture
def planned(tmp_path):
    """planned(text, changes…): the study of a file of that text."""

    def of(text, changes=None, **options):
        path = tmp_path / "nine.yaml"
        path.write_text(text)
        return plan(
            load(path), changes or Changes(), name=options.pop("name", None), results=tmp_path / "results", **options
        )

    return of


def test_the_trials_of_all_runs_are_one_study_the_seeds_outermost_and_what_two_runs_hold_is_one_trial(planned):
    study = planned(TWO_RUNS)
    assert study.name == "nine"
    assert [(trial.seed, trial.label, trial.settings["method"]["lr"]) for trial in study.trials] == [
        (0, "toy", 1e-3),
        (0, "toy", 1e-2),
        (1, "toy", 1e-3),
        (1, "toy", 1e-2),
        (1, "toy/fast", 1e-2),
    ]


def test_a_study_file_goes_before_variants_and_presets_and_the_command_line_before_it(planned):
    run = "methods: [toy/fast], datasets: [ring], seeds: [0]"
    text = f"title: t\nquestion: q\nruns:\n  - {{{run}, settings: {{{SMALL}, toy.lr: [3e-3, 4e-3]}}}}\n"
    assert [trial.settings["method"]["lr"] for trial in planned(text).trials] == [3e-3, 4e-3]
    (trial,) = planned(text, asked([], [], [], ["toy.lr=5e-3"])).trials
    assert (trial.settings["method"]["lr"], trial.swept) == (5e-3, {})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("train.bach: 1", "did you mean 'train.batch'"),
        ("toy.slow: maybe", "toy.slow"),
        ("toy.powers: [1.0, 2.0]", "toy.powers: [[1.0]]"),
    ],
)
def test_what_is_wrong_in_the_file_is_said_with_its_name_and_what_is_wrong_in_the_command_without(planned, wrong, said):
    with pytest.raises(GenbenchError, match=re.escape(said)) as of_the_file:
        planned(TWO_RUNS.replace("toy.lr: 1e-2", wrong))
    assert "nine.yaml: " in str(of_the_file.value)
    key, _, value = wrong.partition(": ")
    with pytest.raises(GenbenchError, match=re.escape(said)) as of_the_command:
        planned(TWO_RUNS, Changes(settings=(Override(key, tuple(value.strip("[]").split(", "))),)))
    assert "nine.yaml" not in str(of_the_command.value)


def test_an_unknown_method_of_the_file_is_said_with_its_name(planned):
    with pytest.raises(GenbenchError, match=r"nine\.yaml: unknown method 'tyo': did you mean 'toy'"):
        planned(TWO_RUNS.replace("methods: [toy]", "methods: [tyo]").replace("toy.lr: [1e-3, 1e-2]", "tyo.lr: 1"))
    with pytest.raises(UnknownNameError, match=r"^unknown method 'tyo'"):
        planned(TWO_RUNS, Changes(methods=("tyo",)))


def test_a_setting_of_a_method_that_is_not_run_is_refused_on_the_command_line(planned):
    with pytest.raises(GenbenchError, match=r"'toy-fails\.at' sets an option of toy-fails"):
        planned(TWO_RUNS, asked([], [], [], ["toy-fails.at=1"]))


def test_a_setting_under_its_two_names_is_refused_on_the_command_line():
    with pytest.raises(GenbenchError, match=r"'features\.name' is set 2 times"):
        asked([], [], [], ["features=x", "features.name=y"])


def test_a_file_whose_name_cannot_name_a_study_is_refused(planned, tmp_path):
    (tmp_path / "a study.yaml").write_text(TWO_RUNS)
    with pytest.raises(GenbenchError, match="'a study' cannot name a study"):
        plan(load(tmp_path / "a study.yaml"), Changes(), name=None, results=tmp_path)


ELSEWHERE = (
    "title: t\nquestion: q\nruns:\n  - {methods: [toy], datasets: [cifar10], seeds: [0], settings: {train.batch: 20}}\n"
)


def test_a_dry_run_says_what_is_missing_and_a_real_one_refuses(planned, tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_DATA", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(DataError, match="cifar10 is not there"):
        planned(ELSEWHERE)
    study = planned(ELSEWHERE, dry=True)
    assert len(study.trials) == 1
    data, weights = study.lacks
    assert data.startswith("cifar10 is not there")
    assert weights.startswith("the weights of inception-v3-compat are not in")


def test_a_dry_run_refuses_what_no_data_would_fix(planned, tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_DATA", str(tmp_path))
    with pytest.raises(GenbenchError, match=r"evaluate\.metrics names 'fid' twice"):
        planned(ELSEWHERE, asked([], [], [], ["evaluate.metrics=[fid,fid]"]), dry=True)
    with pytest.raises(GenbenchError, match="dcgan cannot be used on ring"):
        planned(TWO_RUNS, asked([], [], [], ["net=dcgan", "net.width=8"]), dry=True)


def test_what_was_asked_for_is_in_the_studys_folder_and_earlier_commands_are_kept(planned):
    study = planned(TWO_RUNS)
    for command in ("genbench run nine --seeds 0", "genbench run nine", "genbench run nine"):
        write_asked(study, command)
    found = json.loads((study.directory / "study.json").read_text())
    assert (found["name"], found["smoke"], found["title"], found["question"]) == (
        "nine",
        False,
        "A title",
        "A question?",
    )
    assert (found["command"], found["earlier"]) == ("genbench run nine", ["genbench run nine --seeds 0"])


def test_of_a_study_without_a_file_the_name_and_the_command_are_written_down(tmp_path):
    study = plan(EVERYTHING, asked(["toy"], [], [], ["data.points=800"]), name=None, results=tmp_path)
    write_asked(study, "genbench run")
    assert study.name == "ring-comparison"
    (cell,) = {trial.cell for trial in study.trials}
    assert read_json(study.directory / "study.json", sealed=True) == {
        "name": "ring-comparison",
        "smoke": False,
        "command": "genbench run",
        "earlier": [],
        "asked": {cell: "genbench run"},
    }


def test_a_flow_on_an_architecture_without_a_field_is_refused_before_anything_starts(planned, monkeypatch):
    monkeypatch.setattr(toys.Toy, "start", "field")
    load = registry.load

    def fieldless(kind, name):
        return dataclasses.replace(load(kind, name), field=None) if kind == "architectures" else load(kind, name)

    assert planned(TWO_RUNS).trials
    monkeypatch.setattr(registry, "load", fieldless)
    with pytest.raises(GenbenchError, match="cannot be run: architecture mlp has no field"):
        planned(TWO_RUNS)


def test_a_trial_of_another_sweep_goes_on_in_the_folder_that_it_has(tmp_path):
    def of(*words):
        return plan(EVERYTHING, asked(["toy"], ["ring"], [0], [*WORDS, *words]), name="s", results=tmp_path)

    swept = of("toy.lr=1e-3,1e-2")
    for trial in swept.trials:
        write_trial(trial, swept.directory_of(trial))
    again = of("toy.lr=1e-3", "threads=2")
    assert again.directory_of(again.trials[0]) == swept.directory_of(swept.trials[0])
    assert again.trials[0].running["threads"] == 2, "how it runs is the new command's"
    assert [trial.directory for trial in of("toy.lr=1e-4").trials] == [
        "ring-toy-seed0-" + of("toy.lr=1e-4").trials[0].id
    ]
    (swept.directory_of(swept.trials[0]) / "trial.json").write_text("{}")
    assert of("toy.lr=1e-3").trials[0].directory != swept.trials[0].directory, "a damaged folder is no trial's"
