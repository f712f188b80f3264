"""What the commands print in a terminal of 80 columns: no line is longer, and no word and no number is broken."""

import io
import re

import pytest
from study_folders import a_record, make

WIDTH = 80
METRICS = ("modes", "high_quality", "mode_kl", "neighbour_distance_heldout", "rarest_class", "clipped_coverage")
LONG = 60
"""Characters from which on a word may be longer than its line: a path, an address."""


@pytest.fixture
def results(tmp_path):
    """A results folder with a sweep of two methods and many metrics, of which one trial failed."""
    records = []
    for number, (method, lr) in enumerate([("gan", 0.1), ("gan", 0.01), ("mmdgan/repulsive", 0.1)]):
        for seed in range(3):
            scores = {metric: 1234.5 * (place + 1) + number + seed / 3 for place, metric in enumerate(METRICS)}
            records.append(
                a_record(
                    method,
                    seed,
                    settings={"method.lr": lr, "method.objective": "least-squares"},
                    metrics=scores,
                    better=dict.fromkeys(METRICS, "higher"),
                    protocol=dict.fromkeys(METRICS, "k0"),
                    images=123_456_789,
                    updates=1_234_567,
                )
            )
    error = "RuntimeError: the matrix is singular, and nothing that was tried made it any better than that"
    records.append(a_record("gram", 0, status="failed", error=error, settings={"method.lr": 0.1}))
    claims = [{"claim": "GAN is better than the repulsive one.", "better": "gan", "than": ["mmdgan/repulsive"]}]
    claims[0]["on"] = "modes"
    told = {"name": "s", "claims": claims}
    make(tmp_path / "results", records, about=told, logged=False, pictured=False)
    return tmp_path / "results"


@pytest.fixture
def both(genbench, monkeypatch):
    """both(word…): what a command prints in a pipe, and in a terminal of 80 columns."""

    def call(*words):
        _, out, err = genbench(*words)
        with monkeypatch.context() as terminal:
            for name, value in {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm"}.items():
                terminal.setenv(name, value)
            _, narrow, narrow_err = genbench(*words)
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", narrow + narrow_err)
        return out + err, plain

    return call


def check(wide, narrow):
    assert narrow.strip()
    long = [line for line in narrow.splitlines() if len(line.rstrip()) > WIDTH]
    assert [line for line in long if max(map(len, line.split())) < LONG] == []
    ages = re.compile(r"\b\d+ (d|h|min|s)\b")  # a clock has gone on between both
    assert set(ages.sub("", narrow).split()) <= set(ages.sub("", wide).split())


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["show", "toy"],
        ["show", "fid"],
        ["show", "ring"],
        ["show", "figure2"],
        ["show", "dcgan"],
        ["show", "inception-v3-compat"],
        ["show", "folder"],
        ["show", "fidd"],
        ["run", "--methods", "toy,toy/fast", "toy.lr=1e-3,1e-2", "train.images=4000,2000", "--dry-run"],
        ["run", "--methods", "tyo"],
        ["run", "figure8", "--methods", "toy", "--dry-run"],
    ],
    ids=" ".join,
)
def test_no_word_is_broken_in_80_columns(both, words):
    check(*both(*words))


@pytest.mark.parametrize(
    "words", [["status", "s"], ["compare", "s:gan", "s:mmdgan/repulsive"], ["report", "s", "--claims"]], ids=" ".join
)
def test_no_word_of_a_study_is_broken_in_80_columns(both, results, words):
    check(*both(*words, "--results", results))


@pytest.mark.slow
def test_no_word_of_scores_verdicts_claims_and_rankings_is_broken(both, results, monkeypatch):
    from genbench.report import contents
    from genbench.report.formats import formats

    monkeypatch.setattr(contents.gallery, "of", lambda trials: ([], []))  # figures and the page take seconds
    monkeypatch.setattr(formats, "write", lambda found, names, folder: formats.Written(files=[], problems=[]))
    wide, narrow = both("report", "s", "--results", results)
    check(wide, narrow)
    assert "high_quality" in narrow
    (results / "s" / "study.json").unlink()
    wide, narrow = both("report", "s", "--results", results)
    check(wide, narrow)
    assert "Ranking by" in narrow


def test_a_table_that_is_too_wide_goes_on_below_with_the_names_of_its_rows():
    from rich.console import Console

    from genbench.cli import layout

    console = Console(width=30, record=True, file=io.StringIO())
    console.print(layout.table([["gan", "1.00 ± 0.25", "100,000", "2"]], ["method", "modes", "images", "seeds"]))
    assert [line.split() for line in console.export_text().splitlines()] == [
        ["method", "modes", "images"],
        ["gan", "1.00", "±", "0.25", "100,000"],
        [],
        ["method", "seeds"],
        ["gan", "2"],
    ]
