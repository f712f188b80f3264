"""The files of a report."""

import pandas as pd
import pytest
from study_folders import make, two_methods

from genbench.errors import GenbenchError
from genbench.report import contents
from genbench.report.formats import formats


@pytest.fixture
def report(tmp_path):
    return contents.of(make(tmp_path, two_methods(), logged=False))


@pytest.mark.slow
def test_every_format_is_a_file_and_figures_are_beside_it(report, tmp_path):
    written = formats.write(report, ["html", "md", "latex"], tmp_path / "out").files
    assert [path.name for path in written] == ["report.html", "report.md", "report.tex"]
    assert all(path.stat().st_size > 1000 for path in written)
    assert {path.suffix for path in (tmp_path / "out" / "figures").iterdir()} == {".png", ".pdf"}


def test_csv_is_a_file_per_table_with_the_numbers_in_full_and_needs_no_figures(report, tmp_path):
    written = formats.write(report, ["csv"], tmp_path / "out").files
    assert not (tmp_path / "out" / "figures").exists()
    assert {"records.csv", "table.csv", "verdicts.csv", "intervals.csv", "cost.csv"} <= {path.name for path in written}
    pd.testing.assert_series_equal(
        pd.read_csv(tmp_path / "out" / "records.csv")["high_quality"], report.records["high_quality"]
    )
    assert pd.read_csv(tmp_path / "out" / "verdicts.csv")["p_holm"].notna().all()


@pytest.mark.slow
def test_writing_a_report_again_writes_the_same_bytes(report, tmp_path):
    kinds = ["html", "md", "latex", "csv"]
    first, second = (
        {path.name: path.read_bytes() for path in formats.write(report, kinds, tmp_path / name).files}
        for name in ("one", "two")
    )
    assert first == second


def test_an_unknown_format_is_guessed_before_anything_is_written(report, tmp_path):
    with pytest.raises(GenbenchError, match="unknown format 'htm': did you mean 'html'"):
        formats.write(report, ["htm"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_one_line(report, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(GenbenchError, match="name another folder with -o"):
        formats.write(report, ["csv"], tmp_path / "file")
