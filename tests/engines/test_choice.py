"""The engine that a command names: what it needs is said before a trial starts, and what its trials import is known."""

import pytest
import torch

from genbench.engines import local
from genbench.engines.choice import _preload, choose
from genbench.errors import GenbenchError


def test_an_address_of_ray_is_refused_by_any_other_engine():
    with pytest.raises(GenbenchError, match=r"^--ray-address is for --engine ray, not for local$"):
        choose("local", [], ray_address="10.0.0.1:6379")


def test_more_ranks_than_accelerators_are_refused_unless_they_are_to_run_on_the_cpu(study, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    on_any, on_cpu = (study(overrides=["world=2", f"device={device}"]).trials for device in ("auto", "cpu"))
    with pytest.raises(GenbenchError, match="world=2 ranks need as many accelerators, and this machine has 1"):
        choose("local", on_any, slots=1)
    choose("local", on_cpu, slots=1)


def test_a_trial_that_finds_too_little_memory_is_refused(study, monkeypatch):
    monkeypatch.setattr(local, "free_memory", lambda: 1e8)
    with pytest.raises(GenbenchError, match=r"0\.1 GB of memory are free, and a trial needs"):
        choose("local", study().trials)


def test_trials_that_look_at_features_import_their_extractor_before_they_are_started(study):
    trials = study(datasets=["digits"], overrides=["net=mlp", "evaluate.metrics=[fid_approximate]"]).trials
    features = trials[0].settings["features"]["name"]
    assert features == "efficientnet-lite0"
    assert "genbench.metrics.efficientnet" in _preload(trials)
    assert "genbench.metrics.efficientnet" not in _preload(study().trials)
