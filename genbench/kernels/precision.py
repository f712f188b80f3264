"""Where kernels are computed: in fp64, on a device that has it, whatever the features are."""

from __future__ import annotations

import torch
from torch import Tensor


def exact(x: Tensor) -> Tensor:
    """x in fp64, on a device that has fp64 (Apple's GPUs do not)."""
    return x.to(device="cpu" if x.device.type == "mps" else x.device, dtype=torch.float64)


def home(x: Tensor, features: Tensor) -> Tensor:
    """x where the features are, in fp64 wherever that exists."""
    return x.to(features.device, torch.float32 if features.device.type == "mps" else torch.float64)


def like(gradient: Tensor, features: Tensor) -> Tensor:
    """A gradient where and as precise as the features; the precision first: fp64 cannot be moved everywhere."""
    return gradient.to(features.dtype).to(features.device)
