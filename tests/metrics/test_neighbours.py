"""Nearest neighbours are exact: equal to a brute force in integers, ties included, whatever the blocks."""

import math

import pytest
import torch

from genbench.contract.dataset import Splits
from genbench.contract.metric import Evaluation
from genbench.data.pictures import GAP, grid
from genbench.errors import DataError
from genbench.metrics import neighbours
from genbench.metrics.neighbours import nearest

METRICS = {metric.name: metric for metric in neighbours.genbench_metrics()}


def images(count, seed, size=4, channels=3, levels=256):
    return torch.randint(
        0, levels, (count, size, size, channels), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8
    )


def brute_force(queries, references, k):
    difference = queries.flatten(1).long().unsqueeze(1) - references.flatten(1).long().unsqueeze(0)
    squared, order = difference.square().sum(2).sort(dim=1, stable=True)
    return (squared[:, :k] / difference.shape[2]).double(), order[:, :k]


def evaluation(samples, train, test):
    return Evaluation(samples=samples, splits=Splits(train=train, test=test))


def assert_exact(queries, references, k):
    distances, indices = nearest(queries, references, k)
    mean_squares, expected = brute_force(queries, references, k)
    assert torch.equal(indices, expected)
    torch.testing.assert_close(distances.square(), mean_squares.double(), rtol=1e-6, atol=0)
    assert distances.dtype == torch.float64


@pytest.fixture(params=["as this processor can", "fp32"])
def product(request, monkeypatch):
    """Both ways to multiply; int8 where the processor does it exactly."""
    if request.param == "fp32":
        monkeypatch.setattr(neighbours, "_multiplies_int8", lambda: False)


@pytest.mark.parametrize("k", [1, 3, 30])
def test_neighbours_equal_a_brute_force_in_integers(k, product):
    assert_exact(images(7, 0), images(30, 1), k)


def test_neighbours_do_not_depend_on_the_blocks(monkeypatch, product):
    for constant, size in {"QUERY_ROWS": 3, "REFERENCE_ROWS": 4, "DEPTH": 10, "INTEGER_DEPTH": 7}.items():
        monkeypatch.setattr(neighbours, constant, size)
    assert_exact(images(7, 0), images(30, 1), 6)


@pytest.mark.parametrize("nearest_first", [True, False])
def test_neighbours_do_not_depend_on_the_order_in_which_they_come(nearest_first, monkeypatch, product):
    monkeypatch.setattr(neighbours, "REFERENCE_ROWS", 4)
    queries, references = images(1, 0), images(30, 1)
    order = brute_force(queries, references, 30)[1][0]
    assert_exact(queries, references[order if nearest_first else order.flip(0)], 6)


def test_products_of_extreme_pixels_do_not_overflow(product):
    black, white = (torch.full((2, 40, 40, 3), value, dtype=torch.uint8) for value in (0, 255))
    assert_exact(torch.cat([black, white]), torch.cat([white, black]), 4)
    both = (torch.cat([black, white]).flatten(1) ^ 128).view(torch.int8)
    assert torch.equal(neighbours._products(both, both).long(), both.long() @ both.long().T)


def test_of_equally_near_images_the_lowest_index_comes_first(monkeypatch, product):
    queries, references = images(6, 0, size=2, channels=1, levels=2), images(50, 1, size=2, channels=1, levels=2)
    assert_exact(queries, references, 9)
    monkeypatch.setattr(neighbours, "REFERENCE_ROWS", 8)
    assert_exact(queries, references, 9)


def test_neighbours_are_exact_where_a_product_in_single_precision_rounds(product):
    # White and nearly white images: inner products near 3072 * 255² exceed 2^24, the squared distances differ by 1.
    references = torch.full((40, 32, 32, 3), 255, dtype=torch.uint8)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(0))
    for place, changed in enumerate(order):
        references[place].view(-1)[: int(changed)] = 254
    white = torch.full((1, 32, 32, 3), 255, dtype=torch.uint8)
    distances, indices = nearest(white, references, 40)
    assert torch.equal(indices[0], order.argsort())
    torch.testing.assert_close(distances[0].square() * 3072, torch.arange(40, dtype=torch.float64))


