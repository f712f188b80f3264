"""The sliced distance against closed forms, and steps against the same steps written out."""

from copy import deepcopy
from itertools import count, permutations

import pytest
import torch
from genbench_sliced import METHOD, Sliced, SlicedConfig, sliced_distance
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from genbench.testing import kit


def rows(count, seed, size=2):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def batches():
    for number in count():
        yield rows(6, number)


def of(variant):
    return {name: value.value for name, value in METHOD.variants[variant].items()}


def test_the_distance_to_the_same_rows_in_another_order_is_0():
    x = rows(6, 1, 3)
    assert sliced_distance(x, x.flip(0), rows(3, 2, 50)).item() == pytest.approx(0, abs=1e-30)


def test_rows_that_were_all_moved_by_a_vector_are_at_its_mean_squared_projection():
    x, shift, directions = rows(6, 1, 3), torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64), rows(3, 2, 20_000)
    unit = directions / directions.norm(dim=0)
    distance = sliced_distance(x, x + shift, directions)
    torch.testing.assert_close(distance, (shift @ unit).square().mean())
    assert distance.item() == pytest.approx(shift.square().sum().item() / 3, rel=0.05)


def test_of_gaussians_it_is_the_closed_form():
    """In one dimension (m - m')² + (s - s')²."""
    x, f = rows(20_000, 1, 1), 1.5 * rows(20_000, 2, 1) + 2
    assert sliced_distance(x, f, rows(1, 3, 1)).item() == pytest.approx(2**2 + 0.5**2, rel=0.05)


def test_in_one_direction_it_is_the_cheapest_pairing():
    x, f = rows(5, 1, 1), rows(5, 2, 1)
    cheapest = min((f - x[list(order)]).square().mean().item() for order in permutations(range(5)))
    assert sliced_distance(x, f, -rows(1, 3, 1).abs()).item() == pytest.approx(cheapest)


def test_the_gradient_is_right():
    x, f, directions = rows(5, 1), rows(5, 2).requires_grad_(), rows(2, 3, 7)
    assert torch.autograd.gradcheck(lambda f: sliced_distance(x, f, directions), f)


def adam(*networks):
    parameters = [weights for network in networks for weights in network.parameters()]
    return torch.optim.Adam(parameters, lr=1e-4, betas=(0.5, 0.999))


def test_a_step_in_data_space_is_the_one_written_out():
    trainer, lent, x = Sliced(SlicedConfig(directions=30), kit()), kit(), next(batches())
    generator = deepcopy(trainer.generator)
    optimizer, fake, directions = adam(generator), generator(lent.noise(6)), lent.normal((2, 30), shared=True)
    loss = torch.zeros((), dtype=torch.float64)
    for direction in directions.T:
        unit = direction / direction.norm()
        loss = loss + ((fake @ unit).sort().values - (x @ unit).sort().values).square().mean() / 30
    loss.backward()
    optimizer.step()
    torch.testing.assert_close(trainer.step(batches())["sliced_distance"], loss.detach())
    torch.testing.assert_close(dict(trainer.generator.named_parameters()), dict(generator.named_parameters()))


@pytest.mark.parametrize("variant", ["features", "max"])
def test_a_step_with_a_critic_is_the_one_written_out(variant):
    trainer, lent, real = Sliced(SlicedConfig(**of(variant), features=5), kit()), kit(), next(batches())
    generator, critic, logit = (deepcopy(net) for net in (trainer.generator, trainer.critic, trainer.logit))
    of_generator, of_critic, fake = adam(generator), adam(critic, logit), generator(lent.noise(6))

    def step_of_critic():
        of_critic.zero_grad()
        on_real, on_fake = logit(critic(real)), logit(critic(fake.detach()))
        (
            cross_entropy(on_real, torch.ones_like(on_real)) + cross_entropy(on_fake, torch.zeros_like(on_fake))
        ).backward()
        of_critic.step()

    def step_of_generator():
        directions = logit.weight.detach().T if variant == "max" else lent.normal((5, 1000), shared=True)
        sliced_distance(critic(real).detach(), critic(fake), directions).backward()
        of_generator.step()

    for step in (step_of_critic, step_of_generator)[:: 1 if variant == "max" else -1]:
        step()
    trainer.step(batches())
    for ours, slow in ((trainer.generator, generator), (trainer.critic, critic), (trainer.logit, logit)):
        torch.testing.assert_close(dict(ours.named_parameters()), dict(slow.named_parameters()))


def test_the_largest_slice_needs_a_critic_and_data_space_has_none():
    with pytest.raises(ValueError, match="needs space=features"):
        SlicedConfig(slices="largest")
    assert Sliced(SlicedConfig(), kit()).project(rows(3, 0)) is None
    assert Sliced(SlicedConfig(**of("max"), features=5), kit()).project(rows(3, 0)).shape == (3, 5)
