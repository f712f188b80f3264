"""The MMD network's loss against its definition, on vectors and on images."""

from copy import deepcopy

import pytest
import torch
from genbench_mmdnet import GMMN_WIDTHS, MMDNet, MMDNetConfig

from genbench import kernels
from genbench.testing import kit


def images(*shape):
    return torch.randn(6, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def slow_mmd2(q, p, widths):
    def gram(x, y, width):
        return torch.exp(-(x.unsqueeze(1) - y.unsqueeze(0)).square().sum(-1) / (2 * width**2))

    return sum(gram(q, q, w).mean() - 2 * gram(q, p, w).mean() + gram(p, p, w).mean() for w in widths)


@pytest.mark.parametrize("sqrt", [True, False])
@pytest.mark.parametrize("shape", [(2,), (3, 16, 16)])
def test_a_step_is_the_one_written_out(shape, sqrt):
    config = MMDNetConfig(widths=(0.5, 2.0), sqrt=sqrt)
    trainer, real = MMDNet(config, kit(shape)), images(*shape)
    generator = deepcopy(trainer.generator)
    mmd2 = slow_mmd2(generator(kit(shape).noise(6)).flatten(1), real.flatten(1), config.widths)
    loss = mmd2.sqrt() if sqrt else mmd2
    loss.backward()
    torch.optim.RMSprop(generator.parameters(), lr=1e-3, alpha=0.99).step()

    scalars = trainer.step(iter([real]))
    torch.testing.assert_close(scalars["generator_loss"], loss.detach())
    torch.testing.assert_close(scalars["mmd"], mmd2.detach().sqrt())
    torch.testing.assert_close(dict(trainer.generator.named_parameters()), dict(generator.named_parameters()))


def test_the_default_kernel_is_that_of_gmmn_on_pixels_twice_as_far_apart():
    distances = torch.tensor([1.0, 30.0, 200.0], dtype=torch.float64)
    published = sum(torch.exp(-distances / (2 * s)) for s in (2, 5, 10, 20, 40, 80))
    torch.testing.assert_close(kernels.mixture(4 * distances, GMMN_WIDTHS), published, rtol=1e-3, atol=1e-3)


def test_a_loss_without_a_kernel_is_refused():
    with pytest.raises(ValueError, match="widths"):
        MMDNetConfig(widths=())
