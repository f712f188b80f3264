"""Ranks: two of them equal one process; each loss moves its own parameters, all at once."""

import pytest
import rank_functions
import torch
from torch import nn

from genbench.contract.comm import Comm, parameters_agree
from genbench.errors import DataError
from genbench.nets import dcgan
from genbench.testing.launch import launch


def scalar(value):
    return nn.Parameter(torch.tensor(value, dtype=torch.float64))


def sgd(*parameters):
    return torch.optim.SGD(parameters, lr=0.1)


@pytest.fixture(scope="module")
def alone():
    return rank_functions.everything(Comm())


@pytest.fixture(scope="module")
def ranks():
    return launch(rank_functions.everything, 2)


@pytest.mark.slow
@pytest.mark.parametrize("check", [check.__name__ for check in rank_functions.CHECKS])
def test_two_ranks_equal_one_process(check, alone, ranks):
    for rank in ranks:
        error = (rank[check] - alone[check]).abs().max() / alone[check].abs().max()
        assert error < 1e-9


@pytest.mark.slow
def test_gathered_rows_are_in_the_order_of_the_global_batch(ranks):
    assert all(torch.equal(rank["gathered_order"], torch.arange(rank_functions.ROWS)) for rank in ranks)


@pytest.mark.slow
def test_a_sum_over_ranks_has_the_gradient_of_the_sum_in_one_process(alone, ranks):
    share = rank_functions.ROWS // 2
    total, gradient = alone["summed"][:1], alone["summed"][1:]
    for number, rank in enumerate(ranks):
        torch.testing.assert_close(rank["summed"], torch.cat([total, gradient[number * share : (number + 1) * share]]))


@pytest.mark.slow
def test_ranks_agree_only_to_the_last_bit(ranks):
    assert all(rank["agreement"].tolist() == [True, False] for rank in ranks)


@pytest.mark.slow
def test_what_a_rank_raises_is_raised_by_the_launch():
    with pytest.raises(DataError, match="the second rank has no data"):
        launch(rank_functions.failing, 2)


def test_one_rank_is_launched_in_this_very_process():
    assert launch(lambda comm, number: (comm.rank, comm.world, number), 1, 7) == [(0, 1, 7)]


def test_on_one_rank_everything_is_the_identity():
    comm, rows = Comm(), torch.randn(3, 2)
    assert comm.gather(rows) is rows
    assert comm.sum(rows) is rows
    module = nn.Sequential(nn.BatchNorm1d(2))
    assert comm.synchronize(module) is module
    assert isinstance(module[0], nn.BatchNorm1d)
    assert parameters_agree(module.parameters(), comm)


def test_each_loss_moves_only_its_own_optimizers_parameters():
    a, b = scalar(2.0), scalar(3.0)
    Comm().descend((sgd(a), a * b))
    assert (a.item(), b.item()) == (pytest.approx(2 - 0.1 * 3), 3.0)


def test_updates_are_simultaneous():
    a, b = scalar(2.0), scalar(3.0)
    Comm().descend((sgd(a), a * b), (sgd(b), -a * b))
    assert (a.item(), b.item()) == (pytest.approx(2 - 0.1 * 3), pytest.approx(3 + 0.1 * 2))


def test_losses_may_share_a_graph():
    a, b = scalar(2.0), scalar(3.0)
    shared = (a * b).exp()
    slope = shared.item()
    Comm().descend((sgd(a), shared), (sgd(b), -shared))
    assert (a.item(), b.item()) == (pytest.approx(2 - 0.1 * 3 * slope), pytest.approx(3 + 0.1 * 2 * slope))


def test_parameters_that_a_loss_does_not_reach_stay():
    a, unused = scalar(2.0), scalar(3.0)
    Comm().descend((torch.optim.SGD([a, unused], lr=0.1, weight_decay=0.5), a.square()))
    assert a.item() != 2.0
    assert unused.item() == 3.0


def test_frozen_parameters_stay():
    a, frozen = scalar(2.0), scalar(3.0).requires_grad_(False)
    Comm().descend((torch.optim.SGD([a, frozen], lr=0.1, weight_decay=0.5), a * frozen))
    assert a.item() != 2.0
    assert frozen.item() == 3.0


