"""Linear resizing of images as two matrix products."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate


def resize(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Images [n, h, w, c] resized to [n, H, W, c] by the weights rows [H, h] and columns [W, w].

    The columns are mixed first, while the image has few rows, with the channels inside the matrix: the result keeps the
    order of the images in memory, and both products are dense.
    """
    n, h, w, c = images.shape
    mixing = torch.kron(columns.T.contiguous(), torch.eye(c, dtype=columns.dtype, device=columns.device))
    wide = images.reshape(n * h, w * c) @ mixing
    return (rows @ wide.view(n, h, -1)).view(n, len(rows), len(columns), c)


def tensorflow1(length: int, target: int) -> Tensor:
    """Weights [target, length] of TensorFlow 1's bilinear resizing: output i lies at i * length / target, and centres
    of pixels do not matter.
    """
    positions = torch.arange(target, dtype=torch.float32) * torch.tensor(length / target, dtype=torch.float32)
    low = positions.long().clamp_max(length - 1)
    high = (low + 1).clamp_max(length - 1)
    share = positions - low
    output = torch.arange(target)
    weights = torch.zeros(target, length)
    weights.index_put_((output, low), 1 - share, accumulate=True)
    weights.index_put_((output, high), share, accumulate=True)
    return weights


def antialiased(length: int, target: int) -> Tensor:
    """Weights [target, length] of bilinear resizing by the centres of pixels, with antialiasing when it makes
    smaller.
    """
    identity = torch.eye(length).view(1, 1, length, length)
    return interpolate(identity, size=(target, length), mode="bilinear", antialias=True).view(target, length)
