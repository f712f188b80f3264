"""An extractor for the tests: coarse pixels through a fixed random projection; any file will do for its weights."""

from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d

from genbench.plugin import Extractor, Features, hookimpl

DIMENSIONS, CLASSES = 12, 5


class ToyNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.register_buffer("projection", torch.randn(3 * 16, DIMENSIONS, generator=generator) / 7)
        self.register_buffer("head", torch.randn(DIMENSIONS, CLASSES, generator=generator))
        self.images = 0

    def forward(self, images):
        self.images += len(images)
        coarse = adaptive_avg_pool2d(images.permute(0, 3, 1, 2) / 255, 4).flatten(1)
        features = coarse @ self.projection
        return Features(features, features @ self.head)


def build(weights):
    if weights.read_bytes().startswith(b"damaged"):
        raise RuntimeError("unexpected end of file")
    return ToyNetwork()


TOY = Extractor(name="toy-features", build=build, kept=lambda: Path(__file__), transform="mean to 4x4", about="a toy")


@hookimpl
def genbench_extractors():
    return [TOY]
