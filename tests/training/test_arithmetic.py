"""Devices by name, and how a process computes on them."""

import os

import pytest
import torch

from genbench.config.settings import TrainSettings
from genbench.errors import GenbenchError
from genbench.training import arithmetic


@pytest.fixture
def gpus(monkeypatch):
    """gpus(n): torch says that this machine has so many; nothing can be put on them."""

    def pretend(count):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)

    return pretend


@pytest.fixture
def own_switches(monkeypatch):
    """torch's switches and the environment are put back."""
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32, matmul.allow_tf32
    yield
    cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32, matmul.allow_tf32 = before
    torch.use_deterministic_algorithms(False)
    os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)


def test_a_device_that_is_not_there_is_named_with_those_that_are(gpus):
    with pytest.raises(GenbenchError, match="device 'gpu' cannot be used"):
        arithmetic.pick_device("gpu")
    gpus(0)
    with pytest.raises(GenbenchError, match="device 'cuda:1' cannot be used: torch finds no CUDA device; try"):
        arithmetic.pick_device("cuda:1")
    gpus(2)
    with pytest.raises(GenbenchError, match="device 'cuda:99' cannot be used: there are 2, cuda:0 to cuda:1; try"):
        arithmetic.pick_device("cuda:99")


def test_a_device_is_looked_up_without_putting_anything_on_it(gpus):
    gpus(2)
    assert arithmetic.pick_device("cuda:1") == torch.device("cuda", 1)
    assert arithmetic.pick_device("cuda") == arithmetic.pick_device("auto") == torch.device("cuda")
    gpus(0)
    assert arithmetic.pick_device("auto") == torch.device("cpu")


def test_a_place_where_a_trial_cannot_run_is_refused():
    with pytest.raises(GenbenchError, match="world=2 ranks cannot share device=cuda:1"):
        arithmetic.check_place("cuda:1", 2, "fp32")
    with pytest.raises(GenbenchError, match="device=mps has no fp64"):
        arithmetic.check_place("mps", 1, "fp64")
    arithmetic.check_place("cuda", 2, "fp64")


@pytest.mark.parametrize(
    ("train", "said", "tf32"),
    [
        ({}, "deterministic", False),
        ({"tf32": True}, "deterministic, TF32", True),
        ({"deterministic": False}, "not deterministic", False),
    ],
)
def test_a_gpu_repeats_and_rounds_nothing_to_tf32_unless_asked_to_and_the_record_says_so(
    own_switches, train, said, tf32
):
    assert arithmetic.settle(torch.device("cuda"), TrainSettings(images=1, **train)) == said
    assert torch.backends.cudnn.allow_tf32 is torch.backends.cuda.matmul.allow_tf32 is tf32
    assert torch.are_deterministic_algorithms_enabled() is train.get("deterministic", True)
    assert torch.backends.cudnn.benchmark is False
    assert os.environ.get("CUBLAS_WORKSPACE_CONFIG") == (":4096:8" if train.get("deterministic", True) else None)


def test_on_a_cpu_the_settings_of_gpus_change_nothing(own_switches):
    asked = TrainSettings(images=1, tf32=True, deterministic=False)
    assert arithmetic.settle(torch.device("cpu"), asked) == "deterministic"
    assert not torch.are_deterministic_algorithms_enabled()
    assert not torch.backends.cudnn.allow_tf32


def test_scoring_goes_on_where_an_algorithm_does_not_repeat(own_switches):
    torch.use_deterministic_algorithms(True)
    with arithmetic.forgiving():
        assert torch.is_deterministic_algorithms_warn_only_enabled()
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.is_deterministic_algorithms_warn_only_enabled()
