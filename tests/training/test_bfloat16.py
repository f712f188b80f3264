"""A processor that is slow in bf16 is known before the trials start."""

import pytest

from genbench.study import preflight
from genbench.training import bfloat16


def refuse():
    raise AssertionError("it was measured")


@pytest.mark.parametrize("flag", ["avx512_bf16", "amx_bf16", "bf16"])
def test_a_processor_that_multiplies_in_bf16_is_believed(flag):
    assert bfloat16.warning_of({"avx512f", flag}, refuse) == ""


def test_another_one_is_measured_and_told_of_only_when_it_is_slow():
    assert bfloat16.warning_of({"avx2"}, lambda: 1.0) == ""
    assert bfloat16.warning_of({"avx2"}, lambda: 15.34) == (
        "train.precision=bf16: on this processor (it has neither avx512_bf16 nor amx_bf16) a convolution takes 15.3"
        " times as long in bf16 as in fp32; train.precision=fp32 is faster here, and more exact"
    )
    assert "neither" not in bfloat16.warning_of((), lambda: 2.0)


def test_what_a_processor_can_do_is_read_from_linux(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("processor : 0\nflags\t\t: fpu avx512_bf16\nbugs : spectre\n")
    assert {"fpu", "avx512_bf16"} <= bfloat16.flags(file)
    assert "spectre" not in bfloat16.flags(file)
    file.write_text("Features\t: fp asimd bf16\n")
    assert "bf16" in bfloat16.flags(file)
    assert bfloat16.flags(tmp_path / "none") == frozenset()


def test_a_measurement_is_short_and_gives_a_ratio(monkeypatch):
    monkeypatch.setattr(bfloat16, "SECONDS", 0.002)
    assert 0 < bfloat16.measured() < 1e4


def test_only_trials_in_bf16_on_a_cpu_are_warned_of(study, monkeypatch):
    monkeypatch.setattr(bfloat16, "warning", lambda: "slow")
    assert preflight.cautions(study("toy", overrides=["device=cpu"]).trials) == ()
    asked = study("toy", overrides=["device=cpu", "train.precision=bf16"], name="t").trials
    assert preflight.cautions(asked) == ("slow",)
