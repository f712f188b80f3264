"""Random streams: an address gives its numbers, whatever happened elsewhere."""

import torch

from genbench.contract import streams
from genbench.contract.streams import Draws


def numbers(generator):
    return torch.rand(4, generator=generator)


def test_an_address_gives_the_same_numbers_every_time():
    assert torch.equal(numbers(streams.generator(0, "noise", 3)), numbers(streams.generator(0, "noise", 3)))


def test_unequal_addresses_give_unequal_seeds():
    addresses = [
        (0, "noise"),
        (1, "noise"),
        (0, "data"),
        (0, "noise", 0),
        (0, "noise", 1),
        (0, "noise", 0, 1),
        (0, "noise", 1, 0),
        (0, "noise", "1"),
    ]
    assert len({streams.seed_of(*address) for address in addresses}) == len(addresses)


def test_seeds_fit_in_63_bits():
    assert all(0 <= streams.seed_of(seed, "init", "critic") < 2**63 for seed in range(100))


def test_global_seeds_neither_matter_nor_change():
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first = numbers(streams.generator(0, "noise"))
    streams.permutation(10, 0, 0)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(6)
    assert torch.equal(numbers(streams.generator(0, "noise")), first)


def test_a_permutation_holds_every_image_once():
    assert torch.equal(streams.permutation(50, 0, 3).sort().values, torch.arange(50))


def test_permutations_differ_by_seed_and_epoch():
    orders = [streams.permutation(50, seed, epoch).tolist() for seed in (0, 1) for epoch in (0, 1)]
    assert len({tuple(order) for order in orders}) == 4


def test_draws_depend_on_update_and_count_alone():
    walker, jumper = Draws(7), Draws(7)
    for update in range(3):
        walker.seek(update)
        walked = [numbers(walker.next()) for _ in range(update + 1)]
    jumper.seek(2)
    assert all(torch.equal(numbers(jumper.next()), draw) for draw in walked)


def test_no_two_draws_are_alike():
    draws = Draws(7)
    seen = [numbers(draws.next()).tolist() for _ in range(3)]
    for update in range(3):
        draws.seek(update)
        seen += [numbers(draws.next()).tolist() for _ in range(3)]
    assert len({tuple(draw) for draw in seen}) == 12


def test_draws_differ_by_seed_and_purpose():
    draws = [Draws(0), Draws(1), Draws(0, "sample")]
    assert len({tuple(numbers(draw.next()).tolist()) for draw in draws}) == 3
