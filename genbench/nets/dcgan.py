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

from torch import Tensor, nn

from genbench.hooks import hookimpl
from genbench.kit import Architecture, Shape
from genbench.nets.maps import SMALLEST_MAP, MapToVector, initialised_normal, why_not_square
from genbench.settings import NetSettings, setting


@dataclass(frozen=True, kw_only=True)
class DcganNet(NetSettings):
    """Settings of `dcgan`."""

    width: int = setting(32, "channels of the largest map", source="paper, Table 5", at_least=1)
    kernel_size: Literal[4, 5] = setting(4, "height and width of the filters", source="paper, Table 5; the authors' CIFAR-10 code has 5")
    critic: Literal["paper", "weak"] = setting("paper", "the standard critic, or the weaker one", source="paper, Tables 6 and 7")
    init: Literal["normal", "torch"] = setting("normal", "weights N(0, 0.02) and scales N(1, 0.02), or torch's own", source="arXiv 1511.06434")
    bias_before_norm: bool = setting(False, "biases of convolutions that a batch norm follows and cancels; the tables count them")
    batch_norm: Literal["affine", "shift"] = setting("affine", "batch norm learns scale and shift, or only shift as the authors' CIFAR-10 code")


def generator(net: DcganNet, shape: Shape, inputs: int) -> nn.Module:
    """[n, inputs] -> [n, c, size, size] in [-1, 1] (Table 5); batch norm and ReLU after all but the last layer."""
    widths = [net.width * 2**stage for stage in reversed(range(_stages(shape)))]
    # Batch norm takes the mean over the map away, so this bias, which differs from place to place, is not cancelled.
    layers: list[nn.Module] = [nn.Linear(inputs, SMALLEST_MAP**2 * widths[0]), _VectorToMap(widths[0]), _norm(net, widths[0]), nn.ReLU()]
    for before, after in pairwise(widths):
        layers += [*_doubling(net, before, after), _norm(net, after), nn.ReLU()]
    return _initialised(net, nn.Sequential(*layers, *_doubling(net, widths[-1], shape[0]), nn.Tanh()))


def critic(net: DcganNet, shape: Shape, outputs: int, bias: bool) -> nn.Module:
    """[n, c, size, size] -> [n, outputs] (Tables 6 and 7); batch norm after all convolutions but the first.

    The weak critic has half the channels after every convolution but the first.
    """
    widths = [net.width * 2**stage for stage in range(_stages(shape))]
    if net.critic == "weak":
        widths = [widths[0], *widths[:-1]]
    layers: list[nn.Module] = [*_halving(net, shape[0], widths[0], bias=True), nn.LeakyReLU(0.2)]
    for before, after in pairwise(widths):
        layers += [*_halving(net, before, after, bias=net.bias_before_norm), _norm(net, after), nn.LeakyReLU(0.2)]
    return _initialised(net, nn.Sequential(*layers, MapToVector(), nn.Linear(SMALLEST_MAP**2 * widths[-1], outputs, bias=bias)))


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
            accepts=accepts,
            about="the paper's DCGAN (appendix C, Tables 5 to 7); square images of 16, 32, 64, … pixels, any number of channels",
        )
    ]


class _VectorToMap(nn.Module):
    """[n, 16 c] -> [n, c, 4, 4], channels last in memory."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self._channels = channels

    def forward(self, x: Tensor) -> Tensor:
        return x.view(-1, SMALLEST_MAP, SMALLEST_MAP, self._channels).permute(0, 3, 1, 2)


def _stages(shape: Shape) -> int:
    return int(math.log2(shape[1] // SMALLEST_MAP))


def _halving(net: DcganNet, before: int, after: int, *, bias: bool) -> list[nn.Module]:
    """A convolution of stride 2 with SAME padding: odd filters pad one more below and on the right."""
    convolution = nn.Conv2d(before, after, net.kernel_size, stride=2, padding=1, bias=bias)
    extra = net.kernel_size - 4
    return [nn.ZeroPad2d((0, extra, 0, extra)), convolution] if extra else [convolution]


def _doubling(net: DcganNet, before: int, after: int) -> list[nn.Module]:
    """The transpose of `_halving`: what that pads, this crops."""
    convolution = nn.ConvTranspose2d(before, after, net.kernel_size, stride=2, padding=1, bias=False)
    extra = net.kernel_size - 4
    return [convolution, nn.ZeroPad2d((0, -extra, 0, -extra))] if extra else [convolution]


def _norm(net: DcganNet, channels: int) -> nn.Module:
    norm = nn.BatchNorm2d(channels)
    if net.batch_norm == "shift":
        norm.weight.requires_grad_(False)
    return norm


def _initialised(net: DcganNet, module: nn.Module) -> nn.Module:
    return module if net.init == "torch" else initialised_normal(module)
