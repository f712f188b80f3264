"""Multilayer perceptrons: sizes, shapes and ranges."""

import pytest
import torch
from torch import nn

from genbench.contract.registry import load
from genbench.nets import mlp
from genbench.nets.mlp import MlpNet


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_ring_networks_have_the_sizes_of_the_paper():
    net = MlpNet()
    assert count(mlp.generator(net, (2,), 8)) == (8 * 100 + 100) + (100 * 100 + 100) + (100 * 2 + 2)
    assert count(mlp.critic(net, (2,), 10, True)) == (2 * 100 + 100) + (100 * 100 + 100) + (100 * 10 + 10)


def test_depth_counts_hidden_layers():
    assert count(mlp.generator(MlpNet(width=5, depth=1), (3,), 2)) == (2 * 5 + 5) + (5 * 3 + 3)
    assert count(mlp.generator(MlpNet(width=5, depth=3), (3,), 2)) == (2 * 5 + 5) + 2 * (5 * 5 + 5) + (5 * 3 + 3)


def test_a_critic_without_bias_lacks_it_in_the_last_layer_alone():
    with_bias, without = (mlp.critic(MlpNet(), (2,), 10, bias) for bias in (True, False))
    assert count(with_bias) - count(without) == 10
    assert without[-1].bias is None


@pytest.mark.parametrize("shape", [(2,), (7,), (1, 8, 8), (3, 4, 6)])
def test_shapes_are_those_of_the_data(shape):
    net = MlpNet(width=6)
    assert mlp.accepts(net, shape) == ""
    assert mlp.generator(net, shape, 4)(torch.randn(5, 4)).shape == (5, *shape)
    assert mlp.critic(net, shape, 3, True)(torch.randn(5, *shape)).shape == (5, 3)


def test_images_stay_in_range_and_vectors_may_leave_it():
    z = 1e3 * torch.randn(20, 4)
    assert mlp.generator(MlpNet(), (1, 4, 4), 4)(z).abs().max() <= 1
    assert mlp.generator(MlpNet(), (2,), 4)(z).abs().max() > 1


def test_a_critic_reads_an_image_the_same_however_it_lies_in_memory():
    x = torch.randn(4, 3, 4, 4)
    critic = mlp.critic(MlpNet(), (3, 4, 4), 2, True)
    assert torch.equal(critic(x), critic(x.to(memory_format=torch.channels_last)))


def test_it_is_found_by_name():
    architecture = load("architectures", "mlp")
    assert architecture.config is MlpNet
    assert architecture.decoder(MlpNet(), (2,), 10)(torch.randn(3, 10)).shape == (3, 2)


def test_the_critic_can_have_a_width_of_its_own():
    net = MlpNet(width=3, critic_width=5)
    for module, widths in ((mlp.generator(net, (2,), 4), [3, 3, 2]), (mlp.critic(net, (2,), 1, True), [5, 5, 1])):
        assert [layer.out_features for layer in module.modules() if isinstance(layer, nn.Linear)] == widths
