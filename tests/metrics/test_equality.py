"""fid, is, kid, precision and recall are the numbers of torch_fidelity.calculate_metrics on the same images and
weights.
"""

import pytest
import torch
from pictured import evaluation, images, random_inception
from torch.nn.functional import interpolate

from genbench.contract import extractor as extractors
from genbench.contract import registry
from genbench.metrics.features import extract

NAMES = {
    "fid": "frechet_inception_distance",
    "is": "inception_score_mean",
    "kid": "kernel_inception_distance_mean",
    "precision": "precision",
    "recall": "recall",
}
FAKE, REAL = images(26, 0, dark=0.1), images(22, 1)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def plain_efficientnet():
    """torch-fidelity's name for EfficientNet-Lite0 written in the plainest way: no folding, channels first, resized as
    an image.
    """
    from efficientnet_lite_pytorch import EfficientNet
    from torch_fidelity import FeatureExtractorBase, register_feature_extractor

    from genbench.metrics.efficientnet import packaged

    class Plain(FeatureExtractorBase):
        def __init__(self, name, features_list, **_):
            super().__init__(name, features_list)
            self.network = EfficientNet.from_name("efficientnet-lite0")
            self.network.load_state_dict(torch.load(packaged(), weights_only=True))

        @staticmethod
        def get_provided_features_list():
            return "pooled", "logits"

        @staticmethod
        def get_default_feature_layer_for_metric(metric):
            return "logits" if metric == "isc" else "pooled"

        def forward(self, x):
            resized = interpolate(x.float(), size=(224, 224), mode="bilinear", antialias=True)
            maps = self.network.extract_features((resized - 127) / 128)
            pooled = maps.mean((2, 3))
            found = {"pooled": pooled, "logits": self.network._fc(pooled)}
            return tuple(found[name] for name in self.features_list)

    register_feature_extractor("plain-efficientnet-lite0", Plain)
    return "plain-efficientnet-lite0"


@pytest.fixture(scope="module")
def inception(tmp_path_factory):
    return random_inception(tmp_path_factory.mktemp("weights") / "inception.pth")


def reference(**settings):
    """torch-fidelity's numbers by our names."""
    from torch_fidelity import calculate_metrics

    one, other = ([image.permute(2, 0, 1) for image in part] for part in (FAKE, REAL))

    class Images(torch.utils.data.Dataset):
        def __init__(self, part):
            self.part = part

        def __len__(self):
            return len(self.part)

        def __getitem__(self, index):
            return self.part[index]

    found = calculate_metrics(
        input1=Images(one), input2=Images(other), cuda=False, isc=True, fid=True, kid=True, prc=True,
        kid_subset_size=22, batch_size=9, cache=False, save_cpu_ram=True, verbose=False, **settings,
    )  # fmt: skip
    return {ours: found[theirs] for ours, theirs in NAMES.items()}


def ours(looked_at):
    return {name: registry.load("metrics", name).compute(looked_at) for name in NAMES}


def assert_equal(found, expected):
    # Of so few images torch-fidelity's fid holds the roots of a thousand eigenvalues that are 0 except for rounding.
    absolute = {"fid": 1e-4, "kid": 1e-5}
    assert found == {
        name: pytest.approx(value, rel=1e-5, abs=absolute.get(name, 1e-9)) for name, value in expected.items()
    }


@pytest.mark.slow
def test_numbers_with_efficientnet_are_those_of_torch_fidelity(plain_efficientnet):
    looked_at = evaluation(FAKE, REAL, extractor="efficientnet-lite0")
    assert_equal(ours(looked_at), reference(feature_extractor=plain_efficientnet))
    assert any("singular" in warning for warning in looked_at.warnings)


@pytest.mark.long
def test_numbers_with_inception_are_those_of_torch_fidelity(inception):
    looked_at = evaluation(FAKE, REAL, extractor="inception-v3-compat", weights=inception)
    expected = reference(feature_extractor="inception-v3-compat", feature_extractor_weights_path=str(inception))
    assert_equal(ours(looked_at), expected)
    assert any("not the published ones" in warning for warning in looked_at.warnings)


@pytest.mark.parametrize("name", ["efficientnet-lite0", "inception-v3-compat"])
def test_the_features_of_an_image_do_not_depend_on_the_batch(name, inception):
    extractor = registry.load("extractors", name)
    network = extractors.build(
        extractor, extractors.find(extractor, str(inception) if "inception" in name else "", download=False)
    )
    together, apart = (
        extract(network, FAKE[:3], precision="fp32", device=torch.device("cpu"), batch=batch) for batch in (3, 1)
    )
    for one, other in zip(together, apart, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5 * float(one.abs().max()))
