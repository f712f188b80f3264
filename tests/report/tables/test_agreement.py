"""Which metrics agree: Kendall's tau counted pair by pair, with the directions of the metrics in it."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import study_folders

from genbench.report import contents
from genbench.report.tables import agreement

LOWER = {"fid": "lower", "mind": "lower", "recall": "higher", "size": "neither"}


def trials(count=8, **changes):
    random = np.random.default_rng(0)
    numbers = {name: random.normal(size=count) for name in LOWER} | changes
    return pd.DataFrame({"dataset": "digits", "status": "finished", **numbers})


def counted(x, y):
    """Pairs in one order minus pairs in opposite ones, of all; for values of which no two are equal."""
    signs = [np.sign((x[i] - x[j]) * (y[i] - y[j])) for i, j in itertools.combinations(range(len(x)), 2)]
    return sum(signs) / len(signs)


def test_tau_is_that_of_counting_pairs_with_the_direction_turned():
    found = trials()
    assert agreement.agreement(found, "fid", "mind", LOWER)[0] == pytest.approx(counted(found["fid"], found["mind"]))
    assert agreement.agreement(found, "fid", "recall", LOWER)[0] == pytest.approx(
        -counted(found["fid"], found["recall"])
    )


def test_a_metric_and_its_opposite_agree_fully():
    found = trials(recall=-trials()["fid"])
    assert agreement.agreement(found, "fid", "recall", LOWER) == (pytest.approx(1), 8)


def test_the_table_has_every_metric_with_a_direction_against_every_other():
    found = agreement.table(trials(), list(LOWER), LOWER)
    assert found.shown["metric"].tolist() == ["fid", "mind", "recall"]
    assert list(found.shown.columns) == ["metric", "fid", "mind", "recall"]
    assert found.shown.loc[0, "mind"] == found.shown.loc[1, "fid"]
    assert len(found.data) == 3


def test_trials_that_did_not_finish_or_have_no_finite_score_do_not_count():
    found = trials(9)
    found.loc[0, "status"] = "diverged"
    found.loc[1, "mind"] = math.inf
    assert agreement.table(found, list(LOWER), LOWER).data["trials"].tolist() == [7, 8, 7]


def test_data_sets_are_never_ranked_together():
    both = pd.concat([trials(), trials().assign(dataset="mnist")])
    assert agreement.table(both, list(LOWER), LOWER).shown["data set"].tolist() == ["digits"] * 3 + ["mnist"] * 3


@pytest.mark.parametrize(
    "found", [trials(5), trials(mind=1.0, recall=2.0), trials().drop(columns=["mind", "recall", "size"])]
)
def test_where_nothing_can_be_said_there_is_no_table(found):
    assert agreement.table(found, [name for name in LOWER if name in found], LOWER) is None


def test_a_report_has_it(tmp_path):
    folder = study_folders.make(tmp_path, study_folders.two_methods())
    found = {table.name: table for table in contents.of(folder).background}["agreement"]
    assert found.shown.loc[0, "mode_kl"] == "1.00"  # of made-up records, where one is a function of the other
