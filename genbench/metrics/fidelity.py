"""The further extractors of torch-fidelity, as they are: CLIP, DINOv2 and VGG."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from genbench.contract.extractor import WAYS_OUT, Extractor, Features, kept_by_torch
from genbench.contract.hooks import hookimpl
from genbench.errors import GenbenchError

CLIP = {
    "clip-rn50": ("RN50", "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762"),
    "clip-vit-b-32": ("ViT-B-32", "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"),
    "clip-vit-b-16": ("ViT-B-16", "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f"),
    "clip-vit-l-14": ("ViT-L-14", "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836"),
}
"""Name to published file and its sha256."""
DINOV2 = {
    "dinov2-vit-s-14": "dinov2_vits14",
    "dinov2-vit-b-14": "dinov2_vitb14",
    "dinov2-vit-l-14": "dinov2_vitl14",
    "dinov2-vit-g-14": "dinov2_vitg14",
}
VGG_URL = "https://download.pytorch.org/models/vgg16-397923af.pth"


@hookimpl
def genbench_extractors() -> Iterable[Extractor]:
    """`clip-…`, `dinov2-…` and `vgg16`."""
    for name, (file, digest) in CLIP.items():
        yield Extractor(
            name=name,
            build=_from_file(name),
            kept=kept_by_torch(f"{name}-{digest}.pt"),
            transform="TensorFlow 1 bilinear to the network's size, CLIP's mean and deviation, grey as RGB",
            sha256=digest,
            url=f"https://openaipublic.azureedge.net/clip/models/{digest}/{file}.pt",
            about=(
                "image encoder of CLIP; it has no classes: the Inception Score takes its features for logits, as"
                " torch-fidelity does"
            ),
            source="Radford et al. 2021, arXiv:2103.00020",
        )
    for name, file in DINOV2.items():
        yield Extractor(
            name=name,
            build=_from_hub(name),
            kept=kept_by_torch(f"{file}_pretrain.pth"),
            transform="TensorFlow 1 bilinear to 224x224, ImageNet's mean and deviation, grey as RGB",
            url=f"https://dl.fbaipublicfiles.com/dinov2/{file}/{file}_pretrain.pth",
            about=(
                "DINOv2, code and weights from torch.hub; it has no classes: the Inception Score takes its features for"
                " logits, as torch-fidelity does"
            ),
            source="Oquab et al. 2023, arXiv:2304.07193",
        )
    yield Extractor(
        name="vgg16",
        build=_from_file("vgg16"),
        kept=kept_by_torch(VGG_URL.rpartition("/")[2]),
        transform="TensorFlow 1 bilinear to 224x224, ImageNet's mean and deviation, grey as RGB",
        sha256="397923af",
        url=VGG_URL,
        about=(
            "VGG16 of torchvision: 4096 features of the second fully connected layer, torch-fidelity's default for"
            " precision and recall"
        ),
        source="Simonyan and Zisserman 2014, arXiv:1409.1556; Kynkäänniemi et al. 2019, arXiv:1904.06991",
    )


class Registered(nn.Module):
    """An extractor of torch-fidelity's registry; the layers are its defaults for FID and for the Inception Score."""

    def __init__(self, name: str, weights: Path | None) -> None:
        from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY

        super().__init__()
        kind = FEATURE_EXTRACTORS_REGISTRY[name]
        self.layers = [kind.get_default_feature_layer_for_metric(metric) for metric in ("fid", "isc")]
        file = str(weights) if weights else None
        self.network = kind(name, list(dict.fromkeys(self.layers)), feature_extractor_weights_path=file, verbose=False)

    def forward(self, images: Tensor) -> Features:
        """The features of uint8 images [n, h, w, 3]."""
        found = self.network.convert_features_tuple_to_dict(self.network(images.permute(0, 3, 1, 2).contiguous()))
        return Features(*(found[layer] for layer in self.layers))


def _from_file(name: str) -> Callable[[Path], nn.Module]:
    return lambda weights: Registered(name, weights)


def _from_hub(name: str) -> Callable[[Path], nn.Module]:
    """Code and weights from torch.hub, by torch-fidelity; it takes no file of weights."""

    def build(weights: Path) -> nn.Module:
        if weights != kept_by_torch(f"{DINOV2[name]}_pretrain.pth")():
            raise GenbenchError(
                f"{name} takes no features.weights: put the file into {torch.hub.get_dir()}/checkpoints; {WAYS_OUT}"
            )
        return Registered(name, None)

    return build
