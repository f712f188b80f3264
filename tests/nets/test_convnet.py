"""The fully convolutional networks of Li et al. 2017: published layer sizes, counts, shapes and ranges."""

import pytest
import torch
from torch import nn

from genbench import kernels
from genbench.contract.comm import Comm
from genbench.contract.registry import load
from genbench.nets import convnet
from genbench.nets.convnet import ConvnetNet

SMALL = ConvnetNet(latent=3, width=2)
IMAGE = (3, 16, 16)


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def learnt(module):
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def kinds(module, kind):
    return [layer for layer in module.modules() if isinstance(layer, kind)]


def channels(module, kind):
    return [(layer.in_channels, layer.out_channels) for layer in kinds(module, kind)]


class Twins(Comm):
    """Two ranks that hold the same rows: what is summed over them is doubled."""

    def __init__(self):
        super().__init__(0, 2)

    def sum(self, values):
        return 2 * values


def test_parameters_count_as_in_the_published_networks_for_cifar10():
    convolutions = [3 * 64 * 16, 64 * 128 * 16, 128 * 256 * 16, 256 * 128 * 16]
    assert (
        count(convnet.critic(ConvnetNet(), (3, 32, 32), 128, False)) == sum(convolutions) + 2 * (128 + 256) == 1_183_488
    )
    assert (
        count(convnet.generator(ConvnetNet(), (3, 32, 32), 128))
        == sum(convolutions) + 2 * (64 + 128 + 256)
        == 1_183_616
    )


def test_parameters_count_as_in_the_published_networks_for_celeba():
    convolutions = [3 * 64 * 16, 64 * 128 * 16, 128 * 256 * 16, 256 * 512 * 16, 512 * 64 * 16]
    assert (
        count(convnet.critic(ConvnetNet(), (3, 64, 64), 64, False))
        == sum(convolutions) + 2 * (128 + 256 + 512)
        == 3_281_664
    )
    assert (
        count(convnet.generator(ConvnetNet(), (3, 64, 64), 64))
        == sum(convolutions) + 2 * (64 + 128 + 256 + 512)
        == 3_281_792
    )


def test_channels_double_toward_the_smallest_map():
    net = ConvnetNet()
    assert channels(convnet.critic(net, (3, 32, 32), 9, True), nn.Conv2d) == [(3, 64), (64, 128), (128, 256), (256, 9)]
    assert channels(convnet.critic(net, (1, 16, 16), 9, True), nn.Conv2d) == [(1, 64), (64, 128), (128, 9)]
    assert channels(convnet.generator(net, (1, 16, 16), 7), nn.ConvTranspose2d) == [(7, 128), (128, 64), (64, 1)]
    assert channels(convnet.generator(net, (3, 64, 64), 7), nn.ConvTranspose2d) == [
        (7, 512),
        (512, 256),
        (256, 128),
        (128, 64),
        (64, 3),
    ]


def test_batch_norm_follows_every_layer_but_the_outermost():
    assert [norm.num_features for norm in kinds(convnet.critic(SMALL, (3, 32, 32), 5, True), nn.BatchNorm2d)] == [4, 8]
    assert [norm.num_features for norm in kinds(convnet.generator(SMALL, (3, 32, 32), 5), nn.BatchNorm2d)] == [8, 4, 2]


def test_the_only_bias_of_a_convolution_is_the_critics_last_if_wanted():
    with_bias, without = (kinds(convnet.critic(SMALL, IMAGE, 5, bias), nn.Conv2d) for bias in (True, False))
    assert [layer.bias is not None for layer in with_bias] == [False, False, True]
    assert not any(layer.bias is not None for layer in without)
    assert not any(layer.bias is not None for layer in kinds(convnet.generator(SMALL, IMAGE, 3), nn.ConvTranspose2d))


@pytest.mark.parametrize("size", [16, 32, 64])
@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("kernel_size", [4, 5])
def test_shapes_are_those_of_the_data(colours, size, kernel_size):
    net, shape = ConvnetNet(width=2, kernel_size=kernel_size), (colours, size, size)
    assert convnet.accepts(net, shape) == ""
    images = convnet.generator(net, shape, 3)(torch.randn(2, 3))
    assert images.shape == (2, *shape)
    assert convnet.critic(net, shape, 5, True)(images).shape == (2, 5)


def test_the_kernel_size_is_not_that_of_the_filters_that_cover_the_4x4_map():
    net = ConvnetNet(width=2, kernel_size=5)
    assert [layer.kernel_size for layer in kinds(convnet.critic(net, (3, 32, 32), 9, True), nn.Conv2d)] == [
        (5, 5)
    ] * 3 + [(4, 4)]
    assert [layer.kernel_size for layer in kinds(convnet.generator(net, (3, 32, 32), 9), nn.ConvTranspose2d)] == [
        (4, 4)
    ] + [(5, 5)] * 3


@pytest.mark.parametrize("shape", [(2,), (3, 32, 16), (3, 24, 24), (1, 28, 28), (1, 8, 8), (1, 0, 0)])
def test_other_shapes_are_refused_in_one_line(shape):
    reason = convnet.accepts(SMALL, shape)
    assert reason
    assert "\n" not in reason


