"""The command line: what is printed, where, and with which exit code."""

import re

import pytest

from genbench.trial.record import read

SMALL = [
    "data.points=800",
    "train.batch=20",
    "net.width=8",
    "evaluate.samples=100",
    "train.updates=20",
    "train.log_every=40",
]


@pytest.fixture
def finished(trained):
    """The folder of a finished trial of the toy."""
    return trained()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu"], "unknown command 'rnu': did you mean 'run'"),
        (["run", "--method", "toy"], "--methods"),
        (["run", "--methods", "tyo"], "unknown method 'tyo': did you mean 'toy'"),
        (["run", "--methods", "toy,"], "empty name"),
        (["run", "--methods", "toy/fats"], "did you mean 'fast'"),
        (["run", "--methods", "toy", "--dataset", "rnig"], "unknown dataset 'rnig': did you mean 'ring'"),
        (["run", "--methods", "toy", "--seeds", "0,one"], "'one' is not a seed"),
        (["run", "--methods", "toy", "--seeds", "-1"], "not a seed"),
        (["run", "--methods", "toy", "--slots", "0"], "--slots"),
        (["run", "--methods", "toy", "--study", "a/b"], "cannot name a study"),
        (["run", "--methods", "toy", "--study", ".."], "cannot name a study"),
        (["run", "--methods", "toy", "--observers", "mlfow"], "did you mean 'mlflow'"),
        (["run", "--methods", "toy", "train.bach=1"], "did you mean 'train.batch'"),
        (["run", "--methods", "toy", "train.batch=many"], "train.batch"),
        (["run", "--methods", "toy", "toy.rl=1,2"], "did you mean 'toy.lr'"),
        (["run", "--methods", "toy", "--results", "file/below"], "is a file"),
        (["run", "figur2"], "unknown study 'figur2': did you mean 'figure2'"),
        (["run", "train.batch"], "unknown study 'train.batch'"),
        (["run", "figure2", "figure6"], "cannot read 'figure6'"),
        (["run", "figure2", "--study-file", "benchmarks/figure2.yaml"], "each name a study"),
        (["run", "--study-file", "figure2"], "genbench run figure2"),
        (["run", "--study-file", "none.yaml"], "none.yaml cannot be read"),
        (["run", "figure2", "--methods", "toy", "--smoke", "gram.lr=1"], "gram"),
        (["run", "--methods", "toy", "--smoke"], "a study without a file has no smoke size"),
        (["list", "method"], "methods"),
        (["show", "tyo"], "did you mean 'toy'"),
        (["show"], "one of the two"),
        (["show", "toy", "--environment"], "one of the two"),
        (["check", "tyo"], "did you mean 'toy'"),
        (["check", "toy", "--only", "rank"], "unknown clause 'rank': did you mean 'ranks'"),
        (["check", "toy", "--device", "gpu"], "device 'gpu' cannot be used"),
        (["check", "tyo", "--watch"], "did you mean 'toy'"),
        (["new", "My Method"], "small letters"),
        (["new", "train"], "not one of"),
        (["new", "toy"], "there is a method 'toy' already"),
        (["trial", "nowhere"], "no trial's folder"),
        (["sample", "nowhere"], "no trial's folder"),
        (["evaluate", "nowhere"], "holds no trial"),
        (["run", "--methods", "toy", "evaluate.metrics=mmd"], "write evaluate.metrics=[mmd]"),
        (["run", "--methods", "toy", "evaluate.best=mdm"], "what could: modes"),
        (["sample", "nowhere", "-o", "grid.txt"], ".npz"),
        (["sample", "nowhere", "-o", "file"], "something already"),
        (["sample", "nowhere", "-n", "0"], "-n"),
        (["report", "nothing"], "unknown study 'nothing'"),
        (["report", "../results"], "unknown study"),
        (["sync", "nowhere"], "no results folder"),
        (["ui", "--results", "nowhere"], "no results folder"),
        (["ui", "--port", "70000"], "--port"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2_and_nothing_is_written(genbench, tmp_path, words, said):
    (tmp_path / "file").touch()
    code, out, err = genbench(*words)
    assert (code, out) == (2, "")
    assert re.fullmatch(r"genbench: [^\n]+\n", err), err
    assert said in err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_help_names_every_command(genbench):
    code, out, _ = genbench("--help")
    assert code == 0
    assert all(name in out for name in ("run", "list", "show", "check", "trial", "sample", "report", "sync", "ui"))


def test_list_shows_names_variants_and_origins(genbench):
    code, out, _ = genbench("list", "methods")
    assert code == 0
    assert re.search(r"toy +genbench-toys 0.1  variants: fast", out)


def test_list_shows_studies_with_their_titles(genbench):
    code, out, _ = genbench("list", "studies")
    assert code == 0
    assert re.search(r"^  figure2 +GAN and GRAM under 12 settings of the ring$", out, re.MULTILINE)
    assert genbench("list")[1].endswith(out)


def test_a_dry_run_of_a_study_whose_data_are_missing_shows_the_plan_and_what_is_missing(
    genbench, tmp_path, monkeypatch
):
    monkeypatch.setenv("GENBENCH_DATA", str(tmp_path))
    code, out, err = genbench("run", "figure8", "--methods", "toy", "--dry-run")
    assert code == 0
    assert re.search(r"toy +celeba +0 +[0-9a-f]{10} +new", out)
    assert err.count("missing: ") == len(err.splitlines())
    assert {line.split()[1] for line in err.splitlines()} >= {"cifar10", "celeba"}
    assert list(tmp_path.iterdir()) == []


def test_show_prints_settings_with_defaults_meanings_and_sources_presets_and_variants(genbench):
    code, out, _ = genbench("show", "toy")
    assert code == 0
    assert re.search(r"toy\.lr +0\.001 +learning rate +nowhere", out)
    assert re.search(r"preset ring\n.*\n +lr +0\.002 +nowhere", out)
    assert "variant toy/fast" in out


def test_a_dry_run_shows_trials_ids_what_differs_and_what_is_done_and_writes_nothing(genbench, tmp_path):
    code, out, _ = genbench("run", "--methods", "toy,toy/fast", "--dry-run", *SMALL)
    assert code == 0
    assert "train: batch=20" in out
    assert "\ntoy/fast: lr=0.01 " in out
    assert re.search(r"^toy/fast +ring +0 +[0-9a-f]{10} +new *$", out, re.MULTILINE)
    assert list(tmp_path.iterdir()) == []


def test_a_trial_that_is_done_is_reported_at_once(genbench, finished):
    code, out, _ = genbench("trial", finished)
    assert (code, out) == (0, "toy on ring, seed 0: finished\n")


def test_samples_are_drawn_from_a_trials_folder_alone(genbench, finished, tmp_path):
    code, out, _ = genbench("sample", finished, "-n", "50", "-o", "cloud.png")
    assert code == 0
    assert "50 samples after 20 updates" in out
    assert (tmp_path / "cloud.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_table_can_be_had_again_and_as_csv(genbench, finished, tmp_path):
    code, out, _ = genbench("report", "s", "--results", finished.parents[2], "--csv", "table.csv")
    assert code == 0
    score = read(finished).metrics["high_quality"]
    assert f"{score:.3f}" in out
    header, row = (tmp_path / "table.csv").read_text().splitlines()
    assert header.startswith("dataset,method,seeds,finished,diverged,failed")
    assert str(score) in row


def test_a_study_that_does_not_exist_is_guessed(genbench, finished):
    code, _, err = genbench("report", "ss", "--results", finished.parents[2])
    assert code == 2
    assert "did you mean 's'" in err


@pytest.mark.slow
def test_run_ends_with_a_table_paths_and_links_and_skips_what_is_done(genbench, tmp_path):
    words = ["run", "--methods", "toy,toy-fails", "--seeds", "0,1", "toy-fails.how=raise", *SMALL]
    code, out, err = genbench(*words)
    assert code == 1
    assert re.search(r"^toy .*±.* 2 *$", out, re.MULTILINE)
    assert re.search(r"^toy-fails .* 2 failed$", out, re.MULTILINE)
    assert f"results   {tmp_path}/results/ring-comparison" in out
    assert "/#/compare-runs?runs=" in out
    assert err.count("failed: toy-fails on ring") == 2
    assert "log.txt" in err
    code, out, err = genbench(*words)
    assert code == 1
    assert "2 of 4 trials are done already" in err
    assert genbench("sync")[1] == "4 trials replayed into mlflow\n"


def test_evaluate_adds_numbers_and_shows_them_alone(genbench, finished):
    code, out, err = genbench("evaluate", finished, "--metrics", "mmd", "--samples", "50")
    assert code == 0, err
    assert "scored [1 of 1]" in err
    assert "mmd@" in out
    assert "modes" not in out
    assert "generated_images 50 instead of 100" in out
    assert genbench("evaluate", finished, "--metrics", "mdm")[0] == 2
    assert genbench("evaluate", finished, "train.batch=4")[0] == 2
    assert genbench("sample", finished, "--checkpoint", "best")[0] == 2