def test_distance_is_the_root_mean_square_difference_in_grey_levels():
    black, grey = torch.zeros(1, 4, 4, 3, dtype=torch.uint8), torch.full((1, 4, 4, 3), 255, dtype=torch.uint8)
    assert nearest(black, grey, 1)[0].item() == 255
    grey[0, 0] = 0
    assert nearest(black, grey, 1)[0].item() == pytest.approx(255 * math.sqrt(3 / 4))


def test_images_and_neighbours_need_no_order_of_pixels():
    queries, references = images(5, 0), images(20, 1)
    shuffle = torch.randperm(48, generator=torch.Generator().manual_seed(0))
    found = nearest(queries.flatten(1)[:, shuffle], references.flatten(1)[:, shuffle], 4)
    assert all(torch.equal(a, b) for a, b in zip(found, nearest(queries, references, 4), strict=True))


def test_a_generator_that_copies_is_at_distance_zero_and_held_out_images_are_not():
    train, test = images(20, 0), images(10, 1)
    copies = evaluation(train[5:10], train, test)
    assert neighbours.neighbour_distance(copies) == 0
    assert neighbours.neighbour_distance_heldout(copies) > 0


def test_samples_and_held_out_images_are_measured_alike():
    train, test = images(20, 0), images(9, 1)
    assert neighbours.neighbour_distance(evaluation(test, train, test)) == neighbours.neighbour_distance_heldout(
        evaluation(test, train, test)
    )


def test_at_most_as_many_held_out_images_as_samples_are_measured():
    train, test = images(20, 0), images(9, 1)
    assert neighbours.neighbour_distance_heldout(
        evaluation(images(4, 2), train, test)
    ) == neighbours.neighbour_distance(evaluation(test[:4], train, test))


def test_fewer_training_images_than_neighbours_will_do():
    few = evaluation(images(3, 0), images(2, 1), images(2, 2))
    assert neighbours.neighbour_distance(few) > 0
    assert neighbours.picture(few).width > 0


def test_picture_has_the_samples_on_top_and_their_neighbours_beneath():
    train = images(30, 0)
    samples = images(25, 2)
    picture = METRICS["neighbour_distance"].picture(evaluation(samples, train, train))
    top = grid(samples[:20], columns=20)
    assert picture.crop((0, 0, *top.size)).tobytes() == top.tobytes()
    indices = nearest(samples[:20], train, 5)[1]
    for depth in range(5):
        row = grid(train[indices[:, depth]], columns=20)
        line = top.height + GAP + depth * (row.height - 2)
        assert picture.crop((0, line, row.width, line + row.height)).tobytes() == row.tobytes()


def test_the_search_among_training_images_is_shared_by_number_and_picture(monkeypatch):
    searches = []
    monkeypatch.setattr(neighbours, "nearest", lambda *arguments: searches.append(1) or nearest(*arguments))
    shared = evaluation(images(4, 0), images(9, 1), images(4, 2))
    neighbours.neighbour_distance(shared)
    neighbours.picture(shared)
    assert len(searches) == 1


def test_vectors_are_refused_with_a_reason():
    vectors = Splits(train=torch.zeros(4, 2), test=torch.zeros(4, 2))
    assert all("vectors" in metric.accepts(vectors) for metric in METRICS.values())


def test_only_the_held_out_distance_needs_held_out_images():
    splits = Splits(train=images(4, 0), test=images(0, 0))
    assert METRICS["neighbour_distance"].accepts(splits) == ""
    assert "held-out" in METRICS["neighbour_distance_heldout"].accepts(splits)


@pytest.mark.parametrize(
    ("queries", "k"),
    [(images(2, 0).float(), 1), (images(2, 0, size=5), 1), (images(2, 0), 0), (images(2, 0), 10)],
    ids=["other type", "other shape", "none asked for", "more than there are"],
)
def test_what_cannot_be_compared_is_refused(queries, k):
    with pytest.raises(DataError):
        nearest(queries, images(9, 1), k)
