"""Features: one pass for all metrics, reference features kept, a key that covers what changes them."""

import dataclasses

import pytest
import torch
import toy_features
from pictured import evaluation, images

from genbench.config.settings import FeatureSettings
from genbench.contract import extractor as extractors
from genbench.contract import registry
from genbench.errors import GenbenchError
from genbench.metrics import features
from genbench.metrics.features import extract, of_reference, of_samples, of_split

NAMES = ("fid", "is", "kid", "precision", "recall")
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path))


@pytest.fixture
def built(monkeypatch):
    """The networks that were built, each of which counts the images it was given."""
    networks = []

    def build(extractor, weights):
        networks.append(extractor.build(weights.path))
        return networks[-1]

    monkeypatch.setattr(extractors, "build", build)
    return networks


def test_one_pass_over_samples_and_one_over_real_images_serve_all_metrics(built):
    looked_at = evaluation(images(20, 0), images(15, 1))
    for name in NAMES:
        registry.load("metrics", name).compute(looked_at)
    assert [network.images for network in built] == [35]


def test_a_second_generator_needs_a_pass_over_its_samples_alone(built):
    for samples in (images(20, 0), images(18, 2)):
        looked_at = evaluation(samples, images(15, 1))
        for name in NAMES:
            registry.load("metrics", name).compute(looked_at)
    assert [network.images for network in built] == [35, 18]


def test_features_from_the_cache_are_those_that_were_computed():
    fresh, kept = (of_reference(evaluation(images(3, 0), images(15, 1)), "fp32") for _ in range(2))
    assert torch.equal(fresh, kept)


def test_the_training_split_is_compared_with_when_it_is_asked_for():
    held_out, trained = (
        evaluation(images(3, 0), images(15, 1), train=images(9, 2), split=split) for split in ("test", "train")
    )
    assert len(of_reference(held_out, "fp32")) == 15
    assert len(of_reference(trained, "fp32")) == 9


@pytest.mark.parametrize("first", ["test", "train"])
def test_a_split_is_passed_over_once_whichever_is_the_chosen_one(first, built):
    for chosen in (first, "train", "test"):
        looked_at = evaluation(images(3, 0), images(15, 1), train=images(9, 2), split=chosen)
        assert [len(of_split(looked_at, split, "fp32")) for split in ("train", "test")] == [9, 15]
        assert torch.equal(of_reference(looked_at, "fp32"), of_split(looked_at, chosen, "fp32"))
    assert [network.images for network in built] == [24]


@pytest.mark.parametrize("split", ["test", "train"])
def test_the_key_of_a_split_is_that_of_an_evaluation_that_chose_it(split):
    chosen, other = (evaluation(images(3, 0), images(15, 1), split=name) for name in (split, "test"))
    assert features.key(other, "fp32", "features", split) == features.key(chosen, "fp32", "features")


def test_the_key_changes_with_everything_that_changes_the_features(tmp_path):
    other = tmp_path / "other.pt"
    other.write_bytes(b"other")
    one = evaluation(images(3, 0), images(15, 1))
    keys = [
        features.key(one, "fp32", "features"),
        features.key(one, "bf16", "features"),
        features.key(one, "fp32", "statistics"),
        features.key(evaluation(images(3, 0), images(15, 2)), "fp32", "features"),
        features.key(evaluation(images(3, 0), images(14, 1)), "fp32", "features"),
        features.key(evaluation(images(3, 0), images(15, 1), split="train"), "fp32", "features"),
        features.key(evaluation(images(3, 0), images(15, 1), weights=other), "fp32", "features"),
        features.key(evaluation(images(3, 0), images(15, 1), extractor="efficientnet-lite0"), "fp32", "features"),
    ]
    assert len({tuple(sorted(key.items())) for key in keys}) == len(keys)
    assert features.key(evaluation(images(5, 9), images(15, 1)), "fp32", "features") == keys[0]


@pytest.mark.parametrize("batch", [1, 4, 100])
def test_features_do_not_depend_on_the_batch(batch):
    network, pictures = toy_features.ToyNetwork(), images(9, 0)
    one, other = (extract(network, pictures, precision="fp32", device=CPU, batch=size) for size in (9, batch))
    torch.testing.assert_close(one.features, other.features)
    torch.testing.assert_close(one.logits, other.logits)


def test_grey_images_are_those_with_three_equal_channels():
    grey = images(4, 0, channels=1)
    one, other = (
        extract(toy_features.ToyNetwork(), part, precision="fp32", device=CPU)
        for part in (grey, grey.repeat(1, 1, 1, 3))
    )
    assert torch.equal(one.features, other.features)


def test_features_are_refused_for_vectors_and_for_odd_channels():
    splits = evaluation(images(2, 0), images(3, 1)).splits
    assert features.accepts_images(splits) == ""
    assert "vectors" in features.accepts_images(
        dataclasses.replace(splits, train=torch.zeros(3, 2), test=torch.zeros(3, 2))
    )
    assert "2 channels" in features.accepts_images(dataclasses.replace(splits, train=images(3, 0)[..., :2]))
    assert "held-out" in features.accepts_images(dataclasses.replace(splits, test=images(1, 0)))


def test_an_unknown_extractor_is_guessed_at():
    with pytest.raises(GenbenchError, match="did you mean 'efficientnet-lite0'"):
        features.choose(FeatureSettings(name="efficientnet-lite"), evaluation(images(2, 0), images(3, 1)).splits)


def test_of_samples_is_computed_once_per_precision(built):
    looked_at = evaluation(images(4, 0), images(3, 1))
    assert of_samples(looked_at, "fp32") is of_samples(looked_at, "fp32")
    assert of_samples(looked_at, "bf16") is not of_samples(looked_at, "fp32")
    assert built[0].images == 8
