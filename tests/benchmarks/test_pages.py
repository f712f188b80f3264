"""Pages of committed results: made from records and the study's file, light, the answer first."""

import importlib.util
import json
from pathlib import Path

import pytest
from study_folders import a_record

from genbench.trial.collected import frame

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "results").glob("*/report.html"))
HEAVY = 2_500_000
"""Bytes: a committed page has neither curves nor pictures of samples."""


@pytest.fixture
def pages():
    spec = importlib.util.spec_from_file_location("pages", ROOT / "benchmarks" / "pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_a_page_is_made_of_records_and_the_studys_file(pages, tmp_path):
    folder = tmp_path / "figure1"
    folder.mkdir()
    trials = [a_record("gram", seed, metrics={"modes": 8.0, "high_quality": 0.8 + 0.01 * seed}) for seed in range(3)]
    frame(trials).to_csv(folder / "records.csv", index=False)
    (folder / "verdicts.csv").write_text("old")
    pages.main([str(folder)])
    text = (folder / "report.html").read_text()
    assert "<strong>undecided</strong>" in text
    assert "which hold neither curves nor pictures" in text
    assert {path.name for path in folder.iterdir()} == {"records.csv", "report.html", "verdicts.csv"}


@pytest.mark.slow
def test_a_page_knows_the_looks_that_were_taken(pages, tmp_path):
    folder = tmp_path / "figure1"
    folder.mkdir()
    methods = {
        name: [a_record(name, seed, metrics={"modes": 8.0, "high_quality": 0.8 + 0.01 * seed}) for seed in range(4)]
        for name in ("gram", "gan")
    }
    records = frame([record for own in methods.values() for record in own])
    records.to_csv(folder / "records.csv", index=False)
    cells = [[*own["trial"], f"{name}-to-come"] for name, own in records.groupby("method")]
    (folder / "looks.json").write_text(json.dumps({"seeds": [3, 4, 5], "spending": "obrien-fleming", "trials": cells}))
    pages.main([str(folder)])
    assert "Look 2 of at most 3, at 4 of at most 5 seeds" in (folder / "report.html").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_a_committed_page_is_light_and_begins_with_the_answer(page):
    text = page.read_text()
    assert len(text) < HEAVY
    assert '<section id="answer"' in text
    assert '<ul class="verdicts claims">' in text or 'id="table-ranking"' in text
