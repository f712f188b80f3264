"""The critic's norm as a setting of the study: recorded, and no trial's id has moved by it."""

from pathlib import Path

import pytest

from genbench.study.plan import plan_study
from genbench.training import build

pytestmark = pytest.mark.methods
IDS = [
    ("gan", "ring", "net=mlp", "50295d997b"),
    ("gan", "digits", "net=dcgan", "91d53c3731"),
    ("mmdgan/ae", "digits", "net=convnet", "01aa51d1ea"),
]
"""Of trials before the setting was added."""


def planned(label, dataset, *words):
    (trial,) = plan_study([label], [dataset], [0], words, name="x", results=Path("nowhere")).trials
    return trial


@pytest.mark.parametrize(("label", "dataset", "net", "before"), IDS)
def test_ids_stay_at_the_default_and_differ_under_another_norm(label, dataset, net, before):
    assert planned(label, dataset, net).id == before
    assert planned(label, dataset, net, "net.critic_norm=batch").id == before
    assert planned(label, dataset, net, "net.critic_norm=none").id != before


@pytest.mark.parametrize(
    ("label", "dataset", "words", "had"),
    [
        ("gan", "digits", ["net=dcgan"], "batch"),
        ("gan", "digits", ["net=dcgan", "net.critic_norm=spectral"], "spectral"),
        ("gan", "ring", [], "none"),
        ("gan", "ring", ["net.critic_norm=layer"], "none"),
        ("mmdnet", "ring", [], ""),
    ],
)
def test_the_record_says_which_norm_the_critic_had(label, dataset, words, had, tmp_path):
    prepared = build.prepare(planned(label, dataset, *words), tmp_path)
    assert prepared.facts["critic_norm"] == had
    asked_in_vain = words == ["net.critic_norm=layer"]
    assert ["no batch norm in whose place" in warning for warning in prepared.run.warnings] == [True] * asked_in_vain
