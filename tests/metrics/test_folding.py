"""A folded network is the same function."""

import torch
from torch import nn

from genbench.metrics.folding import fold


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn, self.lone = nn.Conv2d(2, 3, 3, bias=False), nn.BatchNorm2d(3), nn.BatchNorm2d(3)

    def forward(self, x):
        return self.lone(self.bn(self.conv(x)).relu())


def test_folding_changes_no_output_and_only_the_named_norms():
    generator = torch.Generator().manual_seed(0)
    network = nn.Sequential(Block(), nn.Conv2d(3, 2, 1), Block()).double().eval()
    for value in network.state_dict().values():
        if value.is_floating_point():
            value.copy_(torch.rand(value.shape, generator=generator).double() + 0.5)
    x = torch.rand(2, 2, 6, 6, generator=generator).double()
    with torch.no_grad():
        expected = network(x)
        fold(network, [("conv", "bn")])
        torch.testing.assert_close(network(x), expected)
    assert sum(isinstance(module, nn.BatchNorm2d) for module in network.modules()) == 2
