"""The kit: equal starts for every method, and noise that is a function of its address."""

from dataclasses import replace

import pytest
import torch

from genbench.contract.comm import Comm
from genbench.contract.kit import Kit, prior
from genbench.contract.norms import has_batch_norm
from genbench.contract.streams import Draws, generator
from genbench.errors import GenbenchError
from genbench.nets.dcgan import DcganNet
from genbench.nets.dcgan import genbench_architectures as dcgan
from genbench.nets.mlp import MlpNet
from genbench.nets.mlp import genbench_architectures as mlp

(MLP,), (DCGAN,) = mlp(), dcgan()


def vector_kit(*, seed=0, noise=0, **changes):
    return Kit(
        **{"shape": (2,), "architecture": MLP, "net": MlpNet(latent=3, width=5), "seed": seed, "draws": Draws(noise)}
        | changes
    )


def image_kit(**changes):
    return vector_kit(**{"shape": (1, 16, 16), "architecture": DCGAN, "net": DcganNet(latent=3, width=2)} | changes)


def weights(module):
    return torch.cat([tensor.double().flatten() for tensor in module.state_dict().values()])


@pytest.mark.parametrize("kit", [vector_kit, image_kit])
def test_the_generator_is_the_same_whatever_was_built_before(kit):
    first = weights(kit().generator())
    lent = kit()
    lent.critic(10, bias=False)
    lent.decoder(10)
    torch.rand(7)
    lent.noise(4)
    assert torch.equal(weights(lent.generator()), first)
    assert torch.equal(weights(lent.generator()), first)


def test_building_leaves_the_global_random_state_alone():
    state = torch.get_rng_state()
    vector_kit().generator()
    assert torch.equal(torch.get_rng_state(), state)


def test_seeds_and_roles_give_different_weights():
    kit = vector_kit(net=MlpNet(latent=2, width=5))
    built = [kit.generator(), kit.critic(2), kit.decoder(2), vector_kit(seed=1, net=kit.net).generator()]
    assert len({tuple(weights(module).tolist()) for module in built}) == 4


def test_initial_weights_do_not_depend_on_the_noise_nor_on_ranks():
    first = weights(image_kit().generator())
    assert torch.equal(weights(image_kit(noise=9).generator()), first)
    assert torch.equal(weights(image_kit(comm=Comm(1, 2)).generator()), first)


def test_in_double_precision_the_weights_are_those_of_single_precision():
    double = image_kit(dtype=torch.float64).generator()
    assert next(double.parameters()).dtype == torch.float64
    assert torch.equal(weights(double), weights(image_kit().generator()))


def test_networks_fit_together():
    for kit in (vector_kit(), image_kit()):
        fake = kit.generator()(kit.noise(4))
        assert fake.shape == (4, *kit.shape)
        features = kit.critic(6)(fake)
        assert features.shape == (4, 6)
        assert kit.decoder(6)(features).shape == fake.shape


def test_image_networks_have_channels_last():
    kit = image_kit(shape=(3, 16, 16))
    assert kit.generator()(kit.noise(4)).is_contiguous(memory_format=torch.channels_last)
    assert all(p.is_contiguous(memory_format=torch.channels_last) for p in kit.critic(2).parameters() if p.dim() == 4)


def test_a_kernel_critic_has_no_last_bias():
    assert (
        len(list(vector_kit().critic(4).parameters())) - len(list(vector_kit().critic(4, bias=False).parameters())) == 1
    )


def test_noise_depends_on_seed_update_and_draw_alone():
    walker, jumper = vector_kit(), vector_kit(seed=5)
    for update in range(3):
        walker.draws.seek(update)
        walked = [walker.noise(4) for _ in range(update + 1)]
    jumper.draws.seek(2)
    assert all(torch.equal(jumper.noise(4), noise) for noise in walked)
    other = vector_kit(noise=1)
    other.draws.seek(2)
    assert not torch.equal(other.noise(4), walked[0])


@pytest.mark.parametrize("world", [2, 3])
def test_the_ranks_noises_make_up_the_noise_of_one_rank(world):
    whole = vector_kit()
    ranks = [vector_kit(comm=Comm(rank, world)) for rank in range(world)]
    for _ in range(2):
        assert torch.equal(torch.cat([kit.noise(2) for kit in ranks]), whole.noise(2 * world))
        assert torch.equal(torch.cat([kit.uniform(2) for kit in ranks]), whole.uniform(2 * world))


