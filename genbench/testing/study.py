"""What a study decides for every method alike: the seed, the data, the learning rates' schedule, averaged weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.modules.module import register_module_forward_pre_hook

from genbench.contract.norms import BATCH_NORMS
from genbench.contract.trainer import Method
from genbench.testing.assertions import demand, difference
from genbench.testing.miniature import SEED, SHAPES, VECTORS, TinyRun

ENOUGH = 2
"""Updates after which data has come through: a critic's first update, and what is made of it."""


def seeds(method: Method) -> None:
    """Another seed gives every network other first weights."""
    one, other = (
        dict(TinyRun(method.trainer, method.config(), VECTORS, seed=seed).trainer.named_parameters())
        for seed in (SEED, SEED + 1)
    )
    same = [
        name
        for name, weights in one.items()
        if weights.requires_grad and weights.dim() > 1 and _varied(weights) and torch.equal(weights, other[name])
    ]
    demand(
        not same,
        f"two trainers of unlike seeds begin with the same {', '.join(same)}; build a network of your own by"
        " kit.network(role, build), without a seed of its own: trials of several seeds would be one trial, repeated",
    )


def data(method: Method) -> None:
    """What a step learns depends on the data."""
    # Of vectors: a kernel that is narrow for made-up images sees none of them, and is right.
    learnt = []
    for which in (SEED, SEED + 1):
        run = TinyRun(method.trainer, method.config(), VECTORS, norm=False, data=which)
        for _ in range(ENOUGH):
            run.step()
        learnt.append(run.sample())
    demand(
        not torch.equal(*learnt),
        f"{ENOUGH} steps on other data led to the same samples to the bit; see that the batch reaches the loss of the"
        " generator, or of the critic that it is trained by",
    )


def scheduling(method: Method) -> None:
    """At a learning rate of 0 a step leaves the samples as they were, so that a study's schedule reaches the method."""
    run = TinyRun(method.trainer, method.config(), VECTORS)
    before, buffers = run.sample(), _buffers(run)
    run.step(0.0)
    _put(run, buffers)
    demand(
        torch.equal(before, run.sample()),
        "a step at a learning rate of 0 changed the samples, so that train.schedule, which multiplies the rates of"
        " torch's optimizers, does not reach what moves them; move weights by an optimizer and kit.comm.descend alone",
    )


def averaging(method: Method) -> None:
    """Samples can be made with averaged weights, and training goes on as without them."""
    plain, run = (TinyRun(method.trainer, method.config(), VECTORS, half_life=half) for half in (0.0, math.inf))
    first, buffers = run.sample(), _buffers(run)
    for one in (plain, run):
        for _ in range(2):
            one.step()
            one.sample()
    changed = difference(plain.trainer.state_dict(), _without_averages(run))
    demand(
        not changed,
        f"with averaged weights training went another way: it differs in {changed}; sample must only read the weights",
    )
    _put(run, buffers)
    demand(
        torch.equal(run.sample(), first),
        "with averages that stay at the first weights, the samples after 2 steps are not the first ones, so that"
        " train.average does not reach them; keep all weights that samples are made with in parameters of the trainer"
        " and its networks, no copies in lists or plain tensors",
    )


def statistics(method: Method) -> None:
    """The batch norms that samples pass through have statistics that follow training."""
    for shape in (VECTORS, SHAPES[-1]):
        run = TinyRun(method.trainer, method.config(), shape)
        norms = {name: one for name, one in run.trainer.named_modules() if isinstance(one, BATCH_NORMS)}
        first, before = run.sample(), {name: _statistics(norm) for name, norm in norms.items()}
        run.step()
        samples, used = _sampled(run)
        behind = [
            name
            for name, norm in norms.items()
            if id(norm) in used and not difference(before[name], _statistics(norm)) and before[name]
        ]
        demand(
            not behind or torch.equal(samples, first),
            f"samples pass through {', '.join(behind)}, whose running mean and variance training never moves: an"
            " average of weights needs those of its batch norms too; copy the buffers along with the weights, or leave"
            " averaging to train.average",
        )


def _sampled(run: TinyRun) -> tuple[Tensor, set[int]]:
    """Samples, and the ids of the modules that they passed through."""
    used: set[int] = set()

    def note(module: torch.nn.Module, _: object) -> None:
        used.add(id(module))

    hook = register_module_forward_pre_hook(note)
    try:
        return run.sample(), used
    finally:
        hook.remove()


def _varied(weights: Tensor) -> bool:
    """Whether they look drawn: not one number everywhere."""
    return bool((weights != weights.flatten()[0]).any())


def _buffers(run: TinyRun) -> dict[str, Tensor]:
    return {name: buffer.clone() for name, buffer in run.trainer.named_buffers() if not name.startswith(AVERAGES)}


def _put(run: TinyRun, buffers: dict[str, Tensor]) -> None:
    """The buffers as they were, what a method keeps of the data among them: only the weights are asked about."""
    for name, buffer in run.trainer.named_buffers():
        if name in buffers:
            buffer.copy_(buffers[name])


def _without_averages(run: TinyRun) -> dict[str, object]:
    return {name: value for name, value in run.trainer.state_dict().items() if not name.startswith(AVERAGES)}


def _statistics(norm: torch.nn.Module) -> list[Tensor]:
    return [buffer.clone() for name, buffer in norm.named_buffers() if name in ("running_mean", "running_var")]


AVERAGES = "averaged_weights."
"""What the names of the averages' buffers begin with."""
