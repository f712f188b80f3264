"""Ratios of distances: 1 for held-out images, 0 for copies; neighbours in feature space equal a brute force in fp64."""

import math

import pytest
import torch
from pictured import evaluation, images

from genbench.contract import extractor as extractors
from genbench.contract.dataset import Splits
from genbench.data.pictures import grid, stack
from genbench.errors import DataError
from genbench.metrics import feature_neighbours, features, neighbours
from genbench.metrics.feature_neighbours import nearest, neighbour_feature_ratio, neighbour_ratio
from genbench.metrics.protocol import protocol_of

METRICS = {metric.name: metric for metric in feature_neighbours.genbench_metrics()}
RATIOS = (neighbour_ratio, neighbour_feature_ratio)
TRAIN, TEST = images(30, 0, colours=30), images(12, 1, colours=30)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path))


def looked_at(samples, train=TRAIN, test=TEST, **values):
    return evaluation(samples, test, train=train, **values)


def rows(count, seed, columns=7):
    return torch.randn(count, columns, generator=torch.Generator().manual_seed(seed))


def brute_force(queries, references, k):
    distances = (queries.double().unsqueeze(1) - references.double().unsqueeze(0)).square().sum(2).sqrt()
    distances, order = distances.sort(dim=1, stable=True)
    return distances[:, :k], order[:, :k]


