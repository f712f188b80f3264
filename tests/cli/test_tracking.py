"""`genbench ui`: the addresses that it prints are those of the studies, at the port that it listens at."""

import os
import re

import pytest
from trial_files import make, trial_of

from genbench.observers.mlflow import MLflow


@pytest.mark.slow  # a new MLflow store takes seconds
def test_ui_prints_one_address_for_each_study_with_the_port_in_use(genbench, tmp_path, monkeypatch):
    for study in ("first", "second-one"):
        trial = trial_of(study=study)
        MLflow(tmp_path / "results").genbench_trial_start(trial, make(tmp_path / "results", trial))
    served = []
    monkeypatch.setattr(os, "execvpe", lambda program, command, environment: served.append(command))
    code, out, err = genbench("ui", "--port", "6123")
    assert (code, err) == (0, "")
    assert served[0][served[0].index("--port") + 1] == "6123"
    lines = dict(line.split(maxsplit=1) for line in out.splitlines()[1:])
    assert set(lines) == {"first", "second-one"}
    for address in lines.values():
        assert re.match(r"http://127\.0\.0\.1:6123/#/experiments/[0-9]+/runs\?", address)
