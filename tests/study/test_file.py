"""Study files: read strictly, made small, narrowed by what is asked for."""

import re

import pytest

from genbench.config.compose import Override
from genbench.errors import GenbenchError, SettingsError
from genbench.study.file import EVERYTHING
from genbench.study.file import load as read_file
from genbench.study.runs import Changes

WHOLE = """
title: A title
question: A question?
paper: Table 9
claims: [one, two]
runs:
  - methods: [toy, toy/fast]
    datasets: [ring]
    seeds: [0, 1]
    settings: {toy.lr: [1e-3, 1e-2], train.batch: 20}
  - methods: [other]
    datasets: [ring, digits]
    seeds: [0]
    settings: {features: x, other.lr: 1.0}
score: {evaluate.seed: [1, 2]}
targets: {modes: 8, mmd: 1e-1}
smoke:
  seeds: [0]
  sweeps: 1
  settings: {train.batch: 5, other.lr: 2.0}
  score: {evaluate.seed: [1]}
published:
  protocol: by hand
  numbers:
    - {method: toy/fast, dataset: ring, metric: fid, mean: 1, sd: 0.5, n: 3, where: Table 9,
       condition: {train.batch: 20}}
    - {method: other, dataset: digits, metric: fid, mean: 2.5, where: Table 9}
"""


@pytest.fixture
def load(tmp_path):
    """load(text): the study of a file of that text."""

    def of(text, name="nine.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return read_file(path)

    return of


def settings(run):
    return {override.key: override.values for override in run.settings}


def test_a_file_is_read_as_it_is_written(load):
    file = load(WHOLE)
    assert (file.title, file.question, file.paper, file.claims) == ("A title", "A question?", "Table 9", ("one", "two"))
    first, second = file.runs
    assert (first.methods, first.datasets, first.seeds) == (("toy", "toy/fast"), ("ring",), (0, 1))
    assert settings(first) == {"toy.lr": (1e-3, 1e-2), "train.batch": (20,)}
    assert settings(second) == {"features.name": ("x",), "other.lr": (1.0,)}
    assert file.score == (1, 2)
    assert file.targets == {"modes": 8.0, "mmd": 0.1}
    assert file.published[0].condition == {"train.batch": 20}
    assert (file.published[1].sd, file.published[1].n) == (None, None)


def test_the_words_for_a_reader_are_plain_data_and_none_without_a_file(load):
    words = load(WHOLE).to_dict()
    assert words["claims"] == ["one", "two"]
    assert words["targets"] == {"modes": 8.0, "mmd": 0.1}
    assert words["published"]["protocol"] == "by hand"
    assert words["published"]["numbers"][1] == {
        **{"method": "other", "dataset": "digits", "metric": "fid", "mean": 2.5, "sd": None, "n": None},
        **{"where": "Table 9", "condition": {}},
    }
    assert EVERYTHING.to_dict() == {}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: A title", "titel: A title", "unknown key 'titel': did you mean 'title'"),
        ("question: A question?", "", "the key 'question' is missing"),
        ("title: A title", "title: 3", "title: expected a text, got '3'"),
        ("seeds: [0, 1]", "seed: [0, 1]", "runs[0]: unknown key 'seed': did you mean 'seeds'"),
        ("seeds: [0, 1]", "seeds: [0, one]", "runs[0].seeds[1]: expected a whole number from 0, got 'one'"),
        ("seeds: [0, 1]", "seeds: 0,1", "runs[0].seeds: expected a list of whole numbers"),
        ("datasets: [ring]", "datasets: []", "runs[0].datasets: expected at least one"),
        (
            "toy.lr: [1e-3, 1e-2]",
            "tyo.lr: 1",
            "runs[0].settings.tyo.lr: a setting begins with a section or a method of the run: data, net",
        ),
        ("toy.lr: [1e-3, 1e-2]", "other.lr: 1", "runs[0].settings.other.lr: a setting begins with"),
        ("features: x", "features: x, features.name: y", "runs[1].settings.features: it is short for 'features.name'"),
        ("toy.lr: [1e-3, 1e-2]", "toy.lr: []", "runs[0].settings.toy.lr: expected a value"),
        (
            "score: {evaluate.seed: [1, 2]}",
            "score: {evaluate.seeds: [1]}",
            "score: unknown key 'evaluate.seeds': did you mean 'evaluate.seed'",
        ),
        ("modes: 8,", "modes: all,", "targets.modes: expected a number, got 'all'"),
        ("  sweeps: 1", "  sweeps: 0", "smoke.sweeps: expected a whole number from 1"),
        ("  sweeps: 1", "  sweep: 1", "smoke: unknown key 'sweep': did you mean 'sweeps'"),
        ("other.lr: 2.0", "third.lr: 2.0", "smoke.settings.third.lr"),
        ("mean: 1,", "mean: low,", "published.numbers[0].mean: expected a number, got 'low'"),
        (
            "method: toy/fast",
            "method: toy/fats",
            "published.numbers[0].method: unknown method 'toy/fats': did you mean 'toy/fast'",
        ),
        ("dataset: digits, metric", "dataset: digit, metric", "numbers[1].dataset: unknown dataset 'digit'"),
        ("  protocol: by hand\n", "", "published: the key 'protocol' is missing"),
    ],
)
def test_what_is_wrong_is_one_line_with_the_file_the_key_and_what_was_possible(load, old, new, said):
    assert old in WHOLE
    with pytest.raises(SettingsError, match=re.escape(said)) as error:
        load(WHOLE.replace(old, new, 1))
    assert re.match(r"\S*nine\.yaml: ", str(error.value))
    assert "\n" not in str(error.value)


