"""The rings: where the modes lie, equal shares, and the same points for everybody."""

import math
from dataclasses import dataclass

import pytest
import torch

from genbench.config.compose import Schema, compose
from genbench.contract.registry import installed
from genbench.contract.registry import load as load_plugin
from genbench.data.ring import RingData, SharpRingData, load

FEW = RingData(points=803)


@dataclass(frozen=True, kw_only=True)
class SomeMethod:
    lr: float = 1.0


def modes_of(points, mixture):
    return torch.cdist(points, mixture.centres).argmin(1)


@pytest.mark.parametrize(("name", "radius", "std"), [("ring", 2.0, 0.2), ("ring-sharp", 1.0, 0.01)])
def test_both_rings_are_what_their_names_promise(name, radius, std):
    dataset = load_plugin("datasets", name)
    splits = dataset.load(dataset.config())
    assert splits.train.shape == (60_000, 2)
    assert splits.test.shape == (10_000, 2)
    assert splits.train.dtype == torch.float32
    assert not splits.is_images
    assert (splits.mixture.radius, splits.mixture.std) == (radius, std)
    torch.testing.assert_close(splits.mixture.centres.norm(dim=1), torch.full((8,), radius))
    deviations = splits.train - splits.mixture.centres[modes_of(splits.train, splits.mixture)]
    assert deviations.std().item() == pytest.approx(std, rel=0.02)


def test_neighbouring_centres_are_equally_far_apart():
    centres = load(FEW).mixture.centres
    torch.testing.assert_close((centres - centres.roll(1, 0)).norm(dim=1), torch.full((8,), 4 * math.sin(math.pi / 8)))


def test_modes_have_equal_shares_as_far_as_possible():
    splits = load(SharpRingData(points=803))
    assert set(modes_of(splits.train, splits.mixture).bincount().tolist()) == {100, 101}
    assert set(modes_of(splits.test, splits.mixture).bincount().tolist()) == {1250}


def test_the_points_are_the_same_every_time_and_ignore_global_seeds():
    torch.manual_seed(1)
    first = load(FEW)
    torch.manual_seed(2)
    assert load(FEW).content == first.content


def test_held_out_points_are_other_points():
    splits = load(FEW)
    assert torch.cdist(splits.test[:200], splits.train).min() > 0


def test_radius_and_std_move_the_same_draws():
    near, far = load(FEW), load(RingData(points=803, radius=4.0, std=0.4))
    torch.testing.assert_close(far.train, 2 * near.train)


def test_the_number_of_modes_is_a_setting():
    splits = load(RingData(points=90, modes=3, std=0.01))
    assert modes_of(splits.train, splits.mixture).bincount().tolist() == [30, 30, 30]


@pytest.mark.parametrize("name", ["ring", "ring-sharp"])
def test_its_defaults_compose_with_each_of_its_networks(name):
    dataset = load_plugin("datasets", name)
    for net, changes in dataset.nets.items():
        layers = [dataset.defaults, {f"net.{key}": value for key, value in changes.items()}]
        schema = Schema(
            "some", SomeMethod, dataset.name, dataset.config, net, load_plugin("architectures", net).config, layers
        )
        (point,) = compose(schema, [], ["some"])
        assert set(point.settings["evaluate"]["metrics"]) <= {entry.name for entry in installed("metrics")}
        assert point.settings["train"]["images"] % point.settings["train"]["batch"] == 0
