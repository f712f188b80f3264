"""What `Trainer.kind_of_step` promises: a step may be replayed as another one of its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode

from genbench.contract.trainer import Method
from genbench.testing.assertions import demand
from genbench.testing.miniature import VECTORS, TinyRun


def kinds(method: Method) -> None:
    """Steps that the trainer calls alike run the same operations with the same constants."""
    run = TinyRun(method.trainer, method.config(), VECTORS)
    first, one = run.trainer.kind_of_step(), operations(run.step)
    second, other = run.trainer.kind_of_step(), operations(run.step)
    if first is None or first != second:
        return
    demand(
        len(one) == len(other),
        f"two steps of the kind {first!r} run {len(one)} and {len(other)} operations; let kind_of_step tell them apart,"
        " or return None",
    )
    for before, after in zip(one, other, strict=True):
        demand(
            before == after,
            f"of two steps of the kind {first!r} the first runs {before} where the second runs {after}: a CUDA graph"
            " would replay the first; let kind_of_step tell them apart, or return None",
        )


def operations(step: Callable[[], object]) -> list[str]:
    """What a step runs, in order: torch's operations with the shapes and constants they are given; of an optimizer its
    settings.
    """
    notes = _Notes()

    def pause(optimizer: torch.optim.Optimizer, *_: object) -> None:
        groups = [
            {name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups
        ]
        notes.seen.append(f"{type(optimizer).__name__} {groups}")
        notes.paused = True

    def resume(*_: object) -> None:
        notes.paused = False

    hooks = register_optimizer_step_pre_hook(pause), register_optimizer_step_post_hook(resume)
    try:
        with notes:
            step()
    finally:
        for hook in hooks:
            hook.remove()
    return notes.seen


class _Notes(TorchDispatchMode):
    """Writes down what runs, except in an optimizer, whose constants on a CPU depend on how many steps it has made."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen: list[str] = []
        self.paused = False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if not self.paused:
            self.seen.append(f"{func}({', '.join(map(_word, (*args, *kwargs.values())))})")
        return func(*args, **kwargs)


def _word(value: object) -> str:
    """A tensor by its shape, several as several, a constant as it is written, anything else by its type: an object's
    address is another one each time.
    """
    if isinstance(value, torch.Tensor):
        return str(list(value.shape))
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_word, value))}]"
    constant = value is None or isinstance(value, bool | int | float | complex | str | torch.dtype | torch.device)
    return repr(value) if constant else type(value).__name__
