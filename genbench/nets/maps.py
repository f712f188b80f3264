"""What the convolutional architectures share: halving and doubling a map, batch norm, maps as vectors, first
weights.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from genbench.contract.kit import Shape

SMALLEST_MAP = 4
SMALLEST_IMAGE = 16

NormForm = Literal["affine", "shift"]
Init = Literal["normal", "glorot", "torch"]


def why_not_square(name: str, shape: Shape) -> str:
    """Why images of a shape cannot be halved down to a 4x4 map, or an empty string."""
    if len(shape) != 3:
        return f"{name} makes images, [channels, height, width], not vectors of shape {list(shape)}"
    height, width = shape[1:]
    if height != width:
        return f"{name} makes square images, not {height}x{width}"
    if height < SMALLEST_IMAGE or height & (height - 1):
        fits = max(SMALLEST_IMAGE, 1 << height.bit_length())
        return (
            f"{name} makes images whose size is a power of two from {SMALLEST_IMAGE}, not {height}x{width};"
            f" data.size={fits} fits"
        )
    return ""


def doubled_widths(width: int, shape: Shape) -> list[int]:
    """Channels of the maps that an image is halved to, from the largest to the 4x4 one: every halving of the size
    doubles them.
    """
    halvings = (shape[1] // SMALLEST_MAP).bit_length() - 1
    return [width * 2**halving for halving in range(halvings)]


def halving(before: int, after: int, kernel_size: int, *, bias: bool) -> list[nn.Module]:
    """A convolution of stride 2 with SAME padding, for filters from 4x4: odd ones pad one more below and on the
    right.
    """
    convolution = nn.Conv2d(before, after, kernel_size, stride=2, padding=1, bias=bias)
    extra = kernel_size - 4
    return [nn.ZeroPad2d((0, extra, 0, extra)), convolution] if extra else [convolution]


def doubling(before: int, after: int, kernel_size: int) -> list[nn.Module]:
    """The transpose of `halving`, without a bias: what that pads, this crops."""
    convolution = nn.ConvTranspose2d(before, after, kernel_size, stride=2, padding=1, bias=False)
    extra = kernel_size - 4
    return [convolution, nn.ZeroPad2d((0, -extra, 0, -extra))] if extra else [convolution]


def batch_norm(
    channels: int, form: NormForm, *, of: type[nn.BatchNorm1d] | type[nn.BatchNorm2d] = nn.BatchNorm2d
) -> nn.Module:
    """Batch norm that learns scale and shift, or, as `shift`, only a shift."""
    norm = of(channels)
    if form == "shift":
        norm.weight.requires_grad_(False)
    return norm


class MapToVector(nn.Module):
    """[n, c, height, width] -> [n, height width c]: height-width-channel order, a view of a map with channels last."""

    def forward(self, h: Tensor) -> Tensor:
        """The map's rows one after the other."""
        return h.permute(0, 2, 3, 1).flatten(1)


class VectorToMap(nn.Module):
    """[n, height width c] -> [n, c, height, width], channels last in memory: the inverse of `MapToVector`, a view
    too.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self._channels, self._height, self._width = shape

    def forward(self, x: Tensor) -> Tensor:
        """The vector cut into the map's rows."""
        return x.view(-1, self._height, self._width, self._channels).permute(0, 3, 1, 2)


def initialised(module: nn.Module, init: Init) -> nn.Module:
    """The module with the first weights of an initialisation; biases are 0, except `torch`'s.

    normal: weights N(0, 0.02), and batch-norm scales N(1, 0.02) where they are learnt (Radford et al. 2015, arXiv
    1511.06434). glorot: uniform weights of variance 2 / (fan in + fan out), and scales 1 (Glorot and Bengio 2010).
    torch: as torch's layers leave them.
    """
    if init == "torch":
        return module
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            if init == "normal":
                nn.init.normal_(layer.weight, 0.0, 0.02)
            else:
                nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif init == "normal" and isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) and layer.weight.requires_grad:
            nn.init.normal_(layer.weight, 1.0, 0.02)
    return module
