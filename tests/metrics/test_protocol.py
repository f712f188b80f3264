"""The protocol: different keys for whatever makes numbers differ, equal keys for what does not."""

import dataclasses

import pytest
import torch
from pictured import evaluation, images

from genbench.contract import registry
from genbench.contract.metric import Evaluation
from genbench.metrics.protocol import Protocol, protocol_of


def protocol(metric="fid", **changes):
    arguments = {"samples": images(5, 0), "test": images(6, 1), "train": images(7, 2)} | changes
    return protocol_of(registry.load("metrics", metric), evaluation(**arguments))


def test_another_generator_has_the_same_key():
    assert protocol(samples=images(5, 9)).key == protocol().key


@pytest.mark.parametrize(
    "changes",
    [
        {"samples": images(4, 0)},
        {"test": images(6, 3)},
        {"test": images(5, 1)},
        {"split": "train"},
        {"extractor": "efficientnet-lite0"},
        {"metric": "fid_approximate"},
    ],
    ids=["samples", "content", "count", "split", "extractor", "precision"],
)
def test_the_key_changes_with(changes):
    assert protocol(**changes).key != protocol().key


def test_the_key_changes_with_the_weights(tmp_path):
    file = tmp_path / "weights.pt"
    file.write_bytes(b"others")
    assert protocol(weights=file).key != protocol().key


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Protocol)])
def test_the_key_covers_every_field(field):
    one = protocol()
    assert dataclasses.replace(one, **{field: "another"}).key != one.key


def test_the_split_is_the_one_that_the_number_really_depends_on():
    assert (protocol("fid").split, protocol("fid").real_images) == ("test", 6)
    assert (protocol("fid", split="train").split, protocol("fid", split="train").real_images) == ("train", 7)
    assert (protocol("is").split, protocol("is").real_images) == ("nothing", 0)
    assert protocol("is", split="train").key == protocol("is").key


def test_a_number_without_features_names_no_extractor():
    ring = registry.load("datasets", "ring")
    splits = ring.load(ring.config(points=100))
    found = protocol_of(
        registry.load("metrics", "modes"), Evaluation(samples=torch.zeros(5, 2), splits=splits, dataset="ring")
    )
    assert (found.dataset, found.extractor, found.weights, found.transform, found.precision, found.quantisation) == (
        "ring",
        "",
        "",
        "",
        "",
        "",
    )
    assert (found.generated_images, found.real_images) == (5, len(splits.test))
