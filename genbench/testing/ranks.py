"""What several ranks do: together what one process does that has all of their rows."""

from __future__ import annotations

import faulthandler
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.spawn import ProcessExitedException

from genbench.contract.comm import Comm, parameters_agree
from genbench.contract.kit import Shape
from genbench.contract.streams import generator
from genbench.contract.trainer import Method, Trainer
from genbench.errors import GenbenchError
from genbench.testing.announcement import composed
from genbench.testing.assertions import ContractError, demand
from genbench.testing.launch import launch
from genbench.testing.miniature import BATCH, SEED, SHAPES, VECTORS, TinyRun
from genbench.testing.place import Place, here, on
from genbench.testing.reference import Reference, ReferenceConfig

TOLERANCE = 1e-9
"""How far two ranks may be from one process in fp64, as a share of the largest change of a parameter."""
KICK = 1e-13
"""How far initial weights are moved, as a share of each, to see what training makes of a rounding error."""
MARGIN = 10
"""How many times further than such a kick the ranks may be from one process."""
HOPELESS = 1e-2
"""Where a kick moves the parameters by this share of their change nothing can be told."""
PATIENCE = 240
"""Seconds after which ranks that wait for each other forever are ended."""

REFERENCE: tuple[type[Trainer], Any] = (Reference, ReferenceConfig())
"""A trainer that is right, and its settings: where it differs too, it is not the method that is wrong."""


@dataclass(frozen=True)
class _Case:
    """What the ranks run."""

    where: str
    """In words; nothing for the method's defaults on vectors."""
    trainer: type[Trainer]
    config: Any
    shape: Shape = VECTORS
    norm: bool = False
    """Whether the networks have batch norms, which take most of the time: the ranks meet twice in each."""


def ranks(method: Method) -> None:
    """Two ranks agree to the bit, and in fp64 with one process that has the whole batch, in every variant too."""
    cases = [
        _Case("the reference", *REFERENCE, norm=True),
        _Case("", method.trainer, method.config(), norm=True),
        _Case("on images ", method.trainer, method.config(), SHAPES[-1]),
        *(
            _Case(f"with variant '{name}' ", method.trainer, composed(method, values))
            for name, values in method.variants.items()
        ),
    ]
    device = "cuda" if here().device.type == "cuda" and torch.cuda.device_count() > 1 else "cpu"
    try:
        first, second = launch(_on_a_rank, 2, cases, PATIENCE, device, device=device)
    except ProcessExitedException as error:
        raise ContractError(
            f"a rank failed, or waited more than {PATIENCE} s for the other; call gather, sum and descend equally"
            " often and in the same order on every rank"
        ) from error
    with on(device):
        for number, case in enumerate(cases):
            both = (first[number], second[number])
            if number:
                _demand_equality(case, both)
            elif not all(one["agree"] for one in both) or _gap(_after_steps(Comm(), case), first[0])[1] > TOLERANCE:
                raise GenbenchError(
                    "two ranks differ from one process for a trainer that is known to be right, so this check can tell"
                    f" nothing about {method.name}, which is not to blame: the sums over ranks of torch"
                    f" {torch.__version__} are wrong on this machine; please report it to genbench"
                )


def _demand_equality(case: _Case, both: tuple[Mapping[str, Any], Mapping[str, Any]]) -> None:
    demand(
        all(one["agree"] for one in both),
        f"{case.where}after 2 updates the two ranks hold different parameters or buffers, or make different samples;"
        " let every update go through"
        " kit.comm.descend((optimizer, loss), …), which averages the gradients: after loss.backward() and"
        " optimizer.step() each rank follows its own rows; what a step keeps of its rows must be of all ranks' rows:"
        " kit.comm.gather or kit.comm.sum",
    )
    alone = _after_steps(Comm(), case)
    worst, gap = _gap(alone, both[0])
    if gap <= TOLERANCE:
        return
    amplified = _gap(alone, _after_steps(Comm(), case, KICK))[1]
    demand(
        gap <= MARGIN * amplified or amplified > HOPELESS,
        f"{case.where}two ranks that share a batch differ from one process that has all of it: {worst} by {gap:.1e} of"
        f" the largest change, where {max(TOLERANCE, MARGIN * amplified):.0e} is allowed; compute a loss over pairs of"
        " samples on kit.comm.gather(rows), which a mean over single samples does not need; the gradient inside a"
        " penalty is that of the sum over ranks: take it of the sum over the rank's own rows, or of a loss on gathered"
        " rows divided by kit.comm.world; random numbers for a loss on gathered rows, as of directions, are those of"
        " kit.normal(shape, shared=True)",
    )


def _gap(alone: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, float]:
    """Where two runs differ most, and by which share of the largest change of a parameter."""
    change = max(float((alone["after"][name] - start).abs().max()) for name, start in alone["before"].items())
    gaps = {name: float((value - other["after"][name]).abs().max()) for name, value in alone["after"].items()}
    worst = max(gaps, key=lambda name: gaps[name])
    return worst, gaps[worst] / max(change, torch.finfo(torch.float64).tiny)


def _after_steps(comm: Comm, case: _Case, kick: float = 0.0) -> dict[str, Any]:
    """The parameters before two updates in fp64, the second at half the learning rate; these, the buffers, the averaged
    weights and the samples after them; and whether all ranks hold the same.
    """
    run = TinyRun(
        case.trainer,
        case.config,
        case.shape,
        comm=comm,
        dtype=torch.float64,
        norm=case.norm,
        half_life=BATCH,
        place=Place(device=here().device, precision="fp64"),
    )
    draws = generator(SEED, "kick")
    with torch.no_grad():
        for parameter in run.trainer.parameters():
            change = kick * torch.randn(parameter.shape, generator=draws, dtype=parameter.dtype)
            parameter.mul_(1 + change.to(parameter.device))
    before = {name: parameter.detach().clone().cpu() for name, parameter in run.trainer.named_parameters()}
    for share in (1.0, 0.5):
        run.step(share)
    after: dict[str, Tensor] = {
        name: value.detach().double() for name, value in run.trainer.state_dict().items() if torch.is_tensor(value)
    }
    after["the samples"] = run.sample().double()
    agree = parameters_agree(after.values(), comm)
    return {"before": before, "after": {name: value.cpu() for name, value in after.items()}, "agree": agree}


def _on_a_rank(comm: Comm, cases: list[_Case], patience: float, place: str) -> list[dict[str, Any]]:
    """`_after_steps` in a separate process, which ends with a traceback when it takes too long."""
    faulthandler.dump_traceback_later(patience, exit=True)
    try:
        with on(place):
            return [_after_steps(comm, case) for case in cases]
    finally:
        faulthandler.cancel_dump_traceback_later()
