"""Fields: shapes, sizes, and that a point's velocity depends on its time and on no other point."""

import math

import pytest
import torch

from genbench.contract.registry import load
from genbench.nets.fields import harmonics

SHAPES = [
    ("mlp", (2,)),
    ("mlp", (1, 8, 8)),
    ("mnist-mlp", (1, 28, 28)),
    ("dcgan", (1, 16, 16)),
    ("dcgan", (3, 32, 32)),
    ("convnet", (3, 32, 32)),
]


def built(name, shape, **changes):
    architecture = load("architectures", name)
    return architecture, architecture.config(**changes), shape


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(("name", "shape"), SHAPES)
def test_a_field_has_about_as_many_parameters_as_the_generator(name, shape):
    architecture, net, shape = built(name, shape)
    share = count(architecture.field(net, shape)) / count(architecture.generator(net, shape, net.latent))
    assert 0.6 < share < 1.8


@pytest.mark.parametrize(("name", "shape"), SHAPES)
@pytest.mark.parametrize("width", [4, 6])
def test_a_point_is_carried_by_its_own_time_alone(name, shape, width):
    architecture, net, shape = built(name, shape, width=width)
    field, x, t = architecture.field(net, shape).double(), torch.randn(3, *shape).double(), torch.rand(3).double()
    out = field(x, t)
    assert out.shape == x.shape
    torch.testing.assert_close(field(x[1:2], t[1:2]), out[1:2])
    other = t.clone()
    other[0] += 0.3
    moved = (field(x, other) - out).flatten(1).abs().amax(1)
    assert moved[0] > 0
    assert moved[1:].max() < 1e-12


@pytest.mark.parametrize("kernel_size", [4, 5])
def test_every_entry_of_an_image_is_reached_and_every_parameter_is_used(kernel_size):
    architecture, net, shape = built("dcgan", (1, 16, 16), width=4, kernel_size=kernel_size)
    field = architecture.field(net, shape)
    out = field(torch.randn(2, *shape), torch.rand(2))
    assert out.std(0).min() > 0
    out.square().sum().backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in field.parameters())


def test_harmonics_are_cosines_and_sines_of_the_same_angles():
    t = torch.rand(5, dtype=torch.float64)
    cosines, sines = harmonics(t).chunk(2, 1)
    torch.testing.assert_close(cosines.square() + sines.square(), torch.ones(5, 16, dtype=torch.float64))
    torch.testing.assert_close(cosines[:, 0], t.cos())
    torch.testing.assert_close(sines[:, -1], (1000 * t).sin(), atol=1e-6, rtol=0)
    assert math.isclose(harmonics(torch.zeros(1)).sum().item(), 16)
