"""The field of drifting: where it vanishes, what it does not depend on, what the authors' code gives, and a step."""

from copy import deepcopy
from itertools import count

import pytest
import torch
from genbench_drift import METHOD, Drift, DriftConfig, field, raw_drift

from genbench.testing import kit

CODE = {name: value.value for name, value in METHOD.variants["code"].items()}

FAKE = torch.tensor([[0.1, -0.4], [1.2, 0.3], [-0.7, 0.9], [0.2, 0.5]], dtype=torch.float64)
REAL = torch.tensor([[1.0, 1.0], [-1.0, 0.8], [0.4, -1.1]], dtype=torch.float64)
LOSS = 8.48412373
GRADIENT = torch.tensor(
    [[-0.23470109, 2.35553843], [-0.3090302, -0.25032253], [0.25595735, -0.09008089], [-0.51730254, -0.55471541]],
    dtype=torch.float64,
)


def rows(count, seed, size=2):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def batches():
    for number in count():
        yield rows(6, number)


def distances(fake, real, mask):
    own = torch.zeros(len(fake), len(fake) + len(real), dtype=fake.dtype)
    own.diagonal().fill_(mask)
    return torch.cdist(fake, torch.cat([fake, real]), compute_mode="donot_use_mm_for_euclid_dist") + own


@pytest.mark.parametrize("mask", [0.0, 1e6])
@pytest.mark.parametrize("floor", [0.0, 1e-6])
def test_samples_that_are_the_data_do_not_drift_where_nothing_is_masked(mask, floor):
    x = rows(5, 0)
    drift = raw_drift(distances(x, x, mask), x, torch.cat([x, x]), 0.3, floor)
    assert bool(drift.abs().max() < 1e-12) is (mask == 0)


def test_the_drift_does_not_depend_on_where_the_origin_is():
    fake, real = rows(5, 1), rows(7, 2)
    plain, _, _ = field(fake, real, (0.1, 0.5), 0.0, 1e6, with_self=False)
    moved, _, _ = field(fake + 10, real + 10, (0.1, 0.5), 0.0, 1e6, with_self=False)
    torch.testing.assert_close(moved, plain)


def test_the_drift_does_not_depend_on_the_unit_of_the_data():
    fake, real = rows(5, 1), rows(7, 2)
    (plain, unit, _), (scaled, larger, _) = (
        field(fake * by, real * by, (0.1,), 0.0, 1e6, with_self=False) for by in (1, 50)
    )
    torch.testing.assert_close(scaled, plain)
    torch.testing.assert_close(larger, unit * 50)


def test_two_samples_and_one_datum_by_hand():
    fake, real = torch.tensor([[0.0], [1.0]], dtype=torch.float64), torch.tensor([[3.0]], dtype=torch.float64)
    infinite = 1e9
    d = torch.tensor([[infinite, 1.0, 3.0], [1.0, infinite, 2.0]], dtype=torch.float64)
    e = (-d).exp()
    a = (e / e.sum(1, keepdim=True) * e / e.sum(0)).sqrt()
    expected = torch.stack([a[0, 2] * a[0, 1] * (real[0] - fake[1]), a[1, 2] * a[1, 0] * (real[0] - fake[0])])
    torch.testing.assert_close(raw_drift(d, fake, torch.cat([fake, real]), 1.0, 0.0), expected)


def test_the_gradient_is_that_of_the_authors_code():
    """The variant `code` against numbers of lambertae/drifting, torch/drift_loss.py (9c58304), in double precision.

    There a distance of a sample to itself is 1e-4, which enters the mean distance: hence the tolerance.
    """
    fake, real = FAKE.clone().requires_grad_(), REAL
    drift, unit, _ = field(
        fake.detach(), real, (0.02, 0.05, 0.2), CODE["floor"], CODE["mask"], with_self=CODE["scale_with_self"]
    )
    loss = (fake / unit - (fake.detach() / unit + drift)).square().mean()
    (gradient,) = torch.autograd.grad(loss, fake)
    assert loss.item() == pytest.approx(LOSS, rel=1e-5)
    torch.testing.assert_close(gradient, GRADIENT, rtol=1e-4, atol=0)


def test_a_step_descends_along_the_drift():
    config = DriftConfig(lr=0.01, decay=0.1, temperatures=(0.1, 0.4))
    trainer, real = Drift(config, kit()), next(batches())
    generator = deepcopy(trainer.generator)
    optimizer = torch.optim.AdamW(generator.parameters(), lr=0.01, betas=(0.9, 0.95), weight_decay=0.1)
    fake = generator(kit().noise(6))
    drift, unit, _ = field(fake.detach(), real, (0.1, 0.4), 0.0, 1e6, with_self=False)
    (-2 * (fake * drift / unit).mean()).backward()
    optimizer.step()
    trainer.step(batches())
    torch.testing.assert_close(dict(trainer.generator.named_parameters()), dict(generator.named_parameters()))


def test_samples_that_all_fell_on_one_point_have_a_finite_drift():
    drift, _, _ = field(torch.zeros(4, 2), rows(3, 0).float(), (0.02, 0.2), 0.0, 1e6, with_self=False)
    assert drift.isfinite().all()
