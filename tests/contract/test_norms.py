"""The norm of a critic: the same weights under each, and biases where a batch norm cancelled them."""

import pytest
import torch
from torch import nn

from genbench.contract.kit import Kit
from genbench.contract.norms import NORMS
from genbench.contract.streams import Draws
from genbench.errors import GenbenchError
from genbench.nets import convnet, dcgan, mlp, mnist_mlp
from genbench.testing import kit as tiny

CONVOLUTIONAL = {
    "convnet": (convnet, convnet.ConvnetNet(width=4)),
    "dcgan": (dcgan, dcgan.DcganNet(width=4)),
    "mnist-mlp": (mnist_mlp, mnist_mlp.MnistMlpNet(critic_width=4)),
}


def kit_of(name="dcgan", **changes):
    module, net = CONVOLUTIONAL.get(name, (mlp, mlp.MlpNet(width=5)))
    (architecture,) = module.genbench_architectures()
    shape = (1, 16, 16) if name in CONVOLUTIONAL else (2,)
    return Kit(**{"shape": shape, "architecture": architecture, "net": net, "seed": 0, "draws": Draws(0)} | changes)


def matrices(critic):
    """The weights of linear and convolutional layers, before any spectral norm."""
    return [weights.detach() for weights in critic.parameters() if weights.dim() > 1]


@pytest.mark.parametrize("name", [*CONVOLUTIONAL, "mlp"])
@pytest.mark.parametrize("norm", NORMS)
def test_one_seed_gives_the_same_weights_under_each_norm(name, norm):
    kit = kit_of(name)
    plain, other = kit.critic(3), kit.critic(3, norm=norm)
    assert all(torch.equal(one, two) for one, two in zip(matrices(plain), matrices(other), strict=True))
    assert other(torch.zeros(2, *kit.shape)).shape == (2, 3)


@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_layers_get_the_bias_that_a_batch_norm_cancelled(name):
    plain, bare, spectral = (kit_of(name).critic(1, norm=norm) for norm in ("batch", "none", "spectral"))
    norms = [layer for layer in plain.modules() if isinstance(layer, nn.BatchNorm2d)]
    biases = [layer.bias is not None for layer in plain.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    for critic in (bare, spectral):
        assert not any(isinstance(layer, nn.BatchNorm2d | nn.GroupNorm) for layer in critic.modules())
        now = [layer.bias is not None for layer in critic.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
        assert sum(now) == sum(biases) + len(norms)


@pytest.mark.parametrize("norm", ["none", "spectral", "layer"])
def test_a_sample_is_judged_by_itself_under_every_norm_but_the_batchs(norm):
    images = torch.randn(6, 1, 16, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    critic = kit_of(dtype=torch.float64).critic(1, norm=norm).eval()
    torch.testing.assert_close(critic(images)[:2], critic(images[:2]))
    batch = kit_of(dtype=torch.float64).critic(1)
    assert (batch(images)[:2] - batch(images[:2])).abs().max() > 1e-3


def test_a_spectral_norm_makes_every_layer_one_of_largest_singular_value_1():
    critic = kit_of(dtype=torch.float64).critic(4, norm="spectral")
    for _ in range(200):  # one power iteration each
        critic(torch.zeros(2, 1, 16, 16, dtype=torch.float64))
    layers = [layer for layer in critic.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(layers) == 3
    for layer in layers:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=1e-3)


def test_a_spectral_norm_moves_in_training_alone_and_is_part_of_the_state():
    critic = kit_of().critic(1, norm="spectral")
    images = torch.zeros(2, 1, 16, 16)
    before = {name: value.clone() for name, value in critic.state_dict().items()}
    critic.eval()(images)
    assert all(torch.equal(before[name], value) for name, value in critic.state_dict().items())
    critic.train()(images)
    moved = {
        name.rsplit(".", 1)[1] for name, value in critic.state_dict().items() if not torch.equal(before[name], value)
    }
    assert moved == {"_u", "_v"}


def test_a_layer_norm_learns_what_the_batch_norm_would_have_learnt():
    shift = kit_of(net=dcgan.DcganNet(width=4, batch_norm="shift"))
    for kit in (kit_of(), shift):
        plain, layered = kit.critic(1), kit.critic(1, norm="layer")
        one, other = (
            [(norm.weight, norm.bias) for norm in critic.modules() if isinstance(norm, nn.BatchNorm2d | nn.GroupNorm)]
            for critic in (plain, layered)
        )
        assert len(one) == 1
        for (a, b), (c, d) in zip(one, other, strict=True):
            assert torch.equal(a, c)
            assert torch.equal(b, d)
            assert (a.requires_grad, b.requires_grad) == (c.requires_grad, d.requires_grad)


def test_the_study_chooses_the_norm_where_the_method_does_not():
    kit = kit_of(net=dcgan.DcganNet(width=4, critic_norm="spectral"))
    kit.critic(1)
    kit.critic(1, norm="none")
    kit_of("mlp", standing=kit.standing).critic(1, norm="layer")
    assert kit.standing.norms == [("spectral", "spectral"), ("none", "none"), ("layer", "none")]


def test_a_norm_that_there_is_not_is_named():
    with pytest.raises(GenbenchError, match=r"^there is no critic with norm 'group'; choose one of batch, none, spec"):
        kit_of().critic(1, norm="group")


def test_the_networks_of_the_miniature_study_have_norms_too():
    norms = [type(layer) for layer in tiny((1, 16, 16), norm=True).critic(1, norm="layer").modules()]
    assert nn.GroupNorm in norms
    assert nn.BatchNorm2d not in norms
