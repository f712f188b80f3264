"""`dcgan`: the paper's convolutional generator and critics (appendix C, Tables 5 to 7), for square images from 16x16.

Every (transposed) convolution doubles or halves the image; 4x4 is the smallest map, so their number is log2(size / 4).
Channels double toward the smallest map: 32x32 images and width 32 give Table 5's 128-64-32-3 and Table 6's 3-32-64-128.

The linear layers see the 4x4 map in height-width-channel order, as the tables have it: feature (row * 4 + column) *
channels + channel. With channels last in memory this order is a view; the usual channel-first one would be a copy.
"""

from __future__ import annotations

import math
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
from genbench.nets.maps import (
    SMALLEST_MAP,
    MapToVector,
    VectorToMap,
    batch_norm,
    doubled_widths,
    doubling,
    halving,
    initialised,
    why_not_square,
)


@dataclass(frozen=True, kw_only=True)
class DcganNet(NetSettings):
    """Settings of `dcgan`."""

    prior: Literal["normal", "uniform"] = setting(
        "normal",
        "law of the noise: N(0, 1) or U[-1, 1], per dimension",
        source="Li et al.'s code (arXiv 1705.08584), whose settings the paper shares",
    )
    width: int = setting(32, "channels of the largest map", source="paper, Table 5", at_least=1)
    kernel_size: Literal[4, 5] = setting(
        4, "height and width of the filters", source="paper, Table 5; the authors' CIFAR-10 code has 5"
    )
    critic: Literal["paper", "weak"] = setting(
        "paper", "the standard critic, or the weaker one", source="paper, Tables 6 and 7"
    )
    init: Literal["normal", "torch"] = setting(
        "normal", "weights N(0, 0.02) and scales N(1, 0.02), or torch's own", source="arXiv 1511.06434"
    )
    bias_before_norm: bool = setting(
        False,
        "biases of convolutions that a batch norm follows and cancels",
        source="arXiv 1502.03167, section 3.2; the paper's tables do not say",
    )
    batch_norm: Literal["affine", "shift"] = setting(
        "affine",
        "batch norm learns scale and shift, or only shift",
        source="arXiv 1502.03167; the authors' CIFAR-10 code learns only shift",
    )


def generator(net: DcganNet, shape: Shape, inputs: int) -> nn.Module:
    """[n, inputs] -> [n, c, size, size] in [-1, 1] (Table 5); batch norm and ReLU after all but the last layer."""
    widths = doubled_widths(net.width, shape)[::-1]
    smallest = (widths[0], SMALLEST_MAP, SMALLEST_MAP)
    # Batch norm takes the mean over the map away, so this bias, which differs from place to place, is not cancelled.
    layers: list[nn.Module] = [
        nn.Linear(inputs, math.prod(smallest)),
        VectorToMap(smallest),
        batch_norm(widths[0], net.batch_norm),
        nn.ReLU(),
    ]
    for before, after in pairwise(widths):
        layers += [*doubling(before, after, net.kernel_size), batch_norm(after, net.batch_norm), nn.ReLU()]
    return initialised(nn.Sequential(*layers, *doubling(widths[-1], shape[0], net.kernel_size), nn.Tanh()), net.init)


def critic(net: DcganNet, shape: Shape, outputs: int, bias: bool) -> nn.Module:
    """[n, c, size, size] -> [n, outputs] (Tables 6 and 7); batch norm after all convolutions but the first.

    The weak critic has half the channels after every convolution but the first.
    """
    widths = doubled_widths(net.width, shape)
    if net.critic == "weak":
        widths = [widths[0], *widths[:-1]]
    layers: list[nn.Module] = [*halving(shape[0], widths[0], net.kernel_size, bias=True), nn.LeakyReLU(0.2)]
    for before, after in pairwise(widths):
        layers += [
            *halving(before, after, net.kernel_size, bias=net.bias_before_norm),
            batch_norm(after, net.batch_norm),
            nn.LeakyReLU(0.2),
        ]
    return initialised(
        nn.Sequential(*layers, MapToVector(), nn.Linear(SMALLEST_MAP**2 * widths[-1], outputs, bias=bias)), net.init
    )


def field(net: DcganNet, shape: Shape) -> nn.Module:
    """[n, c, size, size] and times [n] -> [n, c, size, size], through maps of the critic's widths."""
    return ConvolutionalField(shape, net.width, net.kernel_size)


def accepts(net: DcganNet, shape: Shape) -> str:
    """Why there is no such network, or an empty string."""
    return why_not_square("dcgan", shape)


@hookimpl
def genbench_architectures() -> Iterable[Architecture]:
    """`dcgan`."""
    return [
        Architecture(
            name="dcgan",
            config=DcganNet,
            generator=generator,
            critic=critic,
            decoder=generator,
            field=field,
            accepts=accepts,
            about=(
                "the paper's DCGAN (appendix C, Tables 5 to 7); square images of 16, 32, 64, … pixels, any number of"
                " channels"
            ),
        )
    ]
