"""The digits: sizes, levels, and a fixed even split."""

import dataclasses
from dataclasses import dataclass

import pytest
import torch
from sklearn.datasets import load_digits

from genbench.config.compose import Schema, compose
from genbench.contract.registry import installed
from genbench.contract.registry import load as load_plugin
from genbench.data.digits import DigitsData, load


@dataclass(frozen=True, kw_only=True)
class SomeMethod:
    lr: float = 1.0


def test_every_image_is_in_one_of_the_splits_with_its_label():
    splits = load(DigitsData(size=8))
    packaged = load_digits()
    truth = sorted(zip(packaged.images.reshape(-1, 64).tolist(), packaged.target.tolist(), strict=True))
    images = torch.cat([splits.train, splits.test]).double().reshape(-1, 64) * 16 / 255
    labels = torch.cat([splits.train_labels, splits.test_labels])
    assert sorted(zip(images.round().tolist(), labels.tolist(), strict=True)) == truth


def test_as_many_of_every_class_are_held_out():
    splits = load(DigitsData(size=8))
    assert splits.test_labels.bincount().tolist() == [36] * 10
    assert len(splits.test) == len(splits.test_labels) == 360
    assert len(splits.train) == len(splits.train_labels) == 1797 - 360


def test_a_size_that_would_fill_the_memory_is_out_of_range():
    (size,) = (field for field in dataclasses.fields(DigitsData) if field.name == "size")
    assert size.metadata["below"] <= 1024


@pytest.mark.parametrize("size", [8, 16, 32])
def test_images_are_bytes_of_the_wanted_size_over_the_full_range(size):
    splits = load(DigitsData(size=size))
    assert splits.train.shape == (1437, size, size, 1)
    assert splits.train.dtype == torch.uint8
    assert splits.train.is_contiguous()
    assert splits.shape == (1, size, size)
    assert (splits.train.min(), splits.train.max()) == (0, 255)


def test_the_split_does_not_depend_on_the_size_nor_on_global_seeds():
    torch.manual_seed(1)
    small = load(DigitsData(size=8))
    torch.manual_seed(2)
    assert torch.equal(load(DigitsData(size=16)).test_labels, small.test_labels)
    assert load(DigitsData(size=8)).content == small.content


def test_enlarging_keeps_the_mean_level():
    small, large = load(DigitsData(size=8)), load(DigitsData(size=32))
    torch.testing.assert_close(large.train.double().mean(), small.train.double().mean(), rtol=0.01, atol=0)


def test_a_size_that_is_no_power_of_two_is_refused():
    with pytest.raises(ValueError, match="power of two"):
        DigitsData(size=20)


def test_its_networks_take_its_images():
    dataset = load_plugin("datasets", "digits")
    shape = dataset.load(dataset.config()).shape
    for name in dataset.nets:
        architecture = load_plugin("architectures", name)
        assert architecture.accepts(architecture.config(), shape) == ""


def test_its_defaults_compose_with_each_of_its_networks():
    dataset = load_plugin("datasets", "digits")
    for net, changes in dataset.nets.items():
        layers = [dataset.defaults, {f"net.{key}": value for key, value in changes.items()}]
        schema = Schema(
            "some", SomeMethod, dataset.name, dataset.config, net, load_plugin("architectures", net).config, layers
        )
        (point,) = compose(schema, [], ["some"])
        assert set(point.settings["evaluate"]["metrics"]) <= {entry.name for entry in installed("metrics")}
        assert point.settings["train"]["images"] % point.settings["train"]["batch"] == 0
