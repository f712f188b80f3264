"""GRAM's objectives against their definitions, and a step against the same step written out."""

from copy import deepcopy
from dataclasses import fields, replace

import pytest
import torch
from genbench_gram import GRAM, METHOD, GRAMConfig
from genbench_gram_losses import compare, critic_objective, ratio_difference

from genbench.testing import kit


def points(rows, columns, seed):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gram(x, y, width, is_variance):
    return torch.exp(-(x.unsqueeze(1) - y.unsqueeze(0)).square().sum(-1) / (2 * (width if is_variance else width**2)))


def slow_ratio(at, over, config):
    ratios = []
    for width in config.widths:
        system = gram(at, at, width, config.width_is_variance) + config.ridge * torch.eye(len(at), dtype=at.dtype)
        ratios.append(
            len(at) / len(over) * torch.linalg.inv(system) @ gram(at, over, width, config.width_is_variance).sum(1)
        )
    return sum(ratios) if config.ratio_over_widths == "sum" else sum(ratios) / len(ratios)


def slow_mmd2(q, p, config):
    def mean(x, y):
        return sum(gram(x, y, width, config.width_is_variance).mean() for width in config.widths)

    return mean(q, q) - 2 * mean(q, p) + mean(p, p)


def slow_objective(q, p, config):
    if config.objective == "flow":
        return slow_ratio(p, q, config).mean()
    if config.objective in ("mmd", "none"):
        mmd2 = slow_mmd2(q, p, config)
        return mmd2.sqrt() if config.objective == "mmd" else 0 * mmd2
    ratio = slow_ratio(q, p, config)
    if config.objective == "pearson-clip":
        return (torch.relu(ratio) - 1).square().mean()
    total = ratio.sum() if config.positivity_over == "sum" else ratio.mean()
    return (ratio - 1).square().mean() + config.positivity * total


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, 2 + 1),
        ({"positivity": 0.5}, 2 + 0.5),
        ({"positivity_over": "mean"}, 2 + 1 / 3),
        ({"objective": "pearson-clip"}, 1),
        ({"objective": "flow"}, 1 / 3),
        ({"objective": "mmd"}, 0.5),
        ({"objective": "mmd", "sqrt": False}, 0.25),
        ({"objective": "none"}, 0),
    ],
)
def test_the_objectives_of_three_ratios_are_those_by_hand(settings, expected):
    ratio, mmd2 = torch.tensor([0.0, 2.0, -1.0]), torch.tensor(0.25)
    assert critic_objective(ratio, mmd2, GRAMConfig(**settings)).item() == pytest.approx(expected)


def test_a_frozen_critic_keeps_its_weights_to_the_bit():
    trainer = GRAM(GRAMConfig(objective="none", lr=0.1), kit())
    before = deepcopy(dict(trainer.critic.named_parameters()))
    for seed in range(3):
        trainer.step(iter([points(6, 2, seed)]))
    assert all(torch.equal(weights, before[name]) for name, weights in trainer.critic.named_parameters())


@pytest.mark.parametrize("settings", [{}, {"ratio_over_widths": "sum"}, {"width_is_variance": True}, {"ridge": 0.1}])
def test_the_ratio_is_taken_at_fake_points(settings):
    config = GRAMConfig(**settings, widths=(0.5, 2.0))
    q, p = points(7, 3, seed=0), points(5, 3, seed=1)
    ratio, mmd2 = compare(q, p, config)
    torch.testing.assert_close(ratio, slow_ratio(q, p, config))
    torch.testing.assert_close(mmd2, slow_mmd2(q, p, config))


def test_flow_takes_the_inverse_ratio_at_real_points():
    config = GRAMConfig(objective="flow", widths=(0.5, 2.0))
    q, p = points(7, 3, seed=0), points(5, 3, seed=1)
    ratio, mmd2 = compare(q, p, config)
    torch.testing.assert_close(ratio, slow_ratio(p, q, config))
    torch.testing.assert_close(mmd2, slow_mmd2(q, p, config))