def assert_exact(queries, references, k):
    distances, indices = nearest(queries, references, k)
    expected, order = brute_force(queries, references, k)
    assert torch.equal(indices, order)
    torch.testing.assert_close(distances, expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("ratio", RATIOS)
def test_the_ratio_of_held_out_images_themselves_is_one(ratio):
    assert ratio(looked_at(TEST)) == 1


@pytest.mark.parametrize("ratio", RATIOS)
def test_the_ratio_of_training_images_themselves_is_zero(ratio):
    assert ratio(looked_at(TRAIN)) == 0
    assert ratio(looked_at(TRAIN[20:25])) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("ratio", RATIOS)
def test_images_like_the_held_out_ones_have_a_ratio_near_one_and_near_copies_a_small_one(ratio):
    noise = torch.randint(0, 3, TRAIN.shape, generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    assert 0.5 < ratio(looked_at(images(30, 2, colours=30))) < 2
    assert 0 < ratio(looked_at(TRAIN // 2 * 2 + noise)) < 0.2


def test_the_ratio_of_pixels_is_that_of_the_two_distances():
    one = looked_at(images(5, 2))
    assert neighbour_ratio(one) == neighbours.neighbour_distance(one) / neighbours.neighbour_distance_heldout(one)


def test_the_ratio_of_features_is_that_of_the_medians_of_a_brute_force():
    one = looked_at(images(5, 2))
    train, test, fake = (
        features.of_split(one, "train", "fp32"),
        features.of_split(one, "test", "fp32"),
        features.of_samples(one, "fp32").features,
    )
    above, below = (brute_force(found, train, 1)[0].quantile(0.5) for found in (fake, test[:5]))
    assert neighbour_feature_ratio(one) == pytest.approx(float(above / below), rel=1e-12)


def test_the_ratio_of_features_does_not_depend_on_the_batch_nor_on_the_blocks(monkeypatch, tmp_path):
    expected = neighbour_feature_ratio(looked_at(images(5, 2)))
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path / "other"))
    monkeypatch.setitem(features.BATCH, "cpu", 3)
    monkeypatch.setattr(feature_neighbours, "QUERY_ROWS", 2)
    monkeypatch.setattr(feature_neighbours, "REFERENCE_ROWS", 7)
    assert neighbour_feature_ratio(looked_at(images(5, 2))) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("split", ["test", "train"])
def test_the_ratios_do_not_depend_on_the_split_that_other_metrics_compare_with(split):
    for ratio, metric in zip(RATIOS, METRICS.values(), strict=True):
        one, other = looked_at(images(5, 2)), looked_at(images(5, 2), split=split)
        assert ratio(one) == ratio(other)
        assert protocol_of(metric, one) == protocol_of(metric, other)


def test_the_protocol_names_the_training_images_and_the_extractor_of_features_alone():
    pixels, distances = (protocol_of(metric, looked_at(images(5, 2))) for metric in METRICS.values())
    assert (pixels.split, pixels.real_images, pixels.generated_images, pixels.extractor, pixels.precision) == (
        "train",
        30,
        5,
        "",
        "",
    )
    assert (distances.split, distances.real_images, distances.generated_images) == ("train", 30, 5)
    assert (distances.extractor, distances.precision) == ("toy-features", "fp32")


def test_a_second_generator_needs_a_pass_over_its_samples_alone(monkeypatch):
    built, build = [], extractors.build
    monkeypatch.setattr(extractors, "build", lambda *arguments: built.append(build(*arguments)) or built[-1])
    for samples in (images(5, 2), images(4, 3)):
        one = looked_at(samples)
        neighbour_feature_ratio(one)
        feature_neighbours.picture(one)
    assert [network.images for network in built] == [5 + 30 + 12, 4]


def test_searches_are_shared_by_numbers_and_pictures(monkeypatch):
    searches = []
    for module in (neighbours, feature_neighbours):
        monkeypatch.setattr(
            module, "nearest", lambda *arguments, own=module.nearest: searches.append(1) or own(*arguments)
        )
    one = looked_at(images(5, 2))
    neighbours.neighbour_distance(one)
    neighbours.neighbour_distance_heldout(one)
    neighbour_ratio(one)
    assert len(searches) == 2
    neighbour_feature_ratio(one)
    METRICS["neighbour_feature_ratio"].picture(one)
    assert len(searches) == 4


def test_picture_has_twenty_samples_on_top_and_beneath_each_its_five_neighbours_in_feature_space():
    samples = images(22, 2)
    one = looked_at(samples)
    order = brute_force(features.of_samples(one, "fp32").features[:20], features.of_split(one, "train", "fp32"), 5)[1]
    expected = stack(
        grid(samples[:20], columns=20), grid(torch.cat([TRAIN[column] for column in order.unbind(1)]), columns=20)
    )
    assert METRICS["neighbour_feature_ratio"].picture(one).tobytes() == expected.tobytes()


def test_fewer_training_images_than_neighbours_will_do():
    one = looked_at(images(3, 2), train=TRAIN[:2])
    assert neighbour_feature_ratio(one) > 0
    assert feature_neighbours.picture(one).width > 0


@pytest.mark.parametrize("ratio", RATIOS)
def test_held_out_images_that_are_training_images_give_no_ratio_and_a_warning(ratio):
    one = looked_at(images(5, 2), test=TRAIN)
    assert math.isnan(ratio(one))
    assert f"{ratio.__name__}: half of the held-out images" in one.warnings[0]


def test_data_without_held_out_images_or_without_images_are_refused_with_a_reason():
    vectors, bare = Splits(train=torch.zeros(4, 2), test=torch.zeros(4, 2)), Splits(train=TRAIN, test=TEST[:0])
    for metric in METRICS.values():
        assert "vectors" in metric.accepts(vectors)
        assert "held-out" in metric.accepts(bare)
        assert metric.accepts(looked_at(TEST).splits) == ""


@pytest.mark.parametrize("k", [1, 5, 30])
def test_neighbours_equal_a_brute_force_in_fp64(k):
    assert_exact(rows(9, 0), rows(30, 1), k)


@pytest.mark.parametrize(("queries", "references"), [(1, 1), (2, 3), (100, 4)])
def test_neighbours_do_not_depend_on_the_blocks(queries, references, monkeypatch):
    monkeypatch.setattr(feature_neighbours, "QUERY_ROWS", queries)
    monkeypatch.setattr(feature_neighbours, "REFERENCE_ROWS", references)
    assert_exact(rows(9, 0), rows(30, 1), 6)


def test_neighbours_are_exact_where_single_precision_rounds():
    # Rows far from the origin and near each other: |q|² is near 7·10⁶, squared distances differ by 10⁻⁵.
    near = 1000 + rows(30, 1) / 100
    assert_exact(near[:9] + 1 / 128, near, 6)


def test_a_copy_is_at_distance_zero():
    references = 1000 + rows(30, 1)
    distances, indices = nearest(references[10:20], references, 2)
    assert torch.equal(distances[:, 0], torch.zeros(10, dtype=torch.float64))
    assert torch.equal(indices[:, 0], torch.arange(10, 20))


def test_equally_distant_rows_come_in_the_order_of_their_indices(monkeypatch):
    monkeypatch.setattr(feature_neighbours, "REFERENCE_ROWS", 4)
    references = rows(5, 1).repeat(3, 1)
    assert torch.equal(nearest(references[1:2], references, 3)[1], torch.tensor([[1, 6, 11]]))


@pytest.mark.parametrize(
    ("queries", "k"),
    [(rows(2, 0, columns=5), 1), (rows(2, 0), 0), (rows(2, 0), 10)],
    ids=["other columns", "none asked for", "more than there are"],
)
def test_what_cannot_be_compared_is_refused(queries, k):
    with pytest.raises(DataError):
        nearest(queries, rows(9, 1), k)
