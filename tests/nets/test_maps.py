"""What the convolutional networks share: halving and doubling, SAME padding, flattening, batch norm, first weights,
cited settings.
"""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, pad

from genbench.config.field import describe
from genbench.contract.registry import load
from genbench.nets import maps


def same_padding(size, kernel_size, stride):
    """Rows before and after the map, as TensorFlow's documentation defines SAME."""
    total = max((-(-size // stride) - 1) * stride + kernel_size - size, 0)
    return total // 2, total - total // 2


def scalar_product(a, b):
    return (a * b).sum()


@pytest.mark.parametrize("kernel_size", [4, 5])
@pytest.mark.parametrize("size", [2, 8, 12])
def test_every_layer_exactly_halves_or_doubles_the_map(size, kernel_size):
    x = torch.randn(1, 3, size, size)
    assert nn.Sequential(*maps.halving(3, 5, kernel_size, bias=True))(x).shape == (1, 5, size // 2, size // 2)
    assert nn.Sequential(*maps.doubling(3, 5, kernel_size))(x).shape == (1, 5, 2 * size, 2 * size)


@pytest.mark.parametrize("kernel_size", [4, 5])
def test_halving_has_same_padding(kernel_size):
    layers = nn.Sequential(*maps.halving(2, 3, kernel_size, bias=False))
    x = torch.randn(1, 2, 8, 8)
    rows = same_padding(8, kernel_size, 2)
    torch.testing.assert_close(layers(x), conv2d(pad(x, (*rows, *rows)), layers[-1].weight, stride=2))


@pytest.mark.parametrize("kernel_size", [4, 5])
def test_doubling_is_the_transpose_of_halving(kernel_size):
    down = nn.Sequential(*maps.halving(2, 3, kernel_size, bias=False)).double()
    up = nn.Sequential(*maps.doubling(3, 2, kernel_size)).double()
    up[0].weight = down[-1].weight
    x, y = torch.randn(1, 2, 8, 8, dtype=torch.float64), torch.randn(1, 3, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(scalar_product(down(x), y), scalar_product(x, up(y)))


def test_only_a_wanted_bias_is_there():
    assert [maps.halving(2, 3, 5, bias=bias)[-1].bias is not None for bias in (True, False)] == [True, False]
    assert maps.doubling(2, 3, 5)[0].bias is None


@pytest.mark.parametrize(("size", "expected"), [(16, [3, 6]), (32, [3, 6, 12]), (128, [3, 6, 12, 24, 48])])
def test_channels_double_until_the_map_is_4x4(size, expected):
    assert maps.doubled_widths(3, (1, size, size)) == expected
    assert size // 2 ** len(expected) == maps.SMALLEST_MAP


@pytest.mark.parametrize("shape", [(6, 4, 4), (3, 4, 5), (1, 2, 3)])
def test_flattening_undoes_the_reshape(shape):
    x = torch.randn(5, shape[0] * shape[1] * shape[2])
    assert torch.equal(maps.MapToVector()(maps.VectorToMap(shape)(x)), x)


def test_flattened_maps_are_in_height_width_channel_order():
    h = torch.randn(2, 6, 4, 5)
    assert torch.equal(maps.MapToVector()(h)[:, (2 * 5 + 3) * 6 + 4], h[:, 4, 2, 3])


def test_maps_and_vectors_are_views_of_each_other():
    x = torch.randn(2, 4 * 5 * 3)
    h = maps.VectorToMap((3, 4, 5))(x)
    assert h.is_contiguous(memory_format=torch.channels_last)
    assert h.data_ptr() == maps.MapToVector()(h).data_ptr() == x.data_ptr()


@pytest.mark.parametrize(("of", "shape"), [(nn.BatchNorm1d, (7, 3)), (nn.BatchNorm2d, (7, 3, 2, 2))])
def test_the_forms_of_batch_norm_are_equal_at_first_and_differ_in_what_is_learnt(of, shape):
    affine, shift = (maps.batch_norm(3, form, of=of) for form in ("affine", "shift"))
    x = torch.randn(shape)
    assert torch.equal(affine(x), shift(x))
    assert affine.state_dict().keys() == shift.state_dict().keys()
    learnt = [[name for name, value in norm.named_parameters() if value.requires_grad] for norm in (affine, shift)]
    assert learnt == [["weight", "bias"], ["bias"]]


@pytest.mark.parametrize("init", ["normal", "glorot", "torch"])
def test_no_initialisation_touches_a_scale_that_is_not_learnt(init):
    norm = maps.initialised(nn.Sequential(maps.batch_norm(50, "shift")), init)[0]
    assert (norm.weight == 1).all()


@pytest.mark.parametrize(("init", "is_spread"), [("normal", True), ("glorot", False), ("torch", False)])
@pytest.mark.parametrize("of", [nn.BatchNorm1d, nn.BatchNorm2d])
def test_scales_are_spread_by_the_normal_initialisation_alone(init, is_spread, of):
    norm = maps.initialised(nn.Sequential(maps.batch_norm(50, "affine", of=of)), init)[0]
    assert ((norm.weight != 1).sum() > 40) == is_spread


@pytest.mark.parametrize("layer", [nn.Linear(16, 400), nn.Conv2d(4, 25, 8), nn.ConvTranspose2d(25, 4, 8)])
def test_first_weights_have_the_stated_spread(layer):
    fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(layer.weight)
    for init, spread in (("normal", 0.02), ("glorot", (2 / (fan_in + fan_out)) ** 0.5)):
        maps.initialised(layer, init)
        assert layer.weight.std().item() == pytest.approx(spread, rel=0.05)
        assert layer.bias.abs().max() == 0


@pytest.mark.parametrize("name", ["convnet", "dcgan", "mlp", "mnist-mlp"])
def test_every_setting_has_a_meaning_and_a_source(name):
    for setting, _, meaning, source in describe(load("architectures", name).config):
        assert meaning, setting
        assert source, setting
