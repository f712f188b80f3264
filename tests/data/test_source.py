"""The stream of batches: every image once an epoch, addressed by position, shared out among ranks."""

import pytest
import torch

from genbench.contract.dataset import to_bytes
from genbench.data.source import Source, fingerprint
from genbench.errors import DataError, GenbenchError

NUMBERS = torch.arange(10.0).unsqueeze(1)


def images(count=7):
    return torch.randint(0, 256, (count, 4, 4, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def take(source, batches):
    return torch.cat([next(source) for _ in range(batches)])


@pytest.mark.parametrize("batch", [1, 3, 5, 10])
def test_every_image_comes_exactly_once_an_epoch(batch):
    epochs = take(Source(NUMBERS, seed=0, batch=batch), 30 // batch).view(3, 10)
    assert torch.equal(epochs.sort(dim=1).values, NUMBERS.view(1, 10).expand(3, 10))


def test_epochs_have_different_orders():
    first, second = take(Source(NUMBERS, seed=0, batch=10), 2).view(2, 10)
    assert not torch.equal(first, second)


def test_a_batch_larger_than_the_data_set_spans_epochs():
    small = take(Source(NUMBERS, seed=0, batch=1), 46)
    large = take(Source(NUMBERS, seed=0, batch=23), 2)
    assert torch.equal(large, small)


def test_the_size_of_a_batch_does_not_change_the_order():
    assert torch.equal(take(Source(NUMBERS, seed=3, batch=4), 6), take(Source(NUMBERS, seed=3, batch=3), 8))


@pytest.mark.parametrize("position", [0, 1, 3, 4, 17])
def test_seeking_equals_walking(position):
    walker, seeker = Source(NUMBERS, seed=1, batch=3), Source(NUMBERS, seed=1, batch=3)
    for _ in range(position):
        next(walker)
    seeker.seek(position)
    assert seeker.position == walker.position == position
    assert torch.equal(take(seeker, 5), take(walker, 5))


def test_seeking_back_repeats():
    source = Source(NUMBERS, seed=1, batch=4)
    first = take(source, 6)
    source.seek(0)
    assert torch.equal(take(source, 6), first)


@pytest.mark.parametrize("world", [2, 3])
def test_the_ranks_shares_make_up_the_batch_of_one_rank(world):
    whole = Source(images(), seed=0, batch=6)
    ranks = [Source(images(), seed=0, batch=6, rank=rank, world=world) for rank in range(world)]
    for _ in range(5):
        assert torch.equal(torch.cat([next(source) for source in ranks]), next(whole))


def test_images_are_numbers_from_minus_one_to_one_with_channels_last():
    split = images()
    split[0, 0, 0, 0], split[0, 0, 0, 1] = 0, 255
    batch = next(Source(split, seed=0, batch=7))
    assert batch.shape == (7, 3, 4, 4)
    assert batch.dtype == torch.float32
    assert (batch.min(), batch.max()) == (-1, 1)
    assert batch.is_contiguous(memory_format=torch.channels_last)


def test_images_come_back_byte_for_byte():
    split = images()
    batch = to_bytes(next(Source(split, seed=0, batch=7)))
    assert sorted(batch.flatten(1).tolist()) == sorted(split.flatten(1).tolist())


@pytest.mark.parametrize("split", [images(), NUMBERS], ids=["images", "vectors"])
def test_items_have_the_wanted_precision(split):
    assert next(Source(split, seed=0, batch=2, dtype=torch.float64)).dtype == torch.float64


def test_seeds_give_different_orders():
    assert not torch.equal(take(Source(NUMBERS, seed=0, batch=10), 1), take(Source(NUMBERS, seed=1, batch=10), 1))


def test_the_split_is_never_changed():
    split = images()
    next(Source(split, seed=0, batch=7)).zero_()
    assert torch.equal(split, images())
    vectors = NUMBERS.clone()
    next(Source(vectors, seed=0, batch=10)).zero_()
    assert torch.equal(vectors, NUMBERS)


def test_only_the_orders_in_use_are_kept():
    source = Source(NUMBERS, seed=0, batch=4)
    take(source, 50)
    assert len(source._orders) <= 2


def test_a_batch_that_the_ranks_cannot_share_is_refused():
    with pytest.raises(GenbenchError, match=r"train\.batch is 7, which 2 ranks cannot share equally"):
        Source(NUMBERS, seed=0, batch=7, world=2)


def test_an_empty_split_is_refused():
    with pytest.raises(DataError):
        Source(NUMBERS[:0], seed=0, batch=7)


def test_equal_orders_have_equal_fingerprints():
    assert fingerprint(images(), seed=0, batch=3) == fingerprint(images(), seed=0, batch=3)


def test_fingerprints_tell_seeds_batches_and_data_apart():
    other = images()
    other[0, 0, 0, 0] += 1
    prints = [
        fingerprint(images(), seed=0, batch=3),
        fingerprint(images(), seed=1, batch=3),
        fingerprint(images(), seed=0, batch=2),
        fingerprint(images(), seed=0, batch=3, batches=5),
        fingerprint(other, seed=0, batch=3),
    ]
    assert len(set(prints)) == len(prints)
