"""`report` and `compare` on the command line: what is printed and written, and with which exit code."""

import json
import re

import pytest
from study_folders import a_record, make, two_methods


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results"


@pytest.mark.slow
def test_report_prints_table_and_verdicts_and_writes_one_page(genbench, results):
    make(results, two_methods(), logged=False)
    code, out, err = genbench("report", "s")
    assert (code, err) == (0, "")
    assert re.search(r"^gram +0\.810 ± 0\.010", out, re.MULTILINE)
    assert "gan against gram: worse on high_quality; secondary: worse on mode_kl\nPrimary metric: high_quality" in out
    assert "gan's high_quality is lower than gram's by 0.3" in out
    assert out.endswith("written   results/s/report/report.html\n")
    assert (results / "s" / "report" / "report.html").read_text().startswith("<!doctype html>")


@pytest.mark.slow
def test_formats_a_folder_and_a_csv_file_can_be_asked_for(genbench, results, tmp_path):
    make(results, two_methods(), logged=False)
    code, out, _ = genbench("report", "s", "--format", "md,csv", "-o", "out", "--csv", "table.csv")
    assert code == 0
    assert {"report.md", "records.csv"} <= {path.name for path in (tmp_path / "out").iterdir()}
    assert (tmp_path / "table.csv").read_text().startswith("dataset,method,seeds,finished")
    assert "written   table.csv" in out
    assert not (results / "s" / "report").exists()


CLAIMS = {
    "held": {"claim": "GRAM is better.", "better": "gram", "than": ["gan"], "on": "high_quality"},
    "refuted": {"claim": "GAN is better.", "better": "gan", "than": ["gram"], "on": "high_quality"},
    "undecided": {"claim": "They are equal.", "equal": ["gan", "gram"], "on": "mode_kl", "within": 0.0292},
}


@pytest.mark.parametrize(
    ("words", "code"),
    [(["held"], 0), (["held", "undecided"], 4), (["held", "undecided", "refuted"], 3)],
)
def test_claims_are_a_line_each_and_the_exit_code_says_how_they_stand(genbench, results, words, code):
    spread = [
        a_record(name, seed, score=score + seed * 0.01 * (name == "gan"))
        for name, score in (("gan", 0.5), ("gram", 0.8))
        for seed in range(3)
    ]
    make(results, spread, logged=False, about={"claims": [*(CLAIMS[word] for word in words), "A sentence."]})
    ended, out, err = genbench("report", "s", "--claims")
    assert (ended, err) == (code, "")
    lines = out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [*words, "not judged"]
    assert lines[0].startswith("held: GRAM is better. – high_quality: gram is higher than gan by 0.29 [")
    ended, out, _ = genbench("report", "s", "--claims", "--format", "json")
    assert (ended, [one["word"] for one in json.loads(out)]) == (code, [*words, "not judged"])
    ended, out, _ = genbench("report", "s", "--claims", "--format", "csv")
    assert (ended, out.startswith("claim,paper,tested,word,sentence,estimate")) == (code, True)
    assert not (results / "s" / "report").exists()


def test_a_report_ends_with_its_claims_or_with_a_ranking(genbench, results):
    make(results, two_methods(), logged=False, about={"claims": [CLAIMS["held"]]})
    _, out, _ = genbench("report", "s", "--format", "csv")
    assert "\nClaims: 1 held\nheld        GRAM is better.\n            high_quality: gram is higher than gan by" in out
    assert (results / "s" / "report" / "claims.csv").read_text().startswith("claim,paper,tested,word")
    make(results, two_methods(study="t"), name="t", logged=False)
    _, out, _ = genbench("report", "t", "--format", "csv")
    assert "\nRanking by high_quality (higher is better)\n" in out
    assert re.search(r"^1 +gram +0.81 ± 0.01 +a +leads; ahead of gan", out, re.MULTILINE)


def test_claims_that_are_damaged_are_named_and_the_rest_is_reported(genbench, results):
    make(results, two_methods(), logged=False, about={"claims": [{"claim": "x", "better": "gram"}]})
    code, _, err = genbench("report", "s", "--format", "csv")
    assert code == 1
    assert "study.json: claims[0]: the key 'than' is missing" in err


