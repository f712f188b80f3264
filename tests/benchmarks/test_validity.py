"""The scripts that measure how far verdicts can be trusted run, at the smallest size, and leave their tables, pictures
and pages.
"""

import importlib.util
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from genbench.report.stats import judgement
from genbench.trial.collected import frame
from genbench.trial.record import Record

pytestmark = pytest.mark.slow

SCRIPTS = Path(__file__).parents[2] / "benchmarks" / "validity"


def module_of(name):
    """The module, as if it was started from its folder."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def script(monkeypatch):
    mpl.use("agg")
    monkeypatch.syspath_prepend(SCRIPTS)
    return module_of("null")


@pytest.fixture
def studies(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return module_of("studies")


@pytest.fixture
def sequential(monkeypatch):
    mpl.use("agg")
    monkeypatch.syspath_prepend(SCRIPTS)
    return module_of("sequential")


@pytest.mark.slow
def test_the_simulation_leaves_tables_a_picture_and_a_page(script, tmp_path):
    script.main(["--draws", "2", "--out", str(tmp_path)])
    assert {path.name for path in tmp_path.iterdir()} == {
        "null.csv",
        "power.csv",
        "power.png",
        "coverage.csv",
        "README.md",
    }


@pytest.mark.slow
def test_the_simulation_of_intervals_leaves_a_table_and_a_page(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(SCRIPTS)
    module_of("intervals").main(["--draws", "2", "--out", str(tmp_path)])
    assert {path.name for path in tmp_path.iterdir()} == {"intervals.csv", "intervals.md"}
    assert "| 4 far apart | 10 |" in (tmp_path / "intervals.md").read_text()


def test_a_study_that_is_passed_over_would_not_have_been_called_different(script):
    studies = script.SPREADS["7 or 8 modes, 1 in 2"](script._rng("test"), (30, 3, 4))
    found = script.different(studies, paired=False)
    slow = [script.decide(study, paired=False) for study in studies]
    assert found.tolist() == [((p <= 0.05) & (difference != 0)).tolist() for p, difference in slow]


@pytest.mark.slow
def test_the_simulation_of_whole_studies_leaves_tables_and_a_page(studies, tmp_path):
    studies.main(["--draws", "2", "--out", str(tmp_path)])
    assert {path.name for path in tmp_path.iterdir()} == {"studies.csv", "failures.csv", "studies.md"}


def test_metrics_correlate_as_they_should(studies):
    rng, matrix = np.random.default_rng(0), studies.correlations()["the ring's"]
    drawn = studies.correlated(rng, matrix, (20_000, 1, 2))
    assert drawn.shape == (20_000, len(studies.RING), 1, 2)
    assert np.corrcoef(drawn[:, :, 0, 0].T) == pytest.approx(matrix, abs=0.03)
    assert np.corrcoef(drawn[:, 0, 0, 0], drawn[:, 0, 0, 1])[0, 1] == pytest.approx(0, abs=0.03)


def test_every_law_has_the_values_that_it_should(studies):
    rng = np.random.default_rng(0)
    z, other = rng.standard_normal((2, 100_000))
    drawn = {name: law(z, other) for name, law in studies.LAWS.items()}
    assert np.median(drawn["log-normal, skewed"]) == pytest.approx(1, abs=0.02)
    assert np.quantile(drawn["t, 2 df, heavy tails"], 0.975) == pytest.approx(4.303, abs=0.2)
    assert np.mean(drawn["collapses 1 in 2"] < -0.5) == pytest.approx(0.5, abs=0.01)
    assert np.mean(8 - drawn["8 modes, each lost 1 in 20"]) == pytest.approx(0.4, abs=0.02)


def test_a_study_in_which_trials_diverge_is_judged_as_its_records_are(studies):
    rng = np.random.default_rng(1)
    for _ in range(3):
        study = rng.standard_normal((3, 5)) + np.array([[0], [0], [9]])
        study[rng.random(study.shape) < 0.2] = np.nan
        found = judgement.verdicts(frame([a_record(*place, study[place]) for place in np.ndindex(*study.shape)]))
        assert studies._judged(study)[0] == any(one.verdict in ("better", "worse") for one in found)


def a_record(contender, seed, score):
    """A trial that diverged where the score is NaN."""
    numbers = {"metrics": {"fid": float(score)}, "better": {"fid": "lower"}, "protocol": {"fid": "one"}}
    return Record(
        study="s",
        trial=f"{contender}-{seed}",
        id=f"{contender}-{seed}",
        method=f"copy{contender}",
        dataset="drawn",
        architecture="none",
        seed=seed,
        status="diverged" if np.isnan(score) else "finished",
        batches_hash=str(seed),
        generator_hash=str(seed),
        **({} if np.isnan(score) else numbers),
    )


def test_five_metrics_that_are_one_are_wrong_as_often_as_one(studies):
    """With a correlation of 1 the primary metric is as often false as any: a check of the counting."""
    scores = np.repeat(np.random.default_rng(2).standard_normal((200, 1, 2, 5)), 5, axis=1)
    row = studies._row("normal", "1", scores, paired=True)
    assert row["primary"] == row["secondary"] == row["any"] > row["any_times_metrics"]


@pytest.mark.slow
def test_the_simulation_of_looks_leaves_a_table_a_picture_and_a_page(sequential, monkeypatch, tmp_path):
    monkeypatch.setattr(sequential, "SPREADS", {"normal": sequential.SPREADS["normal"]})
    monkeypatch.setattr(sequential, "correlations", lambda: {"the ring's": np.eye(5)})
    monkeypatch.setattr(sequential, "LAWS", {"normal": sequential.LAWS["normal"]})
    monkeypatch.setattr(sequential, "CAPS", (4, 5))
    monkeypatch.setattr(sequential, "EFFECTS", (1.0, 3.0))
    sequential.SPREADS["collapses 1 in 2"] = sequential.SPREADS["normal"]
    sequential.main(["--draws", "2", "--out", str(tmp_path)])
    assert {path.name for path in tmp_path.iterdir()} == {"sequential.csv", "sequential.png", "sequential.md"}


@pytest.mark.parametrize(("scale", "seeds"), [(1, 3), (100, 6), (1, 12)])
def test_the_e_process_has_a_mean_of_one_under_the_null_whatever_the_spread_and_the_seeds(sequential, scale, seeds):
    """By quadrature over the angle between normal values and their mean, whose density is a power of its cosine."""
    angles, weights = np.polynomial.legendre.leggauss(400)
    angles, density = angles * np.pi / 2, weights * np.cos(angles * np.pi / 2) ** (seeds - 2)
    across = np.linalg.qr(np.column_stack([np.ones(seeds), np.eye(seeds)[:, 0]]))[0][:, 1]
    values = scale * (np.outer(np.sin(angles), np.ones(seeds) / seeds**0.5) + np.outer(np.cos(angles), across))
    studies = np.stack([values, np.zeros_like(values)], axis=1)[:, None]
    evidence = sequential.run.__globals__["evidence"](studies, [(0, 1)])[:, 0, 0]
    assert np.sum(evidence * density) / np.sum(density) == pytest.approx(1, rel=1e-6)


def test_the_e_process_passes_twenty_at_any_time_in_at_most_one_of_twenty_studies(sequential):
    evidence = sequential.run.__globals__["evidence"]
    studies = np.random.default_rng(0).standard_normal((4000, 1, 2, 12))
    best = np.max([evidence(studies[..., :seeds], [(0, 1)]) for seeds in range(3, 13)], axis=0)
    assert 0.005 < np.mean(best >= 20) < 0.05


def test_a_single_look_at_the_cap_finds_what_the_fixed_procedure_finds(sequential):
    """The same as `draws.different`, which judges by `genbench.report.stats.statistics`."""
    studies = sequential.SPREADS["normal"](np.random.default_rng(3), (60, 3, 5)) + np.array([[0], [0], [2]])
    procedure = sequential.Procedure(looks=(5,), level=lambda look, comparisons: 0.05)
    for paired in (True, False):
        found = sequential.run(studies[:, None], procedure, paired=paired)
        expected = module_of("draws").different(studies, paired=paired)
        assert found.different.astype(float).tolist() == expected.tolist()


def test_in_a_made_up_study_what_is_decided_takes_no_more_seeds(sequential):
    studies = np.random.default_rng(4).standard_normal((20, 1, 3, 12)) + np.array([[0], [0], [100]])
    found = sequential.run(studies, sequential.procedures(12)["obrien-fleming"], paired=True)
    assert found.different[:, 1:].all()
    assert (found.seeds < 12).all()
