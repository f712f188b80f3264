"""The norm of a critic: what stands in the place of its batch norms, so that losses and norms can be crossed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

Norm = Literal["batch", "none", "spectral", "layer"]
NORMS: tuple[str, ...] = get_args(Norm)
LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def normed(critic: nn.Module, norm: str) -> nn.Module:
    """The critic with a norm in the place of its batch norms; all else, its weights too, stays as it was built.

    batch: as it was built. none: nothing in their place; the layer before each, which had no bias because a batch norm
    cancels it, gets one of 0. layer: a norm of each sample over its channels and places (Ba et al. 2016, arXiv
    1607.06450), with the batch norm's first scale and shift. spectral: as none, and the weight of every linear and
    convolutional layer is divided by its largest singular value (Miyato et al. 2018, arXiv 1802.05957), as a matrix
    [outputs, rest], by one power iteration for each pass in training.
    """
    if norm == "batch":
        return critic
    before: nn.Module | None = None
    for parent, name, layer in list(_leaves(critic)):
        if isinstance(layer, LAYERS):
            before = layer
        elif isinstance(layer, BATCH_NORMS):
            setattr(parent, name, _layer_norm(layer) if norm == "layer" else nn.Identity())
            if norm != "layer" and isinstance(before, LAYERS) and before.bias is None:
                before.bias = nn.Parameter(torch.zeros(layer.num_features))
    if norm == "spectral":
        for _, _, layer in list(_leaves(critic)):
            if isinstance(layer, LAYERS):
                spectral_norm(layer)
    return critic


def has_batch_norm(critic: nn.Module) -> bool:
    """Whether there is a place for another norm."""
    return any(isinstance(layer, BATCH_NORMS) for layer in critic.modules())


def _leaves(module: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Module]]:
    """Every layer that holds no other, in order, with the module that holds it and its name there."""
    for name, child in module.named_children():
        if next(child.children(), None) is None:
            yield module, name, child
        else:
            yield from _leaves(child)


def _layer_norm(norm: nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d) -> nn.GroupNorm:
    """A group norm of one group that learns what the batch norm would have learnt."""
    layer = nn.GroupNorm(1, norm.num_features, eps=norm.eps, affine=norm.affine)
    if norm.affine:
        layer.weight, layer.bias = norm.weight, norm.bias
    return layer
