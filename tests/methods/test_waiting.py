"""No step of a method of this repository waits for the device: nothing in it needs a number of a tensor on the host.

On a GPU such a wait empties the queue of kernels; on a CPU it is seen by what torch is asked for. What the kit and the
source move to the device is not: see genbench.contract.transfer.
"""

from collections.abc import Mapping
from dataclasses import fields

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from genbench.config.field import plain
from genbench.contract import registry
from genbench.testing.miniature import SHAPES, VECTORS, TinyRun

pytestmark = [pytest.mark.methods, pytest.mark.slow]
aten = torch.ops.aten
NUMBERS = {aten._local_scalar_dense, aten.equal, aten.is_nonzero, aten._linalg_check_errors}
"""The value of a tensor decides what Python does next."""
COUNTS = {aten.nonzero, aten.masked_select, aten._unique2, aten.unique_dim, aten.unique_consecutive, aten.bincount}
"""The values of a tensor decide how large the result is."""
SHORT = {"warmup_critic_steps": 2, "burst_steps": 2}
METHODS = [entry.name for entry in registry.installed("methods") if not entry.problem and "toy" not in entry.origin]
LABELS = [
    (name, variant)
    for name in METHODS
    if name not in ("toy", "fail")
    for variant in ("", *registry.load("methods", name).variants)
]


class Waits(TorchDispatchMode):
    """Notes each operation that a GPU would have to be waited for."""

    def __init__(self, counters):
        super().__init__()
        self.found, self.counters = [], {counter.data_ptr() for counter in counters.values()}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        packet = func.overloadpacket
        masks = packet in (aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_) and any(
            index is not None and index.dtype in (torch.bool, torch.uint8) for index in args[1]
        )
        if masks or packet in COUNTS or (packet in NUMBERS and args[0].data_ptr() not in self.counters):
            self.found.append(str(func))
        return func(*args, **(kwargs or {}))


def waits(trainer, config, shape, updates=2):
    run = TinyRun(trainer, config, shape)
    with Waits(run.trainer.counters()) as seen:
        for _ in range(updates):
            run.step()
    return seen.found


@pytest.mark.parametrize(("name", "variant"), LABELS, ids=["/".join(filter(None, label)) for label in LABELS])
def test_no_step_waits_for_the_device(name, variant):
    method = registry.load("methods", name)
    chosen: Mapping = plain(method.variants[variant]) if variant else {}
    known = {field.name for field in fields(method.config)}
    config = method.config(**{key: value for key, value in SHORT.items() if key in known} | dict(chosen))
    assert waits(method.trainer, config, VECTORS) == []
    if not variant:
        assert waits(method.trainer, config, SHAPES[-1], updates=1) == []


@pytest.mark.parametrize(
    "wait",
    [
        lambda x: float(x.sum()),
        lambda x: x if x.sum() > 0 else -x,
        lambda x: x[x > 0],
        lambda x: torch.linalg.cholesky(x @ x.T + torch.eye(2)),
        lambda x: torch.equal(x, x),
        lambda x: x.unique(),
        lambda x: x.nonzero(),
    ],
)
def test_a_wait_is_seen(wait):
    with Waits({}) as seen:
        wait(torch.ones(2, 2))
    assert seen.found


def test_a_counter_on_the_cpu_is_no_wait():
    counter = torch.zeros((), dtype=torch.int64)
    with Waits({"updates": counter}) as seen:
        counter += 1
        assert int(counter) == 1
    assert seen.found == []
