"""The studies in benchmarks/: each is composed for real, small when it should be, and named in the README."""

import json
import re
from pathlib import Path

import pytest

from genbench import cli
from genbench.contract import registry
from genbench.study import catalogue
from genbench.study.file import load
from genbench.study.plan import asked, plan
from genbench.study.runs import Changes

FOLDER = Path(__file__).parents[2] / "benchmarks"
STUDIES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
PAPERS = {
    "figure1",
    "figure2",
    "figure4",
    "figure5a",
    "figure5b",
    "figure5c",
    "figure6",
    "figure7",
    "figure8",
    "table1",
    "table2",
    "table4",
    "table8",
}
SMALLER = {
    *("table1-fashion", "table1-fashion-rates", "table4-fashion", "table1-photographs", "gram-photographs"),
    *("table1-small", "table4-small", "figure5-small", "figure7-small", "table1-photographs-small"),
    *("figure5b-small", "figure5c-small", "gram-photographs-rates", "gram-photographs-32", "zoo-small"),
}
"""Studies that ask what a paper's table asks, or control one that does, and are of a size for a CPU."""
NEEDING_DATA = {"cifar10", "celeba", "mnist", "fashion-mnist"}
INSTALLED = {entry.name for entry in registry.installed("methods") if not entry.problem}
MOST_IMAGES, MOST_TRIALS = 20_000, 20
"""Of a small size: images of one trial, and trials."""


@pytest.fixture(scope="module", params=STUDIES)
def file(request):
    return load(FOLDER / f"{request.param}.yaml")


@pytest.fixture(scope="module")
def changes(file):
    """None, or the toy for the methods of a study that are not installed."""
    methods = {label.partition("/")[0] for run in file.runs for label in run.methods}
    return Changes() if methods <= INSTALLED else Changes(methods=("toy",))


@pytest.fixture(scope="module", autouse=True)
def nothing_there(tmp_path_factory):
    """No data and no weights, whatever this machine has."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GENBENCH_DATA", "TORCH_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp("nothing")))
        yield


@pytest.fixture(scope="module")
def composed(file, changes, nothing_there, tmp_path_factory):
    """The study of a file, planned in full."""
    return plan(file, changes, name=None, results=tmp_path_factory.mktemp("results"), dry=True)


def test_every_table_and_figure_with_results_has_a_study():
    assert set(STUDIES) == PAPERS | SMALLER | {"lottery", "cost", "sharp-ring", "variants", "zoo-ring"}


@pytest.mark.slow
def test_a_study_is_composed_for_real_and_what_it_needs_is_named(file, composed):
    study = composed
    assert study.name == file.path.stem
    needed = {trial.dataset for trial in study.trials} & NEEDING_DATA
    assert {line.split()[0] for line in study.lacks if " is not there" in line} == needed
    budgets = {
        trial.settings["train"]["batch"] * (trial.settings["train"]["updates"] or 0)
        or trial.settings["train"]["images"]
        for trial in study.trials
    }
    assert min(budgets) >= (40_000 if study.name in SMALLER else 1_000_000)


@pytest.mark.slow
def test_the_small_size_is_small_and_needs_nothing(file, changes, tmp_path):
    study = plan(file, changes, name=None, results=tmp_path, smoke=True)
    assert study.name == f"{file.path.stem}-smoke"
    assert study.lacks == ()
    assert len(study.trials) <= MOST_TRIALS
    for trial in study.trials:
        train = trial.settings["train"]
        assert (
            min(train["images"] or MOST_IMAGES + 1, train["batch"] * (train["updates"] or MOST_IMAGES)) <= MOST_IMAGES
        )
        assert trial.settings["evaluate"]["samples"] <= 500


@pytest.mark.slow
def test_methods_of_one_run_get_the_same_images(composed):
    study = composed
    for dataset in {trial.dataset for trial in study.trials}:
        budgets = {
            (trial.settings["train"]["images"], trial.settings["train"]["updates"])
            for trial in study.trials
            if trial.dataset == dataset
        }
        assert len(budgets) == 1


def test_published_numbers_belong_to_trials_of_the_study(file, tmp_path):
    for number in file.published:
        run = next(run for run in file.runs if number.method in run.methods and number.dataset in run.datasets)
        swept = {override.key: override.values for override in run.settings}
        assert all(value in swept[key] for key, value in number.condition.items())
        assert number.n in (3, None)


def test_the_readme_has_a_row_for_every_study():
    rows = re.findall(r"^\| `([\w-]+)` \| (.+?) \|", (FOLDER / "README.md").read_text(), re.M)
    assert [name for name, _ in rows] == sorted(STUDIES, key=[name for name, _ in rows].index)
    assert {name for name, _ in rows} == set(STUDIES)


def run(*words):
    with pytest.raises(SystemExit) as end:
        cli.main([str(word) for word in words])
    return end.value.code


@pytest.mark.slow
@pytest.mark.parametrize(("name", "trials"), [("figure1", 1), ("lottery", 8)])
def test_a_small_size_runs_by_name_and_leaves_word_of_what_it_was(name, trials, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    methods = "gram" if "gram" in INSTALLED else "toy"
    words = [
        "run",
        name,
        "--smoke",
        "--methods",
        methods,
        "--observers",
        "none",
        "--slots",
        1,
        "data.points=800",
        "train.batch=20",
        "train.images=100",
    ]
    assert run(*words) == 0
    folder = tmp_path / "results" / f"{name}-smoke"
    about = json.loads((folder / "study.json").read_text())
    assert (about["name"], about["smoke"]) == (f"{name}-smoke", True)
    assert about["command"] == " ".join(["genbench", *map(str, words)])
    assert about["title"] == catalogue.find(name).title
    records = [json.loads(path.read_text()) for path in folder.glob("trials/*/record.json")]
    assert [record["status"] for record in records] == ["finished"] * trials
    assert f"{methods} " in capsys.readouterr().out
    if name == "lottery":
        assert all({"mmd", "mmd@seed1"} <= set(record["metrics"]) for record in records)
        assert {record["settings.seeds.init"] for record in records} == {None, 1}


@pytest.mark.slow
def test_a_study_file_runs_from_python(tmp_path, monkeypatch):
    import genbench

    monkeypatch.chdir(tmp_path)
    small = ["data.points=800", "train.batch=20", "train.images=100"]
    path = FOLDER / "figure2.yaml"
    records = genbench.run(
        study_file=path,
        smoke=True,
        methods=["toy"],
        overrides=[*small, "net.latent=3", "net.width=8"],
        observers=[],
        slots=1,
    )
    assert (len(records), records["settings.net.latent"].item(), records["study"].item()) == (1, 3, "figure2-smoke")
    about = json.loads((tmp_path / "results" / "figure2-smoke" / "study.json").read_text())
    assert about["command"].startswith(f"genbench.run(study_file='{path}', smoke=True, methods=['toy']")


def test_asking_for_a_swept_setting_replaces_the_sweep(tmp_path):
    study = plan(catalogue.find("figure2"), asked(["toy"], [], [0], ["net.latent=3"]), name=None, results=tmp_path)
    assert {trial.settings["net"]["latent"] for trial in study.trials} == {3}
    assert len(study.trials) == 3
