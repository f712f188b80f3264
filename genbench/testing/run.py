"""What a run is: the same every time, and after a restart."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import torch
from torch import Tensor, nn

from genbench.contract.kit import Shape
from genbench.contract.trainer import Method, Trainer
from genbench.testing.assertions import ContractError, demand, difference
from genbench.testing.miniature import SHAPES, VECTORS, TinyRun

BEFORE = 10
"""Updates before a restart: what a step does after ten, by a count that is lost, it does not do after it."""


def repeats(method: Method) -> None:
    """Two runs of one seed agree to the bit, in whatever state torch's global generator is."""
    for shape in (VECTORS, SHAPES[-1]):
        _demand_repetition(method, shape)


def _demand_repetition(method: Method, shape: Shape) -> None:
    results = []
    for seed in (1, 2):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            run = TinyRun(method.trainer, method.config(), shape)
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
        f"two runs of one seed differ after a step on data of shape {shape}; draw only from kit.noise, kit.normal and"
        " kit.uniform, not from torch, numpy, random or a clock",
    )


def resume(method: Method) -> None:
    """A trainer that is saved and loaded goes on exactly where the other stopped."""
    for shape, updates in ((VECTORS, BEFORE), (SHAPES[-1], 2)):
        _demand_continuation(method, shape, updates)


def _demand_continuation(method: Method, shape: Shape, updates: int) -> None:
    run = TinyRun(method.trainer, method.config(), shape)
    for _ in range(updates):
        run.step()
    again = TinyRun(method.trainer, method.config(), shape)
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
            f"the attribute {name} is lost when a trainer is saved: make an optimizer or a schedule an attribute of the"
            " trainer, not an item of a list; make a network an nn.Module, and a counter a buffer:"
            " self.register_buffer('updates', torch.zeros((), dtype=torch.int64))",
        )
    run.step()
    again.step()
    changed = difference(_outcome(run), _outcome(again))
    demand(
        not changed,
        f"a trainer of data of shape {shape} that was saved after {updates} updates and loaded goes on differently from"
        f" one that was not: they differ in {changed}; whatever a step changes must be in state_dict(): networks,"
        " optimizers and schedules as attributes, counters as buffers",
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
