"""The spread of every metric over seeds, and how often trials diverge or lose modes."""

import math

import numpy as np
import pytest

from genbench.report.stats.spreads import spreads
from genbench.report.stats.statistics import wilson
from genbench.trial.collected import frame
from genbench.trial.record import Record

pytestmark = pytest.mark.filterwarnings("error")


def a_record(seed, status="finished", method="gram", **metrics):
    finished = status == "finished"
    return Record(
        study="s",
        trial="t",
        id="1",
        method=method,
        dataset="ring",
        architecture="mlp",
        seed=seed,
        status=status,
        metrics=metrics if finished else {},
        better=dict.fromkeys(metrics, "higher"),
        protocol=dict.fromkeys(metrics, "k"),
        settings={"data": {"modes": 8}},
    )


def rows(*records):
    return {row["metric"]: row for row in spreads(frame(list(records))).to_dict("records")}


def test_a_metric_has_its_mean_deviation_and_intervals():
    row = rows(*(a_record(seed, fid=score) for seed, score in enumerate([1.0, 2.0, 4.0])))["fid"]
    assert (row["dataset"], row["method"], row["condition"], row["seeds"], row["finished"]) == (
        "ring",
        "gram",
        "",
        3,
        3,
    )
    assert (row["mean"], row["sd"], row["iqm"]) == pytest.approx((7 / 3, np.std([1, 2, 4], ddof=1), 7 / 3))
    assert row["low"] < row["bootstrap_low"] < row["mean"] < row["bootstrap_high"] < row["high"]


def test_trials_are_counted_as_they_ended_and_the_rate_of_divergence_is_of_those_that_are_a_result():
    records = [
        a_record(0, fid=1.0),
        a_record(1, fid=math.nan),
        a_record(2, "diverged"),
        a_record(3, "failed"),
        a_record(4, "interrupted"),
    ]
    row = rows(*records)["fid"]
    assert [row[name] for name in ("seeds", "finished", "unscored", "diverged", "failed", "interrupted")] == [
        1,
        2,
        1,
        1,
        1,
        1,
    ]
    assert (row["divergence_rate"], row["divergence_rate_low"], row["divergence_rate_high"]) == pytest.approx(
        (1 / 3, *wilson(1, 3))
    )


def test_a_seed_has_collapsed_when_it_holds_fewer_modes_than_the_data_have():
    found = rows(*(a_record(seed, modes=float(modes), fid=1.0) for seed, modes in enumerate([7, 7, 5])))
    assert (found["modes"]["collapsed"], found["modes"]["collapse_rate"]) == (3, 1)
    assert math.isnan(found["fid"]["collapse_rate"])


def test_a_contender_of_which_nothing_finished_still_has_its_row():
    table = spreads(frame([a_record(0, fid=1.0), a_record(0, "diverged", method="gan")]))
    assert table["method"].tolist() == ["gram", "gan"]
    assert table["diverged"].tolist() == [0, 1]
    assert np.isnan(table["mean"].tolist()[1])