def test_a_study_without_a_run_is_refused(load):
    with pytest.raises(SettingsError, match="at least one run"):
        load("title: t\nquestion: q\nruns: []\n")


def test_smoke_cuts_sweeps_and_replaces_seeds_settings_and_scores(load):
    file = load(WHOLE).changed(Changes(), smoke=True)
    first, second = file.runs
    assert settings(first) == {"toy.lr": (1e-3,), "train.batch": (5,)}
    assert settings(second) == {"features.name": ("x",), "other.lr": (2.0,), "train.batch": (5,)}
    assert {run.seeds for run in file.runs} == {(0,)}
    assert file.score == (1,)


def test_the_command_line_goes_before_the_small_size(load):
    asked = Changes(seeds=(7,), settings=(Override("train.batch", (3, 4)),))
    for run in load(WHOLE).changed(asked, smoke=True).runs:
        assert run.seeds == (7,)
        assert settings(run)["train.batch"] == (3, 4)


def test_what_is_not_asked_for_stays(load):
    file = load(WHOLE)
    assert file.changed(Changes()) == file


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ({"methods": ("other",)}, [(("other",), ("ring", "digits"))]),
        ({"methods": ("toy/fast", "other")}, [(("toy/fast",), ("ring",)), (("other",), ("ring", "digits"))]),
        ({"datasets": ("digits",)}, [(("other",), ("digits",))]),
        ({"methods": ("new",)}, [(("new",), ("ring",)), (("new",), ("ring", "digits"))]),
        ({"methods": ("new", "toy")}, [(("new", "toy"), ("ring",)), (("new",), ("ring", "digits"))]),
        ({"datasets": ("moons", "digits")}, [(("toy", "toy/fast"), ("moons",)), (("other",), ("moons", "digits"))]),
        ({"methods": ("other",), "datasets": ("moons",)}, [(("other",), ("moons",))]),
    ],
)
def test_what_some_runs_name_is_run_as_those_say_and_what_none_names_joins_every_run(load, asked, left):
    assert [(run.methods, run.datasets) for run in load(WHOLE).changed(Changes(**asked)).runs] == left


def test_settings_of_methods_that_have_gone_go_too(load):
    first, second = load(WHOLE).changed(Changes(methods=("new",), settings=(Override("new.lr", (1,)),))).runs
    assert settings(first) == {"train.batch": (20,), "new.lr": (1,)}
    assert settings(second) == {"features.name": ("x",), "new.lr": (1,)}


def test_what_leaves_no_run_is_refused(load):
    with pytest.raises(GenbenchError, match=r"nine\.yaml has no run of toy on digits"):
        load(WHOLE).changed(Changes(methods=("toy",), datasets=("digits",)))


def test_without_a_file_everything_is_as_it_was_asked_for():
    (run,) = EVERYTHING.changed(
        Changes(methods=("a", "b"), datasets=("ring", "digits"), settings=(Override("b.lr", (1,)),))
    ).runs
    assert (run.methods, run.datasets, run.seeds) == (("a", "b"), ("ring", "digits"), (0,))
    assert settings(run) == {"b.lr": (1,)}


def test_a_study_without_a_small_size_says_so(load):
    with pytest.raises(GenbenchError, match=r"nine\.yaml has no smoke size"):
        load(WHOLE[: WHOLE.index("smoke:")]).changed(Changes(), smoke=True)
    with pytest.raises(GenbenchError, match="a study without a file has no smoke size"):
        EVERYTHING.changed(Changes(), smoke=True)


def test_a_study_is_called_as_its_file(load):
    file = load(WHOLE)
    assert (file.study_name(smoke=False), file.study_name(smoke=True)) == ("nine", "nine-smoke")
    assert EVERYTHING.study_name(smoke=False) == ""
