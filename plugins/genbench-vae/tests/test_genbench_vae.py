"""The bound against closed forms, the prior's change of variables, and a step against the same step written out."""

from copy import deepcopy
from dataclasses import replace
from itertools import count

import pytest
import torch
from genbench_vae import VAE, VAEConfig, as_prior, divergence_from_normal, misfit
from torch.distributions import Normal, kl_divergence

from genbench.testing import kit


def rows(number, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(number), dtype=torch.float64)


def batches():
    for number in count():
        yield rows(number, 6, 2)


def test_the_divergence_is_that_of_the_gaussians():
    mean, log_variance = rows(0, 5, 3), rows(1, 5, 3)
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(divergence_from_normal(mean, log_variance), expected)


def test_the_divergence_of_the_prior_from_itself_is_zero():
    assert divergence_from_normal(torch.zeros(4, 3), torch.zeros(4, 3)).abs().max() == 0


def test_the_misfit_is_the_likelihood_of_all_entries_of_a_row_but_for_its_constant():
    x, mean, log_sigma = rows(0, 4, 3, 2, 2), rows(1, 4, 3, 2, 2), torch.tensor(-0.7, dtype=torch.float64)
    likelihood = Normal(mean, log_sigma.exp()).log_prob(x).flatten(1).sum(1)
    constant = 12 / 2 * torch.log(torch.tensor(2 * torch.pi, dtype=torch.float64))
    torch.testing.assert_close(misfit(x, mean, log_sigma), -likelihood - constant)


def test_the_best_sigma_is_the_root_mean_square_of_what_is_missed():
    x, mean = rows(0, 8, 2), rows(1, 8, 2)
    log_sigma = (x - mean).square().mean().log().div(2).requires_grad_()
    (gradient,) = torch.autograd.grad(misfit(x, mean, log_sigma).mean(), log_sigma)
    assert gradient.item() == pytest.approx(0, abs=1e-12)


def test_normal_latents_become_what_a_uniform_prior_has():
    z = as_prior(rows(0, 20_000, 1), "uniform").sort(0).values[:, 0]
    assert (z - torch.linspace(-1, 1, 20_000)).abs().max() < 0.02
    assert torch.equal(as_prior(z, "normal"), z)


@pytest.mark.parametrize("prior", ["normal", "uniform"])
@pytest.mark.parametrize("sigma", [None, 0.3])
def test_a_step_is_the_one_written_out(prior, sigma):
    lent = [replace(kit(), net=replace(kit().net, prior=prior)) for _ in range(2)]
    trainer = VAE(VAEConfig(lr=0.01, beta=2.0, sigma=sigma), lent[0])
    generator, encoder, real = deepcopy(trainer.generator), deepcopy(trainer.encoder), next(batches())
    log_sigma = torch.tensor(sigma or 1.0, dtype=torch.float64).log().requires_grad_(sigma is None)
    parameters = [*generator.parameters(), *encoder.parameters(), *([log_sigma] if sigma is None else [])]
    optimizer = torch.optim.Adam(parameters, lr=0.01)
    moments = encoder(real)
    mean, spread = moments[:, :4], moments[:, 4:].div(2).exp()
    z = Normal(mean, spread).mean + spread * lent[1].normal((6, 4))
    made = generator(z if prior == "normal" else 2 * Normal(0.0, 1.0).cdf(z) - 1)
    bound = (
        Normal(made, log_sigma.exp()).log_prob(real).sum()
        - 2 * kl_divergence(Normal(mean, spread), Normal(0.0, 1.0)).sum()
    )
    (-bound / 6).backward()
    optimizer.step()
    trainer.step(batches())
    torch.testing.assert_close(dict(trainer.generator.named_parameters()), dict(generator.named_parameters()))
    torch.testing.assert_close(dict(trainer.encoder.named_parameters()), dict(encoder.named_parameters()))
    torch.testing.assert_close(trainer.log_sigma, log_sigma, check_device=False)


def test_noisy_samples_lie_around_the_generators():
    trainer = VAE(VAEConfig(noisy=True, sigma=0.5), kit()).eval()
    z = trainer.latents(7, torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        noise = trainer.sample(z) - trainer.generator(z[:, :4])
    torch.testing.assert_close(noise, 0.5 * z[:, 4:])
