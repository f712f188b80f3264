"""The paper's MNIST networks: sizes of appendix A.3 and Table 3, shapes, and the sigmoid's range."""

import pytest
import torch
from torch import nn

from genbench import kernels
from genbench.contract.comm import Comm
from genbench.contract.registry import load
from genbench.nets import mnist_mlp
from genbench.nets.mnist_mlp import MnistMlpNet

MNIST = (1, 28, 28)
SMALL = MnistMlpNet(latent=3, width=6, critic_width=2, generator_norm=False)
NORMED = MnistMlpNet(latent=3, width=6, critic_width=2, generator_norm=True)


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def learnt(module):
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def kinds(module, kind):
    return [layer for layer in module.modules() if isinstance(layer, kind)]


class Twins(Comm):
    """Two ranks that hold the same rows: what is summed over them is doubled."""

    def __init__(self):
        super().__init__(0, 2)

    def sum(self, values):
        return 2 * values


def test_the_generator_has_the_sizes_of_the_paper():
    network = mnist_mlp.generator(MnistMlpNet(generator_norm=False), MNIST, 100)
    assert [(layer.in_features, layer.out_features) for layer in kinds(network, nn.Linear)] == [
        (100, 600),
        (600, 600),
        (600, 800),
        (800, 784),
    ]
    assert count(network) == 60_600 + 360_600 + 480_800 + 627_984


def test_the_critic_counts_as_in_table_3():
    first = 1 * 16 * 9 + 16 + 2 * 16
    second = 16 * 32 * 9 + 32 + 2 * 32
    third = 32 * 32 * 9 + 32 + 2 * 32
    last = 288 * 100 + 100
    assert (
        count(mnist_mlp.critic(MnistMlpNet(bias_before_norm=True), MNIST, 100, True))
        == first + second + third + last
        == 43_108
    )


def test_the_noise_is_the_papers():
    assert (MnistMlpNet().latent, MnistMlpNet().prior) == (100, "uniform")


def test_biases_before_batch_norm_are_left_out_unless_wanted():
    with_bias, without = (MnistMlpNet(bias_before_norm=wanted, generator_norm=True) for wanted in (True, False))
    assert (
        count(mnist_mlp.critic(with_bias, MNIST, 8, True)) - count(mnist_mlp.critic(without, MNIST, 8, True))
        == 16 + 32 + 32
    )
    assert (
        count(mnist_mlp.generator(with_bias, MNIST, 8)) - count(mnist_mlp.generator(without, MNIST, 8))
        == 600 + 600 + 800
    )


def test_batch_norm_in_the_generator_replaces_the_biases_it_cancels():
    norms = kinds(mnist_mlp.generator(NORMED, MNIST, 3), nn.BatchNorm1d)
    assert [norm.num_features for norm in norms] == [6, 6, 8]
    assert count(mnist_mlp.generator(NORMED, MNIST, 3)) - count(mnist_mlp.generator(SMALL, MNIST, 3)) == 6 + 6 + 8


def test_a_critic_without_bias_lacks_it_in_the_last_layer():
    assert mnist_mlp.critic(SMALL, MNIST, 5, False)[-1].bias is None
    assert mnist_mlp.critic(SMALL, MNIST, 5, True)[-1].bias is not None


@pytest.mark.parametrize("shape", [MNIST, (3, 28, 28), (1, 8, 8), (2, 15, 9), (3, 32, 32)])
@pytest.mark.parametrize("kernel_size", [3, 5])
def test_shapes_are_those_of_the_data(shape, kernel_size):
    net = MnistMlpNet(width=6, critic_width=2, kernel_size=kernel_size)
    assert mnist_mlp.accepts(net, shape) == ""
    images = mnist_mlp.generator(net, shape, 3)(torch.randn(2, 3))
    assert images.shape == (2, *shape)
    assert mnist_mlp.critic(net, shape, 5, True)(images).shape == (2, 5)


@pytest.mark.parametrize("kernel_size", [3, 5])
def test_the_convolutions_keep_a_maps_size(kernel_size):
    net = MnistMlpNet(critic_width=2, kernel_size=kernel_size)
    convolutions = kinds(mnist_mlp.critic(net, (3, 16, 16), 5, True), nn.Conv2d)
    assert [layer.kernel_size for layer in convolutions] == [(kernel_size, kernel_size)] * 3
    assert all(layer(torch.randn(1, layer.in_channels, 7, 5)).shape[2:] == (7, 5) for layer in convolutions)


def test_batch_norm_that_only_shifts_leaves_out_the_scales_of_both_networks():
    affine, shift = (
        MnistMlpNet(width=6, critic_width=2, generator_norm=True, batch_norm=form) for form in ("affine", "shift")
    )
    assert (
        learnt(mnist_mlp.critic(affine, MNIST, 9, True)) - learnt(mnist_mlp.critic(shift, MNIST, 9, True)) == 2 + 4 + 4
    )
    assert learnt(mnist_mlp.generator(affine, MNIST, 9)) - learnt(mnist_mlp.generator(shift, MNIST, 9)) == 6 + 6 + 8