@pytest.mark.parametrize("world", [2, 3])
@pytest.mark.parametrize("law", ["uniform", "normal"])
def test_the_ranks_numbers_of_any_shape_make_up_those_of_one_rank_or_are_shared(world, law):
    whole = getattr(vector_kit(), law)
    ranks = [getattr(vector_kit(comm=Comm(rank, world)), law) for rank in range(world)]
    assert torch.equal(torch.cat([numbers((2, 3, 4)) for numbers in ranks]), whole((2 * world, 3, 4)))
    shared = whole((5, 2), shared=True)
    assert shared.shape == (5, 2)
    assert all(torch.equal(numbers((5, 2), shared=True), shared) for numbers in ranks)


def test_uniform_numbers_by_rows_are_what_they_were():
    assert vector_kit().uniform(3).tolist() == pytest.approx([0.5326356, 0.4825930, 0.4395998], rel=1e-6)
    assert torch.equal(vector_kit().uniform((3,)), vector_kit().uniform(3))


def test_normal_numbers_have_mean_0_and_variance_1_whatever_the_prior_is():
    numbers = vector_kit(net=MlpNet(prior="uniform")).normal((100, 50))
    assert numbers.mean().item() == pytest.approx(0, abs=0.05)
    assert numbers.var().item() == pytest.approx(1, abs=0.05)
    assert numbers.dtype == torch.float32


def test_progress_is_what_the_runner_says():
    kit = vector_kit()
    assert kit.progress == 0
    kit.standing.spent = 0.25
    assert kit.progress == 0.25


def test_other_randomness_does_not_repeat_the_noise():
    kit = vector_kit(net=MlpNet(latent=1, prior="uniform"))
    noise = kit.noise(8)
    kit.draws.seek(-1)
    kit.noise(8)
    assert not torch.equal(kit.uniform(8) * 2 - 1, noise.squeeze(1))


def test_noise_has_the_precision_of_the_networks():
    kit = vector_kit(dtype=torch.float64)
    assert kit.noise(2).dtype == kit.uniform(2).dtype == torch.float64
    assert kit.noise(2).shape == (2, kit.latent)


def test_the_uniform_prior_fills_minus_one_to_one():
    z = prior(MlpNet(latent=50, prior="uniform"), 400, generator(0, "noise"))
    assert -1 <= z.min() < -0.99
    assert 0.99 < z.max() < 1
    assert z.mean().item() == pytest.approx(0, abs=0.02)
    assert z.var().item() == pytest.approx(1 / 3, abs=0.02)


def test_the_normal_prior_has_mean_0_and_variance_1():
    z = prior(MlpNet(latent=50), 400, generator(0, "noise"))
    assert z.mean().item() == pytest.approx(0, abs=0.03)
    assert z.var().item() == pytest.approx(1, abs=0.05)


def test_uniform_numbers_lie_between_0_and_1():
    numbers = vector_kit().uniform(1000)
    assert 0 <= numbers.min() < 0.01
    assert 0.99 < numbers.max() < 1


@pytest.mark.parametrize("kit", [vector_kit, image_kit])
def test_the_field_and_the_encoder_are_the_same_whatever_was_built_before(kit):
    field, encoder = weights(kit().field()), weights(kit().encoder(6))
    lent = kit()
    lent.generator()
    lent.critic(6)
    assert torch.equal(weights(lent.encoder(6)), encoder)
    assert torch.equal(weights(lent.field()), field)
    assert not torch.equal(weights(kit(seed=1).field()), field)
    assert not torch.equal(weights(kit().critic(6)), encoder)


def test_the_encoder_has_its_batch_norms_whatever_norm_the_critics_have():
    kit = image_kit(net=DcganNet(latent=3, width=2, critic_norm="none"))
    assert has_batch_norm(kit.encoder(6))
    assert kit.standing.norms == []


def test_a_field_is_of_points_and_times():
    for kit in (vector_kit(), image_kit()):
        x = kit.normal((4, *kit.shape))
        assert kit.field()(x, kit.uniform(4)).shape == x.shape


def test_an_architecture_without_a_field_is_named():
    with pytest.raises(GenbenchError, match="architecture mlp has no field"):
        vector_kit(architecture=replace(MLP, field=None)).field()
