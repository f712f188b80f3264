"""own-classifier: trained once, the same bits every time, its hash and accuracy in the protocol, refused where it says
too little.
"""

import dataclasses

import pytest
import torch
from pictured import evaluation

from genbench.config.settings import FeatureSettings
from genbench.contract import registry
from genbench.contract.extractor import find
from genbench.errors import GenbenchError
from genbench.metrics import cache as kept
from genbench.metrics import features, own_classifier
from genbench.metrics.own_classifier import NAME, Classifier, accuracy_of, fit, learn
from genbench.metrics.protocol import protocol_of


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def labelled(per_class, seed, size=8):
    """Grey images whose brightness tells the class."""
    labels = torch.arange(3).repeat_interleave(per_class)
    noise = torch.randint(0, 40, (len(labels), size, size, 1), generator=torch.Generator().manual_seed(seed))
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed + 1))
    return (noise + 100 * labels.view(-1, 1, 1, 1)).clamp_max(255).to(torch.uint8)[order], labels[order]


def looked_at(seed=0, *, blind=False, extractor=NAME, **values):
    train, train_labels = labelled(60, seed)
    test, test_labels = labelled(20, seed + 10)
    if blind:
        test_labels = test_labels.roll(1)
    labels = {"train_labels": train_labels, "test_labels": test_labels}
    return evaluation(labelled(15, 5)[0], test, train=train, extractor=extractor, **{**labels, **values})


def fid(found):
    return registry.load("metrics", "fid").compute(found)


def test_it_recognises_the_images_and_scores_samples_by_its_features():
    found = looked_at()
    assert 0 <= fid(found) < 5
    assert features.of_samples(found, "fp32").features.shape == (45, 128)
    assert features.of_samples(found, "fp32").logits.shape == (45, 3)


def test_it_is_trained_once_and_found_after_that(monkeypatch):
    first = learn(looked_at().splits)
    monkeypatch.setattr(own_classifier, "fit", lambda *_: pytest.fail("it was trained again"))
    assert learn(looked_at().splits) == first


def test_the_same_images_yield_the_same_bits_on_any_number_of_threads():
    images, labels = labelled(20, 0)
    drawn = torch.random.get_rng_state()
    one = fit(images, labels).state_dict()
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        other = fit(images, labels).state_dict()
        assert torch.get_num_threads() == threads + 1
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert torch.equal(torch.random.get_rng_state(), drawn)


def test_weights_and_accuracy_are_in_the_protocol_and_its_key():
    metric = registry.load("metrics", "fid")
    one, other = (protocol_of(metric, looked_at(seed)) for seed in (0, 3))
    assert one.extractor == NAME
    assert one.learned == "trained on 180 images, recognises 100.00% of 60 held out"
    assert one.weights != other.weights
    assert dataclasses.replace(one, learned="trained on nothing").key != one.key


def test_a_number_of_another_extractor_has_the_key_that_it_always_had():
    found = protocol_of(registry.load("metrics", "fid"), looked_at(extractor="toy-features"))
    assert found.learned == ""
    assert "learned" not in found.to_dict()


def test_other_labels_are_another_training():
    plain, relabelled = looked_at(), looked_at(test_labels=labelled(20, 10)[1].clone().fill_(1))
    assert own_classifier._key(plain.splits) != own_classifier._key(relabelled.splits)


def test_it_is_refused_where_it_recognises_too_little():
    for _ in range(2):  # the second time without training
        with pytest.raises(
            GenbenchError, match=r"recognises \d+.\d% of the 60 held-out images, and with fewer than 85%"
        ):
            fid(looked_at(blind=True))


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({"train_labels": None}, "no labels to learn from"),
        ({"test_labels": None}, "no labels to learn from"),
        ({"train_labels": torch.zeros(180, dtype=torch.int64)}, "of one class"),
    ],
)
def test_data_that_it_cannot_learn_from_are_refused_with_a_way_out(labels, reason):
    with pytest.raises(GenbenchError, match=f"features=own-classifier cannot be used.*{reason}.*efficientnet-lite0"):
        fid(looked_at(**labels))


def test_a_dry_run_trains_nothing_and_still_says_what_cannot_be(monkeypatch):
    monkeypatch.setattr(own_classifier, "fit", lambda *_: pytest.fail("it was trained"))
    settings = FeatureSettings(name=NAME)
    features.could_choose(settings, None)
    features.could_choose(settings, looked_at(77).splits)
    with pytest.raises(GenbenchError, match="no labels"):
        features.could_choose(settings, looked_at(77, train_labels=None).splits)


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(own_classifier, "fit", lambda *_: Classifier(3))
    monkeypatch.setattr(own_classifier, "accuracy_of", lambda *_: 1.0)
    with pytest.raises(GenbenchError, match=r"cannot be kept in .*file/features; set GENBENCH_CACHE"):
        learn(looked_at().splits)


def test_its_file_may_be_taken_to_another_machine(tmp_path, monkeypatch):
    own = learn(looked_at().splits)
    file = tmp_path / "weights.npz"
    file.write_bytes(own.path.read_bytes())
    monkeypatch.setattr(own_classifier, "fit", lambda *_: pytest.fail("it was trained"))
    there = looked_at(weights=file)
    assert fid(there) == fid(looked_at())
    assert "not the published ones" in there.warnings[0]
    assert find(registry.load("extractors", NAME), str(file), download=False).sha256 in there.warnings[0]


def test_a_damaged_file_is_trained_again(monkeypatch):
    splits = looked_at().splits
    before = learn(splits)
    content = before.path.read_bytes()
    before.path.write_bytes(content[:-100])
    assert learn(splits) == before
    assert before.path.read_bytes() == content


@pytest.mark.parametrize("size", [8, 16, 28, 48])
def test_images_of_any_size_have_128_features_and_grey_ones_are_those_with_three_equal_channels(size):
    network = Classifier(3).eval()
    grey = labelled(2, 0, size=size)[0].expand(-1, -1, -1, 3)
    assert network(grey).features.shape == (6, 128)


def test_labels_that_skip_numbers_and_unknown_held_out_ones_are_no_obstacle():
    train, test = torch.tensor([5, 2, 9, 2]), torch.tensor([9, 7, 2])
    splits = dataclasses.replace(looked_at().splits, train_labels=train, test_labels=test)
    assert own_classifier._ranked(train, splits).tolist() == [1, 0, 2, 0]
    assert own_classifier._ranked(test, splits).tolist() == [2, -1, 0]


def test_accuracy_is_the_share_that_is_right():
    images, labels = labelled(6, 0)

    class Sure(torch.nn.Module):
        def forward(self, images):
            return features.Features(images, torch.nn.functional.one_hot(images[:, 0, 0, 0].long() // 100, 3).float())

    assert accuracy_of(Sure(), images, labels) == 1
    assert accuracy_of(Sure(), images, (labels + 1) % 3) == 0


def test_the_file_of_a_key_is_where_its_arrays_are_kept():
    splits = looked_at().splits
    learn(splits)
    assert kept.path_of(own_classifier._key(splits)).is_file()