def test_a_damaged_record_is_named_and_left_out_and_the_exit_code_says_so(genbench, results):
    folder = make(results, two_methods(), logged=False)
    victim = next((folder / "trials").glob("gram--1-*")) / "record.json"
    victim.write_bytes(victim.read_bytes()[:100])
    code, out, err = genbench("report", "s", "--format", "csv")
    assert code == 1
    assert re.fullmatch(r"left out: [^\n]*record\.json is damaged[^\n]*\n", err)
    assert "written" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", "t"], "unknown study 't'"),
        (["report", "failed"], "study failed has no finished trial to report: 1 failed"),
        (["report", "s", "--format", "htm"], "did you mean 'html'"),
        (["report", "s", "--format", "csv", "-o", "file"], "cannot be written"),
        (["report", "s", "--format", "csv", "--csv", "file/below"], "cannot be written"),
        (["report", "s", "--claims"], "the study has no claim that can be judged"),
        (["report", "s", "--claims", "--format", "html"], "claims are printed as json or csv"),
        (["report", "s", "--claims", "-o", "out"], "--claims prints and writes no file: leave out out"),
        (["compare", "s", "t"], "unknown study 't'"),
        (["compare", "s:gna", "s"], "unknown method in study s 'gna': did you mean 'gan'"),
        (["compare", "s"], "Missing argument 'B'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(genbench, results, tmp_path, words, said):
    make(results, two_methods(), logged=False)
    make(results, [a_record(status="failed", error="x")], name="failed", logged=False)
    (tmp_path / "file").touch()
    code, _, err = genbench(*words)
    assert code == 2
    assert re.fullmatch(r"genbench: [^\n]+\n", err), err
    assert said in err


def test_compare_shows_what_differs_what_is_the_same_and_who_is_better(genbench, results):
    make(results, two_methods(), logged=False)
    code, out, err = genbench("compare", "s:gan", "s:gram")
    assert (code, err) == (0, "")
    assert re.search(r"^differs +A: s:gan +B: s:gram", out)
    assert re.search(r"^versions +origin +genbench-gan 0.1 +genbench-gram 0.1", out, re.MULTILINE)
    assert "the same settings: method.lr=0.001" in out
    assert re.search(r"^high_quality +primary +gan +gram +worse", out, re.MULTILINE)


def test_compare_says_who_failed_and_over_what_p_are_adjusted(genbench, results):
    records = [
        a_record(name, seed, status=end)
        for name, end in (("gan", "diverged"), ("gram", "finished"))
        for seed in range(4)
    ]
    make(results, records, logged=False)
    code, out, _ = genbench("compare", "s:gan", "s:gram")
    assert code == 0
    assert (
        "gan's high_quality against gram's: worse, gan failed: gan diverged in all of 4 trials, gram in none of 4"
        in out
    )
    assert "note: primary metric: high_quality; secondary: mode_kl; p are adjusted within one metric" in out


def test_compare_takes_folders_of_studies_and_of_trials(genbench, results):
    folder = make(results, two_methods(), logged=False)
    make(results, two_methods(key="k1", protocol={"split": "train"}), name="other", logged=False)
    code, out, _ = genbench("compare", folder, results / "other")
    assert code == 0
    assert "note: not to be compared" in out
    code, out, _ = genbench("compare", next((folder / "trials").glob("gan--0-*")), "s:gram")
    assert code == 0
    assert "no verdict" in out


def test_compare_names_a_damaged_record(genbench, results):
    folder = make(results, two_methods(), logged=False)
    (next((folder / "trials").glob("gan--0-*")) / "record.json").write_text("[]")
    code, _, err = genbench("compare", "s:gan", "s:gram")
    assert code == 1
    assert err.count("left out") == 2


@pytest.mark.slow
def test_a_store_that_cannot_be_used_is_a_warning_and_the_report_is_there(genbench, results):
    make(results, two_methods(), logged=False)
    (results / "mlflow.db").write_text("no database")
    code, out, err = genbench("report", "s", "--format", "csv")
    assert code == 0
    assert "written" in out
    assert "warning: MLflow was not given the report" in err
