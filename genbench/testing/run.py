"""What a run is: the same every time, after a restart, and on several ranks."""

from __future__ import annotations

import copy
import faulthandler
import io
import pickle
from typing import Any

import torch
from torch import Tensor, nn
from torch.multiprocessing.spawn import ProcessExitedException

from genbench.contract.comm import Comm, parameters_agree
from genbench.contract.trainer import Method, Trainer
from genbench.testing.assertions import ContractError, demand, difference
from genbench.testing.launch import launch
from genbench.testing.miniature import VECTORS, TinyRun

TOLERANCE = 1e-9
"""How far two ranks may be from one process in fp64, as a share of the largest change of a parameter."""
PATIENCE = 120
"""Seconds after which ranks that wait for each other forever are ended."""


def repeats(method: Method) -> None:
    """Two runs of one seed agree to the bit, in whatever state torch's global generator is."""
    results = []
    for seed in (1, 2):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            run = TinyRun(method.trainer, method.config(), VECTORS)
            new = copy.deepcopy(dict(run.trainer.named_parameters()))
            values = run.step()
        results.append((new, values, run.trainer.state_dict()))
    changed = difference(results[0][0], results[1][0])
    demand(
        not changed,
        f"two new trainers of one seed differ in {changed}; take networks from the kit, and build one of your own by"
        " kit.network(role, build)",
    )
    changed = difference(results[0][1:], results[1][1:])
    demand(
        not changed,
        "two runs of one seed differ after a step; draw only from kit.noise and kit.uniform, not from torch, numpy,"
        " random or a clock",
    )


def resume(method: Method) -> None:
    """A trainer that is saved and loaded goes on exactly where the other stopped."""
    run = TinyRun(method.trainer, method.config(), VECTORS)
    for _ in range(2):
        run.step()
    again = TinyRun(method.trainer, method.config(), VECTORS)
    content = io.BytesIO()
    torch.save(run.trainer.state_dict(), content)
    content.seek(0)
    try:
        again.trainer.load_state_dict(torch.load(content, weights_only=True))
    except pickle.UnpicklingError as error:
        raise ContractError(
            "the state holds more than tensors, numbers, strings, lists and dicts, and cannot be loaded safely; keep it"
            " to these"
        ) from error
    again.seek(run)
    for name, value in _loose(run.trainer).items():
        demand(
            not difference(value, _loose(again.trainer).get(name)),
            f"the attribute {name} is lost when a trainer is saved: make an optimizer an attribute of the trainer, not"
            " an item of a list; make a network an nn.Module, and a counter a buffer: self.register_buffer('updates',"
            " torch.zeros((), dtype=torch.int64))",
        )
    run.step()
    again.step()
    changed = difference(_outcome(run), _outcome(again))
    demand(
        not changed,
        f"a trainer that was saved and loaded goes on differently from one that was not: they differ in {changed};"
        " whatever a step changes must be in state_dict(): networks and optimizers as attributes, counters as buffers",
    )


def ranks(method: Method) -> None:
    """Two ranks agree to the bit, and in fp64 with one process that has the whole batch."""
    alone = _after_steps(Comm(), method.trainer, method.config())
    try:
        first, second = launch(_on_a_rank, 2, method.trainer, method.config(), PATIENCE)
    except ProcessExitedException as error:
        raise ContractError(
            f"a rank failed, or waited more than {PATIENCE} s for the other; call gather, sum and descend equally"
            " often and in the same order on every rank"
        ) from error
    demand(
        first["agree"] and second["agree"],
        "after 2 updates the two ranks hold different parameters; let every update go through"
        " kit.comm.descend((optimizer, loss), …), which averages the gradients: after loss.backward() and"
        " optimizer.step() each rank follows its own rows",
    )
    change = max(float((alone["after"][name] - alone["before"][name]).abs().max()) for name in alone["after"])
    gaps = {name: float((alone["after"][name] - first["after"][name]).abs().max()) for name in alone["after"]}
    worst = max(gaps, key=lambda name: gaps[name])
    demand(
        gaps[worst] <= TOLERANCE * change,
        f"two ranks that share a batch differ from one process that has all of it: {worst} by {gaps[worst]:.1e}, where"
        f" {TOLERANCE:.0e} of the largest change {change:.1e} is allowed; compute a loss over pairs of samples on"
        " kit.comm.gather(rows), which a mean over single samples does not need",
    )


def _outcome(run: TinyRun) -> dict[str, Any]:
    return {**run.trainer.state_dict(), "the samples": run.sample()}


def _loose(trainer: Trainer) -> dict[str, Any]:
    """What lies in attributes of a trainer and its networks but not in the state: numbers, tensors, optimizers in
    lists, schedules.
    """
    builtin = set(vars(nn.Module()))
    return {
        f"{prefix}.{name}" if prefix else name: _plain(value)
        for prefix, module in trainer.named_modules()
        for name, value in vars(module).items()
        if name not in builtin
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float | Tensor):
        return value
    if isinstance(value, torch.optim.Optimizer | torch.optim.lr_scheduler.LRScheduler | nn.Module):
        return value.state_dict()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return None


def _after_steps(comm: Comm, trainer: type[Trainer], config: Any) -> dict[str, Any]:
    """The parameters before and after two updates in fp64, and whether all ranks hold the same ones."""
    run = TinyRun(trainer, config, VECTORS, comm=comm, dtype=torch.float64)
    before = {name: parameter.detach().clone() for name, parameter in run.trainer.named_parameters()}
    for _ in range(2):
        run.step()
    after = {name: parameter.detach() for name, parameter in run.trainer.named_parameters()}
    return {"before": before, "after": after, "agree": parameters_agree(after.values(), comm)}


def _on_a_rank(comm: Comm, trainer: type[Trainer], config: Any, patience: float) -> dict[str, Any]:
    """`_after_steps` in a separate process, which ends with a traceback when it takes too long."""
    faulthandler.dump_traceback_later(patience, exit=True)
    try:
        return _after_steps(comm, trainer, config)
    finally:
        faulthandler.cancel_dump_traceback_later()
