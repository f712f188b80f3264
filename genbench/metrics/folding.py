"""Batch norm folded into the convolutions before it: the same function with fewer passes over memory."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold(network: nn.Module, pairs: Iterable[tuple[str, str]]) -> None:
    """Fold batch norms in place, in every submodule that has both names of a pair (convolution, batch norm).

    The network has to be in eval mode. A folded batch norm becomes the identity.
    """
    pairs = tuple(pairs)
    for module in list(network.modules()):
        for convolution, norm in pairs:
            before, after = module._modules.get(convolution), module._modules.get(norm)
            if isinstance(before, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
                module._modules[convolution] = fuse_conv_bn_eval(before, after)
                module._modules[norm] = nn.Identity()