def test_no_gradient_is_left_behind():
    a, b = scalar(2.0), scalar(3.0)
    Comm().descend((sgd(a), a * b), (sgd(b), -a * b))
    assert a.grad is None
    assert b.grad is None


class Layouts:
    """The strides of every parameter and of its gradient, as an optimizer's step sees them."""

    def __init__(self, optimizer):
        self.seen = []
        optimizer.register_step_pre_hook(lambda optimizer, *_: self.seen.extend(map(self._of, parameters(optimizer))))

    @staticmethod
    def _of(parameter):
        return parameter.stride(), parameter.grad.stride()


def parameters(optimizer):
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def penalised(*, fused):
    """Convolutions after five updates with a gradient penalty, and the layouts that the optimizer saw."""
    torch.manual_seed(0)
    critic = nn.Sequential(
        nn.Conv2d(3, 16, 4, 2), nn.Tanh(), nn.Conv2d(16, 8, 4, 2), nn.Tanh(), nn.Flatten(), nn.Linear(32, 1)
    )
    critic = critic.double().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(critic.parameters(), 1e-3, fused=fused)
    layouts = Layouts(optimizer)
    for _ in range(5):
        images = torch.randn(4, 3, 16, 16, dtype=torch.float64).to(memory_format=torch.channels_last).requires_grad_()
        scores = critic(images)
        (slope,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
        Comm().descend((optimizer, scores.mean() + slope.flatten(1).norm(dim=1).mean()))
    return torch.cat([parameter.detach().flatten() for parameter in critic.parameters()]), layouts.seen


def test_a_gradient_is_laid_out_as_its_parameter_so_that_fused_and_plain_steps_agree():
    (plain, layouts), (fused, _) = penalised(fused=False), penalised(fused=True)
    assert all(gradient == parameter for parameter, gradient in layouts)
    torch.testing.assert_close(fused, plain, rtol=0, atol=1e-12)


def test_a_gradient_that_is_one_number_for_all_entries_is_laid_out_in_full():
    weights = nn.Parameter(torch.arange(6.0, dtype=torch.float64).view(2, 3))
    optimizer = torch.optim.Adam([weights], 0.1, fused=True)
    layouts = Layouts(optimizer)
    Comm().descend((optimizer, weights.sum()))
    assert layouts.seen == [((3, 1), (3, 1))]
    torch.testing.assert_close(weights.detach().flatten(), torch.arange(6.0, dtype=torch.float64) - 0.1)


@pytest.mark.parametrize("batch_norm", ["affine", "shift"])
def test_a_synchronized_network_keeps_its_state_dict(batch_norm):
    net = dcgan.DcganNet(width=2, batch_norm=batch_norm)
    torch.manual_seed(0)
    plain = dcgan.critic(net, (1, 16, 16), 4, True)
    torch.manual_seed(0)
    synchronized = Comm(0, 2).synchronize(dcgan.critic(net, (1, 16, 16), 4, True))
    assert plain.state_dict().keys() == synchronized.state_dict().keys()
    assert all(torch.equal(value, synchronized.state_dict()[name]) for name, value in plain.state_dict().items())


class Both(Comm):
    """One of two ranks, of which the other has the same rows."""

    def sum(self, values):
        return 2 * values


@pytest.mark.parametrize(
    "settings", [{}, {"affine": False}, {"momentum": None}, {"momentum": 0.5}, {"momentum": 0.0}, {"eps": 0.1}], ids=str
)
@pytest.mark.parametrize("nested", [True, False])
def test_a_batch_norm_of_any_settings_is_synchronized(settings, nested):
    plain, ours = (nn.BatchNorm1d(3, **settings).double() for _ in range(2))
    ours = Both(0, 2).synchronize(nn.Sequential(ours))[0] if nested else Both(0, 2).synchronize(ours)
    for seed in range(3):
        x = torch.randn(4, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        torch.testing.assert_close(ours(x), plain(torch.cat([x, x]))[:4])
    torch.testing.assert_close(ours.state_dict(), plain.state_dict())


def test_a_synchronized_network_samples_like_a_plain_one():
    plain = dcgan.generator(dcgan.DcganNet(width=2), (1, 16, 16), 3).double()
    z = torch.randn(5, 3, dtype=torch.float64)
    plain(z)
    expected = plain.eval()(z)
    torch.testing.assert_close(Comm(0, 2).synchronize(plain).eval()(z), expected)
