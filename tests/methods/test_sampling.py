"""Methods that sample otherwise than by one pass of the study's generator: recorded and shown as what they declare."""

from pathlib import Path

import pytest

from genbench.contract import registry
from genbench.study.plan import plan_study
from genbench.training import build

pytestmark = pytest.mark.methods
SMALL = ["net=dcgan", "net.width=4", "evaluate.samples=20", "evaluate.metrics=[]"]


def prepared(label, folder, *words):
    (trial,) = plan_study([label], ["digits"], [0], [*SMALL, *words], name="x", results=Path("nowhere")).trials
    return build.prepare(trial, folder)


@pytest.mark.parametrize(
    ("label", "words", "expected"),
    [
        ("flow", ["flow.steps=3"], ("field", "data", 6)),
        ("flow/reflow", [], ("field", "data", 1)),
        ("vae", [], ("generator", "prior", 1)),
        ("vae/noisy", [], ("own", "both", 1)),
    ],
)
def test_the_record_says_what_samples_come_from_and_cost(label, words, expected, tmp_path):
    found = prepared(label, tmp_path, *words)
    assert tuple(found.facts[name] for name in ("start", "latent", "evaluations")) == expected
    assert found.run.warnings == []


def test_the_generators_parameters_are_those_of_the_field_and_not_of_what_teaches_it(tmp_path):
    found = prepared("flow/reflow", tmp_path)
    field = sum(parameter.numel() for parameter in found.run.trainer.kit.field().parameters())
    assert found.facts["generator_parameters"] == field
    assert found.facts["trainer_parameters"] == 2 * field


def test_all_flows_of_one_seed_start_from_the_same_field(tmp_path):
    plain, ot = (prepared(label, tmp_path) for label in ("flow", "flow/ot"))
    assert plain.facts["generator_hash"] == ot.facts["generator_hash"]


def test_show_says_it_before_anything_is_run(genbench):
    assert (
        "samples come from: the study's field; latents: normal numbers in the data's shape"
        in genbench("show", "flow")[1]
    )
    assert "samples come from" not in genbench("show", "gan")[1]
    assert registry.load("methods", "flow").trainer.start == "field"
