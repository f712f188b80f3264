"""torch-fidelity's further extractors: the layers that it uses for each metric, from a file or from torch.hub."""

import pytest
import torch
from pictured import images
from torch import nn

from genbench.contract import extractor as extractors
from genbench.contract import registry
from genbench.errors import GenbenchError
from genbench.metrics.features import extract
from genbench.metrics.fidelity import CLIP, DINOV2, Registered

CPU = torch.device("cpu")
PICTURES = images(3, 0, size=10)
HUBCONF = """
import torch
def dinov2_vits14():
    class Network(torch.nn.Module):
        def forward(self, x):
            return x.mean((2, 3))
    return Network()
"""


def test_features_and_logits_are_the_layers_that_torch_fidelity_uses():
    from torch_fidelity import FeatureExtractorBase, register_feature_extractor

    class Two(FeatureExtractorBase):
        def __init__(self, name, features_list, feature_extractor_weights_path, **_):
            super().__init__(name, features_list)

        @staticmethod
        def get_provided_features_list():
            return "unused", "classes", "pooled"

        @staticmethod
        def get_default_feature_layer_for_metric(metric):
            return "classes" if metric == "isc" else "pooled"

        def forward(self, x):
            found = {"pooled": x.float().mean((2, 3)), "classes": x.float().amax((2, 3))}
            return tuple(found[name] for name in self.features_list)

    register_feature_extractor("two-layers", Two)
    found = extract(Registered("two-layers", None), PICTURES, precision="fp32", device=CPU)
    torch.testing.assert_close(found.features, PICTURES.float().mean((1, 2)))
    torch.testing.assert_close(found.logits, PICTURES.float().amax((1, 2)))


def test_clip_reads_the_archive_that_openai_publishes(tmp_path):
    from torch_fidelity.feature_extractor_clip import VisionTransformer

    width, patch, side = 64, 16, 2
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = VisionTransformer(
            input_resolution=patch * side, patch_size=patch, width=width, layers=1, heads=1, output_dim=8
        )
    archive = nn.Module()
    archive.visual = encoder
    archive.text_projection = nn.Parameter(torch.randn(8, 8))
    archive.positional_embedding = nn.Parameter(torch.randn(5, 8))
    archive.token_embedding = nn.Embedding(7, 8)
    archive.ln_final = nn.LayerNorm(64)
    torch.jit.script(archive).save(str(tmp_path / "clip.pt"))
    extractor = registry.load("extractors", "clip-vit-b-32")
    weights = extractors.find(extractor, str(tmp_path / "clip.pt"), download=False)
    found = extract(extractors.build(extractor, weights), PICTURES, precision="fp32", device=CPU)
    assert found.features.shape == (3, 8)
    assert torch.equal(found.features, found.logits)
    assert found.features.std() > 0


def test_dinov2_is_taken_from_torch_hub_and_from_no_other_file(tmp_path, monkeypatch):
    from urllib.error import URLError

    def offline(*_, **__):
        raise URLError("offline")

    monkeypatch.setattr(torch.hub, "urlopen", offline)
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    for path, content in (
        ("checkpoints/dinov2_vits14_pretrain.pth", ""),
        ("facebookresearch_dinov2_main/hubconf.py", HUBCONF),
    ):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(content)
    extractor = registry.load("extractors", "dinov2-vit-s-14")
    network = extractors.build(extractor, extractors.find(extractor, "", download=False))
    assert extract(network, PICTURES, precision="fp32", device=CPU).features.shape == (3, 3)
    other = tmp_path / "other.pth"
    other.write_bytes(b"")
    with pytest.raises(GenbenchError, match=r"dinov2-vit-s-14 takes no features\.weights"):
        extractors.build(extractor, extractors.find(extractor, str(other), download=False))


def test_every_name_is_one_of_torch_fidelity():
    from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY

    installed = {
        entry.name for entry in registry.installed("extractors") if entry.module == "genbench.metrics.fidelity"
    }
    assert installed == {*CLIP, *DINOV2, "vgg16"}
    assert installed <= set(FEATURE_EXTRACTORS_REGISTRY)