def test_images_stay_in_range():
    generator = convnet.generator(ConvnetNet(width=2, init="torch"), IMAGE, 3)
    assert generator(1e3 * torch.randn(4, 3)).abs().max() <= 1


def test_the_first_layer_of_the_decoder_is_the_transpose_of_the_last_of_the_encoder():
    last = kinds(convnet.critic(SMALL, IMAGE, 5, False), nn.Conv2d)[-1].double()
    first = kinds(convnet.generator(SMALL, IMAGE, 5), nn.ConvTranspose2d)[0].double()
    first.weight = last.weight
    h, f = torch.randn(1, 4, 4, 4, dtype=torch.float64), torch.randn(1, 5, 1, 1, dtype=torch.float64)
    torch.testing.assert_close((last(h) * f).sum(), (h * first(f)).sum())


def test_memory_layout_does_not_change_the_numbers():
    chain = nn.Sequential(convnet.critic(SMALL, IMAGE, 3, True), convnet.generator(SMALL, IMAGE, 3)).eval().double()
    x = torch.randn(3, *IMAGE, dtype=torch.float64)
    expected = chain(x)
    torch.testing.assert_close(
        chain.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last)), expected
    )


@pytest.mark.parametrize("shape", [IMAGE, (1, 16, 16)])
@pytest.mark.parametrize("net", [SMALL, ConvnetNet(latent=3, width=2, kernel_size=5)], ids=["4x4", "5x5"])
def test_channels_stay_last_from_the_noise_to_the_image(net, shape):
    h = torch.randn(4, 3)
    for layer in convnet.generator(net, shape, 3).to(memory_format=torch.channels_last):
        h = layer(h)
        assert h.is_contiguous(memory_format=torch.channels_last)


def test_in_eval_mode_a_sample_does_not_depend_on_its_batch():
    chain = nn.Sequential(convnet.generator(SMALL, IMAGE, 3), convnet.critic(SMALL, IMAGE, 4, True)).double()
    z = torch.randn(6, 3, dtype=torch.float64)
    chain(z)
    chain.eval()
    torch.testing.assert_close(torch.cat([chain(z[:1]), chain(z[1:])]), chain(z))


def test_batch_norm_over_ranks_with_the_same_rows_is_that_of_one_rank():
    chain = nn.Sequential(convnet.generator(SMALL, IMAGE, 3), convnet.critic(SMALL, IMAGE, 4, True)).double()
    z = torch.randn(5, 3, dtype=torch.float64)
    expected = chain(z)
    synchronized = Twins().synchronize(chain)
    assert not kinds(synchronized, nn.BatchNorm2d)
    torch.testing.assert_close(synchronized(z), expected)


def test_initial_weights_are_the_published_ones():
    torch.manual_seed(0)
    critic, generator = (
        convnet.critic(ConvnetNet(), (3, 32, 32), 128, True),
        convnet.generator(ConvnetNet(), (3, 32, 32), 128),
    )
    for layer in kinds(nn.ModuleList([critic, generator]), nn.Conv2d | nn.ConvTranspose2d):
        assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
    scales = torch.cat([norm.weight for norm in kinds(nn.ModuleList([critic, generator]), nn.BatchNorm2d)])
    assert scales.mean().item() == pytest.approx(1, abs=0.005)
    assert scales.std().item() == pytest.approx(0.02, rel=0.15)
    assert kinds(critic, nn.Conv2d)[-1].bias.abs().max() == 0


def test_torchs_own_initialisation_is_left_as_it_is():
    critic = convnet.critic(ConvnetNet(init="torch"), IMAGE, 8, True)
    assert kinds(critic, nn.Conv2d)[-1].bias.abs().max() > 0
    assert all((norm.weight == 1).all() for norm in kinds(critic, nn.BatchNorm2d))


def test_batch_norm_that_only_shifts_leaves_out_the_scales():
    affine, shift = (ConvnetNet(width=2, batch_norm=form) for form in ("affine", "shift"))
    assert (
        learnt(convnet.critic(affine, (3, 32, 32), 9, True)) - learnt(convnet.critic(shift, (3, 32, 32), 9, True))
        == 4 + 8
    )
    assert (
        learnt(convnet.generator(affine, (3, 32, 32), 9)) - learnt(convnet.generator(shift, (3, 32, 32), 9))
        == 8 + 4 + 2
    )


def test_one_step_of_a_kernel_loss_moves_every_layer():
    torch.manual_seed(0)
    generator, critic = convnet.generator(SMALL, IMAGE, 3), convnet.critic(SMALL, IMAGE, 4, False)
    networks = nn.ModuleList([generator, critic])
    before = {name: value.clone() for name, value in networks.named_parameters()}
    loss = kernels.mmd2(critic(generator(torch.randn(8, 3))), critic(torch.rand(8, *IMAGE)), (0.1, 1.0))
    Comm().descend(
        (torch.optim.Adam(generator.parameters(), 0.01), loss), (torch.optim.Adam(critic.parameters(), 0.01), -loss)
    )
    assert all(not torch.equal(value, before[name]) for name, value in networks.named_parameters())


def test_it_is_found_by_name():
    architecture = load("architectures", "convnet")
    assert architecture.config is ConvnetNet
    assert architecture.decoder(SMALL, IMAGE, 10)(torch.randn(3, 10)).shape == (3, *IMAGE)
