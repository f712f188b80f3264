"""What another process makes of a run: the same."""

from __future__ import annotations

from typing import Any

import torch

from genbench.contract.comm import Comm
from genbench.contract.trainer import Method, Trainer
from genbench.testing.assertions import demand, difference
from genbench.testing.launch import launch
from genbench.testing.miniature import VECTORS, TinyRun
from genbench.testing.place import Place


def process(method: Method) -> None:
    """A run is the same to the bit in another process, where sets have another order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in the other process
    try:
        here = _run(Comm(), method.trainer, method.config())
    finally:
        torch.set_num_threads(threads)
    (there,) = launch(_run, 1, method.trainer, method.config(), fresh=True)
    changed = difference(here, there)
    demand(
        not changed,
        f"3 updates in another process differ from those in this one in {changed}, so that a resumed trial goes on"
        " differently; go through a list, a dict or sorted(…), not through a set, whose order depends on the process,"
        " as hash() and id() do; read no clock",
    )


def _run(comm: Comm, trainer: type[Trainer], config: Any) -> dict[str, Any]:
    """The state of a trainer after 3 updates."""
    run = TinyRun(trainer, config, VECTORS, place=Place())
    for _ in range(3):
        run.step()
    return run.trainer.state_dict()
