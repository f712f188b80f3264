"""MMD-GAN's schedule, its clamp, and its steps against the same steps written out."""

from copy import deepcopy
from itertools import count

import pytest
import torch
from genbench_mmdgan import METHOD, MMDGAN, MMDGANConfig
from genbench_mmdgan_losses import rational_quadratic, repulsion, unbiased_mmd2, witness_penalty
from genbench_mmdgan_settings import critic_steps

from genbench.testing import kit

SHORT = {"warmup": 0, "burst_every": 0, "critic_steps": 1}


def batches(taken=None):
    for number in count():
        if taken is not None:
            taken.append(number)
        yield torch.randn(6, 2, generator=torch.Generator().manual_seed(number), dtype=torch.float64)


def slow_mmd(q, p, widths):
    def gram(x, y, width):
        return torch.exp(-(x.unsqueeze(1) - y.unsqueeze(0)).square().sum(-1) / (2 * width**2))

    return sum(gram(q, q, w).mean() - 2 * gram(q, p, w).mean() + gram(p, p, w).mean() for w in widths).sqrt()


def slow_hinge(q, p):
    return -sum(max(0.0, q[:, k].mean() - p[:, k].mean()) for k in range(q.shape[1])) / q.shape[1]


def test_the_published_schedule_is_a_warm_up_and_a_burst_at_every_500th_update():
    steps = [critic_steps(MMDGANConfig(), update) for update in range(1002)]
    assert [update for update, number in enumerate(steps) if number == 100] == [*range(25), 500, 1000]
    assert set(steps) == {100, 5}


def test_the_ring_takes_six_batches_for_every_update():
    ring = {name: cited.value for name, cited in METHOD.presets["ring"].items()}
    assert {critic_steps(MMDGANConfig(**ring), update) for update in range(1002)} == {5}


def test_every_step_takes_a_fresh_batch():
    taken = []
    trainer, stream = MMDGAN(MMDGANConfig(warmup=1, warmup_critic_steps=4, critic_steps=2), kit()), batches(taken)
    trainer.step(stream)
    assert len(taken) == 5
    trainer.step(stream)
    assert len(taken) == 8


def test_one_batch_can_do_for_a_whole_update():
    taken = []
    MMDGAN(MMDGANConfig(warmup=0, burst_every=0, fresh_batches=False), kit()).step(batches(taken))
    assert len(taken) == 1


def test_the_clamp_holds_the_critic_and_not_the_decoder():
    trainer = MMDGAN(MMDGANConfig(**SHORT, lr=1e-12, clamp=0.05), kit())
    trainer.step(batches())
    assert max(weights.abs().max() for weights in trainer.critic.parameters()) <= 0.05 + 1e-9
    assert max(weights.abs().max() for weights in trainer.decoder.parameters()) > 0.05


def test_there_is_no_decoder_without_an_autoencoder_penalty():
    trainer = MMDGAN(MMDGANConfig(**SHORT, ae=0.0), kit())
    assert trainer.decoder is None
    assert trainer.step(batches())["autoencoder_error"] == 0


@pytest.mark.parametrize("weights", [{}, {"ae": 0.0}, {"fsr": 0.0}, {"optimizer": "adam"}])
def test_a_step_is_the_one_written_out(weights):
    config = MMDGANConfig(**SHORT, lr=0.01, clamp=0.1, features=4, widths=(0.5, 2.0), **weights)
    trainer = MMDGAN(config, kit())
    generator, critic, decoder = deepcopy(trainer.generator), deepcopy(trainer.critic), deepcopy(trainer.decoder)
    kind, options = (
        (torch.optim.Adam, {"betas": (0.5, 0.999)}) if config.optimizer == "adam" else (torch.optim.RMSprop, {})
    )
    lent, stream = kit(), batches()

    for parameter in critic.parameters():
        parameter.data.clamp_(-0.1, 0.1)
    real, fake = next(stream), generator(lent.noise(6)).detach()
    p, q = critic(real), critic(fake)
    error = 0.0 if decoder is None else ((decoder(p) - real) ** 2).mean() + ((decoder(q) - fake) ** 2).mean()
    critic_loss = -slow_mmd(q, p, config.widths) - config.fsr * slow_hinge(q, p) + config.ae * error
    critic_loss.backward()
    kind([*critic.parameters(), *(decoder.parameters() if decoder else [])], lr=0.01, **options).step()
    p, q = critic(next(stream)), critic(generator(lent.noise(6)))
    generator_loss = slow_mmd(q, p, config.widths) + config.fsr * slow_hinge(q, p)
    generator_loss.backward()
    kind(generator.parameters(), lr=0.01, **options).step()

    scalars = trainer.step(batches())
    torch.testing.assert_close(scalars["critic_loss"], critic_loss.detach())
    torch.testing.assert_close(scalars["generator_loss"], generator_loss.detach())
    pairs = [(trainer.generator, generator), (trainer.critic, critic), (trainer.decoder, decoder)]
    for ours, slow in pairs[: 3 if decoder else 2]:
        torch.testing.assert_close(dict(ours.named_parameters()), dict(slow.named_parameters()))


