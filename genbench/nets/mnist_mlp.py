"""`mnist-mlp`: the paper's networks for MNIST, a perceptron that generates and a small convolutional critic (appendix
A.3).

The paper's generator ends in a sigmoid because its images are in [0, 1]. Here they are in [-1, 1], and the same image
is 2 sigmoid(x) - 1 = tanh(x / 2): not tanh(x), whose slope is twice as steep.

Flattened maps and images are in height-width-channel order, as Table 3 has it; with channels last in memory that is a
view.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from genbench.config.field import setting
from genbench.config.settings import NetSettings
from genbench.contract.hooks import hookimpl
from genbench.contract.kit import Architecture, Shape
from genbench.nets.fields import PerceptronField
from genbench.nets.maps import MapToVector, VectorToMap, batch_norm, initialised

POOLINGS = 3
SMALLEST_IMAGE = 2**POOLINGS
"""Of which three poolings leave one pixel."""


@dataclass(frozen=True, kw_only=True)
class MnistMlpNet(NetSettings):
    """Settings of `mnist-mlp`."""

    latent: int = setting(100, "dimension h of the generator's noise", source="paper, appendix A.3", at_least=1)
    prior: Literal["normal", "uniform"] = setting(
        "uniform", "law of the noise: N(0, 1) or U[-1, 1], per dimension", source="paper, appendix A.3"
    )
    width: int = setting(
        600,
        "units of the generator's first two hidden layers; the third has 4/3 of them",
        source="paper, appendix A.3",
        at_least=1,
    )
    critic_width: int = setting(
        16, "channels of the critic's largest map; the others have twice as many", source="paper, Table 3", at_least=1
    )
    kernel_size: Literal[3, 5] = setting(
        3, "height and width of the critic's filters", source="paper, Table 3; the authors' CIFAR-10 code has 5"
    )
    init: Literal["glorot", "torch"] = setting(
        "glorot", "weights as Glorot and Bengio 2010 and biases 0, or torch's own", source="the authors' MNIST code"
    )
    bias_before_norm: bool = setting(
        False,
        "biases of layers that a batch norm follows and cancels",
        source="arXiv 1502.03167, section 3.2; the paper's table does not say",
    )
    batch_norm: Literal["affine", "shift"] = setting(
        "affine",
        "batch norm learns scale and shift, or only shift",
        source="arXiv 1502.03167; the authors' CIFAR-10 code learns only shift",
    )
    generator_norm: bool = setting(
        True,
        "batch norm in the generator and the decoder too; without it a GAN makes one image again and again",
        source="the authors' MNIST code; the paper, appendix A.3, does not name it; measured: results/fashion-mnist",
    )


def generator(net: MnistMlpNet, shape: Shape, inputs: int) -> nn.Module:
    """[n, inputs] -> [n, *shape] in [-1, 1]: 600-600-800 units and ReLU, then the paper's sigmoid."""
    layers: list[nn.Module] = []
    widths = _hidden(net)
    for before, after in pairwise([inputs, *widths]):
        if net.generator_norm:
            layers += [
                nn.Linear(before, after, bias=net.bias_before_norm),
                batch_norm(after, net.batch_norm, of=nn.BatchNorm1d),
                nn.ReLU(),
            ]
        else:
            layers += [nn.Linear(before, after), nn.ReLU()]
    return initialised(
        nn.Sequential(*layers, nn.Linear(widths[-1], math.prod(shape)), _ShiftedSigmoid(), VectorToMap(shape)), net.init
    )


def critic(net: MnistMlpNet, shape: Shape, outputs: int, bias: bool) -> nn.Module:
    """[n, c, height, width] -> [n, outputs] (Table 3); the convolutions keep a map's size, the last layer has a bias if
    `bias`.
    """
    layers: list[nn.Module] = []
    widths = [shape[0], net.critic_width, 2 * net.critic_width, 2 * net.critic_width]
    for before, after in pairwise(widths):
        convolution = nn.Conv2d(before, after, net.kernel_size, padding=net.kernel_size // 2, bias=net.bias_before_norm)
        # Table 3 has ReLU before the pooling. They commute, and this way round ReLU sees a quarter of the values.
        layers += [convolution, batch_norm(after, net.batch_norm), nn.MaxPool2d(2), nn.ReLU()]
    features = widths[-1] * math.prod(side // 2**POOLINGS for side in shape[1:])
    return initialised(nn.Sequential(*layers, MapToVector(), nn.Linear(features, outputs, bias=bias)), net.init)


def field(net: MnistMlpNet, shape: Shape) -> nn.Module:
    """[n, *shape] and times [n] -> [n, *shape]: the generator's hidden layers, without batch norm and with SiLU."""
    return PerceptronField(shape, _hidden(net))


def accepts(net: MnistMlpNet, shape: Shape) -> str:
    """Why there is no such network, or an empty string."""
    if len(shape) != 3:
        return f"mnist-mlp makes images, [channels, height, width], not vectors of shape {list(shape)}"
    height, width = shape[1:]
    if min(height, width) < SMALLEST_IMAGE:
        return (
            "mnist-mlp's critic halves an image three times: it takes 28x28 and any other size from"
            f" {SMALLEST_IMAGE}x{SMALLEST_IMAGE}, not {height}x{width}"
        )
    return ""


@hookimpl
def genbench_architectures() -> Iterable[Architecture]:
    """`mnist-mlp`."""
    return [
        Architecture(
            name="mnist-mlp",
            config=MnistMlpNet,
            generator=generator,
            critic=critic,
            decoder=generator,
            field=field,
            accepts=accepts,
            about=(
                "the paper's perceptron and convolutional critic for MNIST (appendix A.3, Table 3); images from 8x8,"
                " any number of channels"
            ),
        )
    ]


def _hidden(net: MnistMlpNet) -> list[int]:
    """Units of the hidden layers, 600-600-800."""
    return [net.width, net.width, net.width * 4 // 3]


class _ShiftedSigmoid(nn.Module):
    """2 sigmoid(x) - 1, in one operation."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x / 2)
