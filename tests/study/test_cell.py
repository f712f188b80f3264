"""One cell of a study: what no architecture and no preset can be is refused before anything is composed."""

import dataclasses

import pytest

from genbench.config.compose import parse
from genbench.contract import registry
from genbench.errors import GenbenchError, UnknownNameError
from genbench.study.cell import points

BUDGET = "train.images=100"


def test_an_architecture_that_is_no_name_is_refused():
    with pytest.raises(GenbenchError, match=r"^net=3 names no architecture \(genbench list architectures\)$"):
        list(points(parse([BUDGET, "net=3"]), ["toy"], "toy", "", "ring"))


def test_several_architectures_are_swept():
    found = list(points(parse([BUDGET, "net=mlp,mnist-mlp"]), ["toy"], "toy", "", "digits"))
    assert [(one.architecture, one.swept) for one in found] == [
        ("mlp", {"net": "mlp"}),
        ("mnist-mlp", {"net": "mnist-mlp"}),
    ]


def test_a_setting_that_a_preset_misspells_is_named_with_a_guess(monkeypatch):
    load = registry.load

    def misspelt(kind, name):
        found = load(kind, name)
        return dataclasses.replace(found, presets={"ring": {"lrr": 1e-3}}) if kind == "methods" else found

    monkeypatch.setattr(registry, "load", misspelt)
    with pytest.raises(UnknownNameError, match=r"setting in toy's preset for ring 'lrr'.*did you mean 'lr'"):
        list(points(parse([BUDGET]), ["toy"], "toy", "", "ring"))
