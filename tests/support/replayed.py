"""Twenty updates of a trainer on frozen weights, data and noise, beside those of its oracle."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from functools import cache, partialmethod
from typing import Any
from unittest.mock import patch

import torch
from oracle_cases import Case
from oracles import Lent
from torch import Tensor, nn

from genbench.contract import registry
from genbench.contract.kit import Kit
from genbench.contract.trainer import Method, Trainer
from genbench.testing import kit

AFTER = (1, 5, 20)
CLOSE = 1e-6
"""Of the largest change of a weight."""
Weights = dict[str, Tensor]


def trainer_of(case: Case, method: Method) -> Trainer:
    lent = kit(case.shape, norm=case.norm)
    lent = replace(lent, net=replace(lent.net, prior=case.prior))
    variant = method.variants.get(case.label.partition("/")[2], {})
    settings = {name: value.value for name, value in variant.items()} | dict(case.settings)
    trainer = method.trainer(method.config(**settings), lent).train()
    if case.loud != 1:
        *_, last = (layer for layer in trainer.critic.modules() if isinstance(layer, nn.Linear))
        with torch.no_grad():
            for parameter in last.parameters():
                parameter.mul_(case.loud)
    return trainer


def updates(trainer: Trainer, lent: Lent) -> Iterator[dict[str, float]]:
    """What each of twenty updates returns: numbers, no graphs."""
    draws = {law: partialmethod(_asked, law=law, lent=lent) for law in ("noise", "uniform", "normal")}
    for update in range(AFTER[-1]):
        lent.progress = trainer.kit.standing.spent = update / AFTER[-1]
        with patch.multiple(Kit, **draws):
            values = trainer.step(lent)
        assert not any(value.requires_grad for value in values.values())
        yield {name: float(value) for name, value in values.items()}


def _asked(_: Kit, *of: Any, law: str, lent: Lent, **how: Any) -> Tensor:
    return getattr(lent, law)(*of, **how)


def weights(module: nn.Module) -> Weights:
    return {name: parameter.detach().clone() for name, parameter in module.named_parameters()}


@cache
def expected(case: Case) -> tuple[Weights, dict[int, Weights], int]:
    """The weights before, those after 1, 5 and 20 updates of the oracle, and what it took of data and noise."""
    trainer = trainer_of(case, registry.load("methods", case.label.partition("/")[0]))
    nets, lent, after = nn.Module(), Lent(case.shape, case.prior), {}
    for name, network in trainer.named_children():
        setattr(nets, name, deepcopy(network))
    for name, parameter in trainer.named_parameters(recurse=False):
        nets.register_parameter(name, deepcopy(parameter))
    start, oracle = weights(nets), case.oracle(nets, lent)
    for update in range(1, AFTER[-1] + 1):
        lent.progress = (update - 1) / AFTER[-1]
        next(oracle)
        if update in AFTER:
            after[update] = weights(nets)
    return start, after, lent.drawn


def replayed(case: Case, method: Method) -> Iterator[tuple[float, dict[str, float]]]:
    """After each of twenty updates, how far the weights are from the oracle's, as a share of its largest change so far;
    and what the step returned. After what is not kept of the oracle they are 0 far; infinitely, if they are others, or
    if in the end other numbers were asked for.
    """
    start, after, drawn = expected(case)
    trainer, lent = trainer_of(case, method), Lent(case.shape, case.prior)
    same = weights(trainer).keys() == start.keys()
    for update, values in enumerate(updates(trainer, lent), start=1):
        far = 0.0 if same and (update < AFTER[-1] or lent.drawn == drawn) else float("inf")
        if same and update in AFTER:
            ours, theirs = weights(trainer), after[update]
            change = max((theirs[name] - start[name]).abs().max() for name in start)
            far = max(far, *(float((ours[name] - theirs[name]).abs().max() / change) for name in start))
        yield far, values
