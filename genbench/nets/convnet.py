"""`convnet`: the fully convolutional encoder and decoder of Li et al. 2017 (arXiv 1705.08584), the networks of the
paper's Table 2.

In contrast to `dcgan` it has no linear layer: a 4x4 convolution without padding turns the smallest map, 4x4, into a
vector, and its transpose turns a vector into that map. These two cover the whole map, so kernel_size is that of the
others. Maps are twice as wide as `dcgan`'s and no convolution has a bias, as in Li et al.'s published code. Channels
double toward the smallest map: 32x32 images have 64-128-256, 64x64 images 64-128-256-512.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from torch import nn

from genbench.config.field import setting
from genbench.config.settings import NetSettings
from genbench.contract.hooks import hookimpl
from genbench.contract.kit import Architecture, Shape
from genbench.nets.fields import ConvolutionalField
from genbench.nets.maps import SMALLEST_MAP, batch_norm, doubled_widths, doubling, halving, initialised, why_not_square


@dataclass(frozen=True, kw_only=True)
class ConvnetNet(NetSettings):
    """Settings of `convnet`."""

    latent: int = setting(
        128,
        "dimension h of the generator's noise",
        source="Li et al.'s code: 128 for CIFAR-10, 64 for CelebA, 10 for MNIST",
        at_least=1,
    )
    prior: Literal["normal", "uniform"] = setting(
        "normal", "law of the noise: N(0, 1) or U[-1, 1], per dimension", source="Li et al.'s code"
    )
    width: int = setting(64, "channels of the largest map", source="Li et al.'s code", at_least=1)
    kernel_size: Literal[4, 5] = setting(
        4,
        "height and width of the filters, except those between the 4x4 map and a vector, which are 4",
        source="Li et al.'s code; the paper's CIFAR-10 code has 5",
    )
    init: Literal["normal", "torch"] = setting(
        "normal", "weights N(0, 0.02) and scales N(1, 0.02), or torch's own", source="Li et al.'s code"
    )
    batch_norm: Literal["affine", "shift"] = setting(
        "affine",
        "batch norm learns scale and shift, or only shift",
        source="Li et al.'s code; the paper's CIFAR-10 code learns only shift",
    )


def generator(net: ConvnetNet, shape: Shape, inputs: int) -> nn.Module:
    """[n, inputs] -> [n, c, size, size] in [-1, 1]; batch norm and ReLU after all but the last layer, which ends in a
    tanh.
    """
    widths = doubled_widths(net.width, shape)[::-1]
    layers: list[nn.Module] = [
        nn.Unflatten(1, (inputs, 1, 1)),
        nn.ConvTranspose2d(inputs, widths[0], SMALLEST_MAP, bias=False),
    ]
    for before, after in pairwise([*widths, shape[0]]):
        layers += [batch_norm(before, net.batch_norm), nn.ReLU(), *doubling(before, after, net.kernel_size)]
    return initialised(nn.Sequential(*layers, nn.Tanh()), net.init)


def critic(net: ConvnetNet, shape: Shape, outputs: int, bias: bool) -> nn.Module:
    """[n, c, size, size] -> [n, outputs], the encoder; batch norm after all convolutions but the first and the last.

    The last layer has a bias if `bias`; the published one has none.
    """
    widths = doubled_widths(net.width, shape)
    layers: list[nn.Module] = [*halving(shape[0], widths[0], net.kernel_size, bias=False), nn.LeakyReLU(0.2)]
    for before, after in pairwise(widths):
        layers += [
            *halving(before, after, net.kernel_size, bias=False),
            batch_norm(after, net.batch_norm),
            nn.LeakyReLU(0.2),
        ]
    # The last map is 1x1: flattened, it is in height-width-channel order and in channel-first order alike.
    return initialised(
        nn.Sequential(*layers, nn.Conv2d(widths[-1], outputs, SMALLEST_MAP, bias=bias), nn.Flatten()), net.init
    )


def field(net: ConvnetNet, shape: Shape) -> nn.Module:
    """[n, c, size, size] and times [n] -> [n, c, size, size], through maps of the critic's widths."""
    return ConvolutionalField(shape, net.width, net.kernel_size)


def accepts(net: ConvnetNet, shape: Shape) -> str:
    """Why there is no such network, or an empty string."""
    return why_not_square("convnet", shape)


@hookimpl
def genbench_architectures() -> Iterable[Architecture]:
    """`convnet`."""
    return [
        Architecture(
            name="convnet",
            config=ConvnetNet,
            generator=generator,
            critic=critic,
            decoder=generator,
            field=field,
            accepts=accepts,
            about=(
                "the fully convolutional networks of Li et al. 2017 (paper, Table 2); square images of 16, 32, 64, …"
                " pixels, any number of channels"
            ),
        )
    ]
