"""The paper's convolutional networks: counts of its tables, shapes and ranges."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from genbench.contract.registry import load
from genbench.nets import dcgan
from genbench.nets.dcgan import DcganNet

SMALL = DcganNet(latent=3, width=2)


def count(module):
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def test_parameters_count_as_in_the_papers_tables():
    net = DcganNet(bias_before_norm=True)
    assert count(dcgan.generator(net, (3, 32, 32), 128)) == 430_016
    assert count(dcgan.critic(net, (3, 32, 32), 128, True)) == 428_256


def test_the_weak_critic_counts_as_in_table_7():
    first = 3 * 32 * 16 + 32
    second = 32 * 32 * 16 + 32 + 2 * 32
    third = 32 * 64 * 16 + 64 + 2 * 64
    last = 1024 * 128 + 128
    assert (
        count(dcgan.critic(DcganNet(critic="weak", bias_before_norm=True), (3, 32, 32), 128, True))
        == first + second + third + last
    )


def test_biases_before_batch_norm_are_left_out_unless_wanted():
    with_bias, without = (
        dcgan.critic(DcganNet(bias_before_norm=wanted), (3, 32, 32), 8, True) for wanted in (True, False)
    )
    assert count(with_bias) - count(without) == 64 + 128


def test_a_bias_before_batch_norm_has_no_gradient():
    critic = dcgan.critic(DcganNet(width=2, bias_before_norm=True), (1, 16, 16), 4, True).double()
    critic(torch.randn(5, 1, 16, 16, dtype=torch.float64)).square().sum().backward()
    first, second = (layer for layer in critic if isinstance(layer, nn.Conv2d))
    assert first.bias.grad.abs().max() > 1e-3 * first.weight.grad.abs().max()
    assert second.bias.grad.abs().max() < 1e-12 * second.weight.grad.abs().max()


def test_a_critic_without_bias_lacks_it_in_the_last_layer():
    assert dcgan.critic(SMALL, (1, 16, 16), 5, False)[-1].bias is None


@pytest.mark.parametrize("kernel_size", [4, 5])
@pytest.mark.parametrize("size", [16, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("critic", ["paper", "weak"])
def test_shapes_are_those_of_the_data(critic, channels, size, kernel_size):
    net, shape = DcganNet(width=2, kernel_size=kernel_size, critic=critic), (channels, size, size)
    assert dcgan.accepts(net, shape) == ""
    images = dcgan.generator(net, shape, 3)(torch.randn(2, 3))
    assert images.shape == (2, *shape)
    assert dcgan.critic(net, shape, 5, True)(images).shape == (2, 5)


def test_channels_double_toward_the_smallest_map():
    def channels(module, kind):
        layers = [layer for layer in module if isinstance(layer, kind)]
        assert all(before.out_channels == after.in_channels for before, after in pairwise(layers))
        return [layers[0].in_channels, *(layer.out_channels for layer in layers)]

    net, weak = DcganNet(), DcganNet(critic="weak")
    assert channels(dcgan.generator(net, (3, 32, 32), 8), nn.ConvTranspose2d) == [128, 64, 32, 3]
    assert channels(dcgan.generator(net, (3, 16, 16), 8), nn.ConvTranspose2d) == [64, 32, 3]
    assert channels(dcgan.generator(net, (1, 64, 64), 8), nn.ConvTranspose2d) == [256, 128, 64, 32, 1]
    assert channels(dcgan.critic(net, (3, 32, 32), 8, True), nn.Conv2d) == [3, 32, 64, 128]
    assert channels(dcgan.critic(weak, (3, 32, 32), 8, True), nn.Conv2d) == [3, 32, 32, 64]
    assert channels(dcgan.critic(weak, (3, 64, 64), 8, True), nn.Conv2d) == [3, 32, 32, 64, 128]


@pytest.mark.parametrize("shape", [(2,), (3, 32, 16), (3, 24, 24), (1, 8, 8), (1, 0, 0)])
def test_other_shapes_are_refused_in_one_line(shape):
    reason = dcgan.accepts(SMALL, shape)
    assert reason
    assert "\n" not in reason


def test_images_stay_in_range():
    generator = dcgan.generator(DcganNet(width=2, init="torch"), (1, 16, 16), 3)
    assert generator(1e3 * torch.randn(4, 3)).abs().max() <= 1


def test_memory_layout_does_not_change_the_numbers():
    critic = dcgan.critic(SMALL, (3, 16, 16), 4, True).eval().double()
    x = torch.randn(3, 3, 16, 16, dtype=torch.float64)
    torch.testing.assert_close(
        critic(x), critic.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))
    )


def test_in_eval_mode_a_sample_does_not_depend_on_its_batch():
    generator = dcgan.generator(DcganNet(width=2, init="torch"), (3, 16, 16), 3).double()
    z = torch.randn(6, 3, dtype=torch.float64)
    generator(z)
    whole = generator.eval()(z)
    torch.testing.assert_close(torch.cat([generator(z[:1]), generator(z[1:])]), whole)


def test_initial_weights_follow_radford_et_al():
    torch.manual_seed(0)
    critic = dcgan.critic(DcganNet(), (3, 32, 32), 8, True)
    convolutions = [layer for layer in critic if isinstance(layer, nn.Conv2d)]
    norms = [layer for layer in critic if isinstance(layer, nn.BatchNorm2d)]
    assert convolutions[-1].weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert critic[-1].weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert convolutions[0].bias.abs().max() == 0
    assert norms[-1].weight.mean().item() == pytest.approx(1, abs=0.01)
    assert 0.01 < norms[-1].weight.std().item() < 0.03


def test_torchs_own_initialisation_is_left_as_it_is():
    critic = dcgan.critic(DcganNet(init="torch"), (3, 16, 16), 8, True)
    assert critic[0].bias.abs().max() > 0
    assert all((layer.weight == 1).all() for layer in critic if isinstance(layer, nn.BatchNorm2d))


def test_batch_norm_that_only_shifts_has_scale_1_and_keeps_it():
    net = DcganNet(width=2, batch_norm="shift")
    critic = dcgan.critic(net, (1, 16, 16), 4, True)
    optimizer = torch.optim.SGD(critic.parameters(), 0.1, weight_decay=0.1)
    critic(torch.randn(3, 1, 16, 16)).square().sum().backward()
    optimizer.step()
    (norm,) = (layer for layer in critic if isinstance(layer, nn.BatchNorm2d))
    assert torch.equal(norm.weight, torch.ones(4))
    assert norm.bias.abs().max() > 0
    assert count(dcgan.critic(DcganNet(width=2), (1, 16, 16), 4, True)) - count(critic) == 4


def test_it_is_found_by_name():
    architecture = load("architectures", "dcgan")
    assert architecture.config is DcganNet
    assert architecture.decoder(SMALL, (1, 16, 16), 10)(torch.randn(3, 10)).shape == (3, 1, 16, 16)