@pytest.mark.parametrize("variant", ["", *METHOD.variants])
def test_a_step_is_the_one_written_out(variant):
    layer = {name: cited.value for name, cited in METHOD.variants.get(variant, {}).items()}
    # A large ridge and a large rate: the slow form's plain inverse needs the one, a visible step the other.
    config = replace(GRAMConfig(**layer), ridge=0.01, lr=0.01, widths=(0.3, 1.0), features=4)
    trainer, real = GRAM(config, kit()), points(6, 2, seed=2)
    generator, critic = deepcopy(trainer.generator), deepcopy(trainer.critic)
    kind, options = (
        (torch.optim.Adam, {"betas": (0.5, config.beta2)}) if config.optimizer == "adam" else (torch.optim.RMSprop, {})
    )
    critic_optimizer, generator_optimizer = (kind(net.parameters(), lr=0.01, **options) for net in (critic, generator))

    fake, old_critic = generator(kit().noise(6)), deepcopy(critic)
    objective = slow_objective(critic(fake.detach()), critic(real), config)
    (-objective).backward()
    critic_optimizer.step()
    met = critic if config.update == "alternating" else old_critic
    mmd2 = slow_mmd2(met(fake), met(real), config)
    (mmd2.sqrt() if config.sqrt else mmd2).backward()
    generator_optimizer.step()

    scalars = trainer.step(iter([real]))
    torch.testing.assert_close(scalars["critic_loss"], -objective.detach())
    torch.testing.assert_close(scalars["mmd"], mmd2.detach().sqrt())
    torch.testing.assert_close(
        dict(trainer.critic.named_parameters()), dict(critic.named_parameters()), rtol=1e-5, atol=1e-7
    )
    torch.testing.assert_close(
        dict(trainer.generator.named_parameters()), dict(generator.named_parameters()), rtol=1e-5, atol=1e-7
    )


def test_the_critic_has_as_many_features_as_the_noise_has_dimensions_and_no_last_bias():
    last = GRAM(GRAMConfig(), kit()).critic[-1]
    assert last.out_features == kit().latent
    assert last.bias is None


def test_the_space_it_compares_images_in_is_the_critics():
    trainer, real = GRAM(GRAMConfig(), kit()), points(6, 2, seed=2)
    assert torch.equal(trainer.project(real), trainer.critic(real))


def difference(fake, real, critic, **settings):
    return ratio_difference(fake, real, critic(fake), critic(real), GRAMConfig(widths=(0.5, 2.0), **settings))


def test_a_critic_that_keeps_all_distances_changes_no_ratio():
    fake, real = points(7, 3, seed=0), points(5, 3, seed=1)
    turn, _ = torch.linalg.qr(points(3, 3, seed=2))
    assert difference(fake, real, lambda x: x) == 0
    assert difference(fake, real, lambda x: x @ turn + 1) < 1e-18
    assert difference(fake, real, lambda x: 0.5 * x) > 1e-4


def test_a_critic_that_sees_nothing_leaves_the_divergence_in_data_space():
    """Eq. 5: D* is the Pearson divergence in data space less that of the features, which is 0 here."""
    fake, real = points(7, 3, seed=0), points(5, 3, seed=1)
    seen_nothing = difference(fake, real, lambda x: torch.zeros_like(x), ridge=1e-6)
    in_data = slow_ratio(fake, real, GRAMConfig(widths=(0.5, 2.0), ridge=1e-6))
    torch.testing.assert_close(seen_nothing, (in_data - 1).square().mean(), rtol=1e-5, atol=0)


@pytest.mark.parametrize("change", [lambda x: x + 3, lambda x: x.flip(0), lambda x: x.flip(1)])
def test_the_ratio_difference_knows_neither_the_origin_nor_the_order_of_points_or_axes(change):
    fake, real = points(7, 3, seed=0), points(5, 3, seed=1)

    def critic(x):
        return (x - x.mean(0)).square().sum(1, keepdim=True)

    torch.testing.assert_close(difference(change(fake), change(real), critic), difference(fake, real, critic))


def test_the_ratio_difference_is_that_of_the_definition():
    fake, real, config = points(7, 3, seed=0), points(5, 3, seed=1), GRAMConfig(widths=(0.5, 2.0), ridge=0.1)
    expected = (slow_ratio(fake, real, config) - slow_ratio(fake[:, :2], real[:, :2], config)).square().mean()
    torch.testing.assert_close(difference(fake, real, lambda x: x[:, :2], ridge=0.1), expected)


@pytest.mark.parametrize("variant", ["", "flow"])
@pytest.mark.parametrize("shape", [(2,), (1, 16, 16)])
def test_the_ratio_difference_is_logged_where_asked_for_and_changes_nothing(variant, shape):
    config = GRAMConfig(**{name: cited.value for name, cited in METHOD.variants.get(variant, {}).items()})
    real = torch.randn(6, *shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    plain, asked = (GRAM(one, kit(shape)) for one in (config, replace(config, log_ratio_difference=True)))
    for _ in range(2):
        quiet, loud = plain.step(iter([real])), asked.step(iter([real]))
        assert loud.keys() - quiet.keys() == {"ratio_difference_estimate"}
        assert all(torch.equal(loud[name], value) for name, value in quiet.items())
    assert float(loud["ratio_difference_estimate"]) > 0
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), asked.parameters(), strict=True))


def test_what_is_only_logged_stays_out_of_a_trials_id():
    metadata = {field.name: field.metadata for field in fields(GRAMConfig)}
    assert metadata["log_ratio_difference"]["numbers"] is False


def test_a_critic_without_a_kernel_is_refused():
    with pytest.raises(ValueError, match="widths"):
        GRAMConfig(widths=())