def test_the_variants_of_the_papers_table_name_both_weights():
    weights = {
        name: (variant["ae"].value, variant["fsr"].value)
        for name, variant in METHOD.variants.items()
        if name in ("fsr", "ae", "plain")
    }
    assert weights == {"fsr": (0, 16), "ae": (8, 0), "plain": (0, 0)}


@pytest.mark.parametrize("loss", ["repulsive", "bounded"])
def test_a_simultaneous_step_is_the_one_written_out(loss):
    values = {name: value.value for name, value in METHOD.variants[loss].items()} | {"norm": "none"}
    trainer, lent, real = MMDGAN(MMDGANConfig(**values), kit()), kit(), next(batches())
    generator, critic = deepcopy(trainer.generator), deepcopy(trainer.critic)
    of_generator, of_critic = (
        torch.optim.Adam(net.parameters(), lr=lr, betas=(0.5, 0.999)) for net, lr in ((generator, 5e-4), (critic, 2e-4))
    )
    q, p = critic(generator(lent.noise(6))), critic(real)
    by_critic = torch.autograd.grad(
        repulsion(q, p, (1.0,), (0.25, 4.0) if loss == "bounded" else (0.0, float("inf"))),
        list(critic.parameters()),
        retain_graph=True,
    )
    by_generator = torch.autograd.grad(unbiased_mmd2(q, p, (1.0,)), list(generator.parameters()))
    for net, gradients in ((critic, by_critic), (generator, by_generator)):
        for parameter, gradient in zip(net.parameters(), gradients, strict=True):
            parameter.grad = gradient
    of_generator.step()
    of_critic.step()
    trainer.step(batches())
    torch.testing.assert_close(dict(trainer.generator.named_parameters()), dict(generator.named_parameters()))
    torch.testing.assert_close(dict(trainer.critic.named_parameters()), dict(critic.named_parameters()))


def test_a_critic_that_repels_has_a_spectral_norm():
    kit_of = kit()
    MMDGAN(MMDGANConfig(critic_loss="repulsive", norm="spectral"), kit_of)
    assert kit_of.standing.norms == [("spectral", "spectral")]


def of(variant):
    return {name: value.value for name, value in METHOD.variants[variant].items()}


@pytest.mark.parametrize("variant", ["scaled", "rq-gp"])
def test_a_step_of_a_smooth_critic_is_the_one_written_out(variant):
    config = MMDGANConfig(**of(variant) | SHORT | {"features": 2, "lr": 1e-2})
    trainer, lent, data = MMDGAN(config, kit()), kit(), batches()
    generator, critic = deepcopy(trainer.generator), deepcopy(trainer.critic)
    of_generator, of_critic = (
        torch.optim.Adam(net.parameters(), lr=1e-2, betas=(0.5, 0.9)) for net in (generator, critic)
    )
    kernel = {} if variant == "scaled" else {"kernel": rational_quadratic}

    def scale(real):
        jacobians = [torch.autograd.functional.jacobian(critic, row[None], create_graph=True) for row in real]
        return 1 / (1 + 10 * sum(jacobian.square().sum() for jacobian in jacobians) / len(real))

    real, fake = next(data), generator(lent.noise(6)).detach()
    q, p = critic(fake), critic(real)
    mmd2 = unbiased_mmd2(q, p, config.widths, **kernel)
    if variant == "scaled":
        (-scale(real) * mmd2).backward()
    else:
        share = lent.uniform(6)[:, None]
        between = share * real + (1 - share) * fake
        (witness_penalty(critic, between, q, p, config.widths, rational_quadratic) - mmd2).backward()
    of_critic.step()
    real = next(data)
    q, p = critic(generator(lent.noise(6))), critic(real).detach()
    loss = unbiased_mmd2(q, p, config.widths, **kernel)
    (loss * scale(real).detach() if variant == "scaled" else loss).backward()
    of_generator.step()
    trainer.step(batches())
    torch.testing.assert_close(dict(trainer.generator.named_parameters()), dict(generator.named_parameters()))
    torch.testing.assert_close(dict(trainer.critic.named_parameters()), dict(critic.named_parameters()))
