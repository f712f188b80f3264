"""What tests run in ranks of their own: `comm.launch` needs functions of an importable module."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from genbench import kernels
from genbench.config.settings import NetSettings
from genbench.contract.comm import Comm, parameters_agree
from genbench.contract.kit import Architecture, Kit, Shape
from genbench.contract.streams import Draws, generator
from genbench.errors import DataError
from genbench.nets import dcgan, mlp

ROWS = 8
"""Of a global batch."""
STEPS = 3
WIDTHS = (0.5, 1.0, 4.0)


def gathered_rows(comm: Comm) -> Tensor:
    """MMD² of features gathered from all ranks, a generator's descent."""
    kit = _vector_kit(comm)
    network = kit.generator()
    optimizer = _sgd(network)
    for step in range(STEPS):
        loss = kernels.mmd2(
            comm.gather(network(kit.noise(ROWS // comm.world))), comm.gather(_own(comm, step, 2)), WIDTHS
        )
        comm.descend((optimizer, loss))
    return _weights(comm, network)


def own_rows(comm: Comm) -> Tensor:
    """A mean over a rank's own rows."""
    kit = _vector_kit(comm)
    network = kit.critic(1)
    optimizer = _sgd(network)
    for step in range(STEPS):
        comm.descend((optimizer, nn.functional.softplus(-network(_own(comm, step, 2))).mean()))
    return _weights(comm, network)


def parameter_penalty(comm: Comm) -> Tensor:
    """A loss on gathered rows, a mean over own rows and a penalty on parameters, added up."""
    kit = _vector_kit(comm)
    network = kit.critic(3, bias=False)
    optimizer = _sgd(network)
    for step in range(STEPS):
        features = network(_own(comm, step, 2))
        penalty = sum(parameter.square().sum() for parameter in network.parameters())
        spread = kernels.squared_distances(comm.gather(features), comm.gather(features)).mean()
        comm.descend((optimizer, features.square().mean() - 0.1 * spread + 0.3 * penalty))
    return _weights(comm, network)


def simultaneous(comm: Comm) -> Tensor:
    """The paper's algorithm 1: the critic ascends the Pearson divergence, the generator descends MMD², from one
    graph.
    """
    return _simultaneous(comm, _vector_kit(comm), lambda step: _own(comm, step, 2))


def synchronized(comm: Comm) -> Tensor:
    """Algorithm 1 with batch norm in both networks, its statistics over all ranks' rows."""
    return _simultaneous(comm, _pictures_kit(comm), lambda step: _own(comm, step, 1, 16, 16))


def synchronized_shift(comm: Comm) -> Tensor:
    """The same with batch norm whose scale is fixed."""
    return _simultaneous(comm, _pictures_kit(comm, batch_norm="shift"), lambda step: _own(comm, step, 1, 16, 16))


def penalty_of_the_norm(comm: Comm) -> Tensor:
    """WGAN-GP through batch norm: the norm of a gradient at points between real and fake ones, and its own gradient."""
    return _penalised(comm, lambda slope, _: (slope.flatten(1).norm(dim=1) - 1).square().mean())


def penalty_at_real_points(comm: Comm) -> Tensor:
    """R1 through batch norm: the square of a gradient at real points."""
    return _penalised(comm, lambda _, slope: slope.square().flatten(1).sum(1).mean())


def penalty_of_the_witness(comm: Comm) -> Tensor:
    """A penalty per sample on the MMD's witness function, which depends on the features of all ranks' rows."""
    kit = _pictures_kit(comm)
    critic = kit.critic(3, bias=False)
    optimizer = _sgd(critic)
    for step in range(STEPS):
        real, fake = _own(comm, step, 1, 16, 16), _own(comm, step + STEPS, 1, 16, 16)
        between = (0.4 * real + 0.6 * fake).requires_grad_()
        p, q, h = comm.gather(critic(real)), comm.gather(critic(fake)), critic(between)
        witness = sum(
            sign * kernels.mixture(kernels.squared_distances(h, x), WIDTHS).mean(1) for sign, x in ((1, p), (-1, q))
        )
        (slope,) = torch.autograd.grad(witness.sum(), between, create_graph=True)
        penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
        comm.descend((optimizer, penalty - kernels.mmd2(q, p, WIDTHS)))
    return _weights(comm, critic)


def distances_to_all(comm: Comm) -> Tensor:
    """A loss per sample on the rows of all ranks: how far own real rows are from the nearest generated one."""
    kit = _vector_kit(comm)
    network = kit.generator()
    optimizer = _sgd(network)
    for step in range(STEPS):
        fake = network(kit.noise(ROWS // comm.world))
        distances = kernels.squared_distances(_own(comm, step, 2), comm.gather(fake))
        comm.descend((optimizer, distances.min(1).values.mean()))
    return _weights(comm, network)


def penalty_through_the_gather(comm: Comm) -> Tensor:
    """The slope of the MMD at own rows: a gradient through gather, which is that of the sum over ranks, and its own."""
    kit = _vector_kit(comm)
    critic = kit.critic(3, bias=False)
    optimizer = _sgd(critic)
    for step in range(STEPS):
        fake = _own(comm, step, 2).requires_grad_()
        mmd2 = kernels.mmd2(comm.gather(critic(fake)), comm.gather(critic(_own(comm, step + STEPS, 2))), WIDTHS)
        (slope,) = torch.autograd.grad(mmd2 / comm.world, fake, create_graph=True)
        comm.descend((optimizer, ROWS * slope.square().sum(1).mean() - mmd2))
    return _weights(comm, critic)


def gathered_order(comm: Comm) -> Tensor:
    """The rows of all ranks, each of which says where in the global batch it stands."""
    return comm.gather(_slice(comm, torch.arange(ROWS)))


def summed(comm: Comm) -> Tensor:
    """A sum over ranks, and the gradient of its square."""
    own = _slice(comm, torch.arange(1.0, 1 + ROWS, dtype=torch.float64)).requires_grad_()
    total = comm.sum(own.sum())
    (gradient,) = torch.autograd.grad(total.square() / comm.world, own)
    return torch.cat([total.detach().view(1), gradient])


def agreement(comm: Comm) -> Tensor:
    """Whether equal parameters agree, and whether parameters agree when one rank's differ in the last bit."""
    same = torch.ones(3, dtype=torch.float64)
    other = same.clone()
    other[0] += torch.finfo(torch.float64).eps * comm.rank
    return torch.tensor([parameters_agree([same], comm), parameters_agree([same, other], comm)])


CHECKS: tuple[Callable[[Comm], Tensor], ...] = (
    gathered_rows,
    own_rows,
    parameter_penalty,
    simultaneous,
    synchronized,
    synchronized_shift,
    penalty_of_the_norm,
    penalty_at_real_points,
    penalty_of_the_witness,
    penalty_through_the_gather,
    distances_to_all,
)
"""What must come out on any number of ranks as it does on one."""


def everything(comm: Comm) -> dict[str, Tensor]:
    """All of the above by name: starting ranks costs seconds, so it is done once."""
    return {check.__name__: check(comm) for check in (*CHECKS, gathered_order, summed, agreement)}


def trained(
    comm: Comm, trials: list[tuple[dict[str, Any], str]], updates: int, *, kick: float = 0.0
) -> list[dict[str, Tensor]]:
    """The parameters and buffers of each trial (as plain data, with its folder) after some updates, the same on every
    rank; kick: by which share of themselves the initial parameters are moved.
    """
    from genbench.training.build import prepare
    from genbench.trial.trial import Trial

    states = []
    for plain, folder in trials:
        run = prepare(Trial.from_dict(plain), Path(folder), comm=comm).run
        run.trainer.train()
        signs = generator(0, "kick")
        with torch.no_grad():
            for parameter in run.trainer.parameters():
                sign = torch.randint(-1, 2, parameter.shape, generator=signs)
                parameter.mul_(1 + kick * sign.to(parameter.dtype))
        for update in range(updates):
            run.draws.seek(update)
            run.trainer.step(run.source)
        state = {name: value for name, value in run.trainer.state_dict().items() if torch.is_tensor(value)}
        assert parameters_agree(state.values(), comm)
        states.append(state)
    return states


def failing(comm: Comm) -> None:
    """The second rank fails while the first one waits for it."""
    if comm.rank == 1:
        raise DataError("the second rank has no data")
    dist.barrier()


def _simultaneous(comm: Comm, kit: Kit, real: Callable[[int], Tensor]) -> Tensor:
    network, critic = kit.generator(), kit.critic(3, bias=False)
    of_generator, of_critic = _sgd(network), _sgd(critic)
    for step in range(STEPS):
        fake_features = comm.gather(critic(network(kit.noise(ROWS // comm.world))))
        real_features = comm.gather(critic(real(step)))
        ratio, mmd2 = kernels.ratio_and_mmd2(fake_features, real_features, WIDTHS, 1e-3)
        comm.descend((of_critic, -0.01 * kernels.pearson_divergence(ratio)), (of_generator, mmd2))
    return _weights(comm, network, critic)


def _penalised(comm: Comm, penalty: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """A critic with batch norm that tells real from fake, penalised for its slopes between them and at real points."""
    critic = _pictures_kit(comm).critic(1)
    optimizer = _sgd(critic)
    for step in range(STEPS):
        real, fake = _own(comm, step, 1, 16, 16).requires_grad_(), _own(comm, step + STEPS, 1, 16, 16)
        between = (0.4 * real + 0.6 * fake).detach().requires_grad_()
        of_real, of_between = critic(real), critic(between)
        (slope,) = torch.autograd.grad(of_between.sum(), between, create_graph=True)
        (slope_at_real,) = torch.autograd.grad(of_real.sum(), real, create_graph=True)
        comm.descend((optimizer, critic(fake).mean() - of_real.mean() + penalty(slope, slope_at_real)))
    return _weights(comm, critic)


def _vector_kit(comm: Comm) -> Kit:
    return _kit(comm, (2,), mlp.genbench_architectures()[0], mlp.MlpNet(latent=3, width=6))


def _pictures_kit(comm: Comm, **changes: Any) -> Kit:
    net = dcgan.DcganNet(latent=3, width=2, **changes)
    return _kit(comm, (1, 16, 16), dcgan.genbench_architectures()[0], net)


def _kit(comm: Comm, shape: Shape, architecture: Architecture, net: NetSettings) -> Kit:
    return Kit(shape=shape, architecture=architecture, net=net, seed=0, draws=Draws(0), comm=comm, dtype=torch.float64)


def _sgd(network: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(network.parameters(), 0.1, momentum=0.5)


def _own(comm: Comm, step: int, *shape: int) -> Tensor:
    """This rank's share of a step's data."""
    return _slice(comm, torch.randn(ROWS, *shape, generator=generator(0, "data", step), dtype=torch.float64))


def _slice(comm: Comm, rows: Tensor) -> Tensor:
    share = ROWS // comm.world
    return rows[comm.rank * share : (comm.rank + 1) * share]


def _weights(comm: Comm, *networks: nn.Module) -> Tensor:
    """All parameters and buffers, which every rank must hold alike."""
    values = [value for network in networks for value in network.state_dict().values()]
    assert parameters_agree(values, comm)
    return torch.cat([value.double().flatten() for value in values])
