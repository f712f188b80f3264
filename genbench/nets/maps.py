"""What the convolutional architectures share: which images halve down to a 4x4 map, how a map becomes a vector, first weights."""

from __future__ import annotations

from torch import Tensor, nn

from genbench.kit import Shape

SMALLEST_MAP = 4
SMALLEST_IMAGE = 16


def why_not_square(name: str, shape: Shape) -> str:
    """Why images of a shape cannot be halved down to a 4x4 map, or an empty string."""
    if len(shape) != 3:
        return f"{name} makes images, [channels, height, width], not vectors of shape {list(shape)}"
    height, width = shape[1:]
    if height != width:
        return f"{name} makes square images, not {height}x{width}"
    if height < SMALLEST_IMAGE or height & (height - 1):
        fits = max(SMALLEST_IMAGE, 1 << height.bit_length())
        return f"{name} makes images whose size is a power of two from {SMALLEST_IMAGE}, not {height}x{width}; data.size={fits} fits"
    return ""


class MapToVector(nn.Module):
    """[n, c, height, width] -> [n, height width c]: height-width-channel order, a view of a map with channels last."""

    def forward(self, h: Tensor) -> Tensor:
        """The map's rows one after the other."""
        return h.permute(0, 2, 3, 1).flatten(1)


def initialised_normal(module: nn.Module) -> nn.Module:
    """The module with weights N(0, 0.02), batch-norm scales N(1, 0.02) where they are learnt, and biases 0 (arXiv 1511.06434)."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d) and layer.weight.requires_grad:
            nn.init.normal_(layer.weight, 1.0, 0.02)
    return module
