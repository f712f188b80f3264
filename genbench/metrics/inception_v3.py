"""`inception-v3-compat`: the Inception network of the published FID, run exactly and faster than it is written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from genbench.contract.extractor import Extractor, Features, kept_by_torch
from genbench.contract.hooks import hookimpl
from genbench.metrics.folding import fold
from genbench.metrics.resize import resize, tensorflow1

SIZE = 299
URL = "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth"


@hookimpl
def genbench_extractors() -> Iterable[Extractor]:
    """`inception-v3-compat`."""
    return [
        Extractor(
            name="inception-v3-compat",
            build=InceptionV3,
            kept=kept_by_torch(URL.rpartition("/")[2]),
            transform="TensorFlow 1 bilinear to 299x299, (x - 128) / 128, grey as RGB",
            sha256="6726825d",
            url=URL,
            about="Inception v3 of 2015-12-05 as in torch-fidelity: 2048 pooled features, logits without bias",
            source="Heusel et al. 2017, arXiv:1706.08500; Szegedy et al. 2015, arXiv:1512.00567",
        )
    ]


class InceptionV3(nn.Module):
    """torch-fidelity's network with folded batch norm, channels last, and the resize as matrix products."""

    def __init__(self, weights: Path) -> None:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        super().__init__()
        network = FeatureExtractorInceptionV3(
            "inception-v3-compat", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(weights)
        )
        fold(network, [("conv", "bn")])
        *blocks, head = network.children()
        self.blocks = nn.Sequential(*blocks).to(memory_format=torch.channels_last)
        self.head = cast(nn.Linear, head)

    def forward(self, images: Tensor) -> Features:
        """The features of uint8 images [n, h, w, 3]."""
        _, height, width, _ = images.shape
        rows, columns = (tensorflow1(length, SIZE).to(images.device) for length in (height, width))
        # The weights of a row sum to 1: shifting and scaling before the resize is the same, on fewer pixels.
        shifted = images.to(torch.float32).sub_(128).div_(128)
        pooled = self.blocks(resize(shifted, rows, columns).permute(0, 3, 1, 2)).flatten(1)
        return Features(pooled.float(), (pooled @ self.head.weight.T).float())