@pytest.mark.parametrize("shape", [(2,), (784,), (1, 7, 28), (1, 28, 7), (3, 0, 0)])
def test_other_shapes_are_refused_in_one_line(shape):
    reason = mnist_mlp.accepts(SMALL, shape)
    assert reason
    assert "\n" not in reason


def test_the_output_is_the_papers_sigmoid_moved_to_the_datas_range():
    generator = mnist_mlp.generator(SMALL, MNIST, 3).double()
    z = torch.randn(4, 3, dtype=torch.float64)
    logits = generator[:-2](z)
    torch.testing.assert_close(generator(z).flatten(1), 2 * torch.sigmoid(logits) - 1)


def test_images_stay_in_range():
    assert mnist_mlp.generator(SMALL, MNIST, 3)(1e3 * torch.randn(4, 3)).abs().max() <= 1


def test_relu_may_follow_the_pooling_it_precedes_in_table_3():
    critic = mnist_mlp.critic(SMALL, (3, 16, 16), 4, True).double()
    as_printed = nn.Sequential(*critic)
    for pooling, relu in ((2, 3), (6, 7), (10, 11)):
        as_printed[pooling], as_printed[relu] = critic[relu], critic[pooling]
    x = torch.randn(5, 3, 16, 16, dtype=torch.float64)
    assert torch.equal(critic(x), as_printed(x))
    gradients = [
        torch.autograd.grad(network(x).square().sum(), list(critic.parameters())) for network in (critic, as_printed)
    ]
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


def test_memory_layout_does_not_change_the_numbers():
    critic = mnist_mlp.critic(SMALL, (3, 16, 16), 4, True).eval().double()
    x = torch.randn(3, 3, 16, 16, dtype=torch.float64)
    expected = critic(x)
    torch.testing.assert_close(
        critic.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last)), expected
    )


def test_with_channels_last_the_critic_flattens_without_a_copy():
    critic = mnist_mlp.critic(SMALL, MNIST, 4, True).to(memory_format=torch.channels_last)
    h = critic[:-2](mnist_mlp.generator(SMALL, MNIST, 3)(torch.randn(4, 3)))
    assert critic[-2](h).data_ptr() == h.data_ptr()


@pytest.mark.parametrize("net", [SMALL, NORMED])
def test_in_eval_mode_a_sample_does_not_depend_on_its_batch(net):
    generator = mnist_mlp.generator(net, MNIST, 3).double()
    critic = mnist_mlp.critic(net, MNIST, 4, True).double()
    z = torch.randn(6, 3, dtype=torch.float64)
    critic(generator(z))
    chain = nn.Sequential(generator, critic).eval()
    torch.testing.assert_close(torch.cat([chain(z[:1]), chain(z[1:])]), chain(z))


def test_batch_norm_over_ranks_with_the_same_rows_is_that_of_one_rank():
    chain = nn.Sequential(mnist_mlp.generator(NORMED, MNIST, 3), mnist_mlp.critic(NORMED, MNIST, 4, True)).double()
    z = torch.randn(5, 3, dtype=torch.float64)
    expected = chain(z)
    synchronized = Twins().synchronize(chain)
    assert not kinds(synchronized, nn.BatchNorm1d | nn.BatchNorm2d)
    torch.testing.assert_close(synchronized(z), expected)


def test_initial_weights_are_glorots():
    torch.manual_seed(0)
    first = mnist_mlp.generator(MnistMlpNet(generator_norm=False), MNIST, 100)[0]
    bound = (6 / (100 + 600)) ** 0.5
    assert first.weight.abs().max().item() == pytest.approx(bound, rel=0.01)
    assert first.weight.abs().max() <= bound
    assert first.bias.abs().max() == 0
    convolution = mnist_mlp.critic(MnistMlpNet(), MNIST, 8, True)[4]
    assert convolution.weight.std().item() == pytest.approx((2 / (9 * (16 + 32))) ** 0.5, rel=0.05)


def test_torchs_own_initialisation_is_left_as_it_is():
    assert (
        mnist_mlp.generator(MnistMlpNet(init="torch", width=6, generator_norm=False), MNIST, 3)[0].bias.abs().max() > 0
    )


@pytest.mark.parametrize("net", [SMALL, NORMED])
def test_one_step_of_a_kernel_loss_moves_every_layer(net):
    torch.manual_seed(0)
    generator, critic = mnist_mlp.generator(net, MNIST, 3), mnist_mlp.critic(net, MNIST, 4, False)
    before = {name: value.clone() for name, value in nn.ModuleList([generator, critic]).named_parameters()}
    fake, real = critic(generator(torch.randn(8, 3))), critic(torch.rand(8, *MNIST))
    loss = kernels.mmd2(fake, real, (1.0, 4.0))
    comm = Comm()
    comm.descend(
        (torch.optim.Adam(generator.parameters(), 0.01), loss), (torch.optim.Adam(critic.parameters(), 0.01), -loss)
    )
    assert all(
        not torch.equal(value, before[name]) for name, value in nn.ModuleList([generator, critic]).named_parameters()
    )


def test_it_is_found_by_name():
    architecture = load("architectures", "mnist-mlp")
    assert architecture.config is MnistMlpNet
    assert architecture.decoder(SMALL, MNIST, 10)(torch.randn(3, 10)).shape == (3, *MNIST)
