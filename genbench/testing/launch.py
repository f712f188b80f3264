"""Ranks of a function on this machine: how clauses and tests look at what several ranks do."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import ProcessRaisedException, start_processes

from genbench.contract.comm import Comm

PATIENCE = timedelta(minutes=5)
"""How long a rank waits for the others before it gives up."""


def launch(
    function: Callable[..., Any], world: int, *arguments: Any, device: str = "cpu", fresh: bool = False
) -> list[Any]:
    """The results of function(comm, *arguments) on `world` ranks of this machine, by rank; gloo, or nccl and a GPU for
    each.

    The function must live in an importable module; each rank is a separate process, one that is alone only if `fresh`.
    Raises what the first failed rank raised.
    """
    if world == 1 and device == "cpu" and not fresh:
        return [function(Comm(), *arguments)]
    multiprocessing.set_forkserver_preload(
        ["genbench.contract.comm", "torch._dynamo"]
    )  # torch imports it for the first optimizer
    with tempfile.TemporaryDirectory(prefix="genbench-ranks-") as folder, _other_hashes():
        try:
            start_processes(
                _rank, args=(function, world, folder, arguments, device), nprocs=world, start_method="forkserver"
            )
        except ProcessRaisedException as error:
            failures = sorted(Path(folder).glob("*.error"), key=lambda path: path.stat().st_mtime_ns)
            if not failures:
                raise
            raise pickle.loads(failures[0].read_bytes()) from error
        return [torch.load(Path(folder, f"{rank}.pt"), weights_only=True, map_location="cpu") for rank in range(world)]


@contextmanager
def _other_hashes() -> Iterator[None]:
    """The processes that are started here hash texts otherwise than this one, also where its hashes are fixed."""
    fixed = os.environ.get("PYTHONHASHSEED", "random")
    if fixed.isdigit():
        os.environ["PYTHONHASHSEED"] = str((int(fixed) + 1) % 2**32)
    try:
        yield
    finally:
        if fixed.isdigit():
            os.environ["PYTHONHASHSEED"] = fixed


def _rank(
    rank: int, function: Callable[..., Any], world: int, folder: str, arguments: tuple[Any, ...], device: str
) -> None:
    torch.set_num_threads(1)
    for library in ("GLOO", "NCCL"):
        os.environ.setdefault(f"{library}_SOCKET_IFNAME", "lo")
    if device == "cuda":
        torch.cuda.set_device(rank)
    dist.init_process_group(
        "gloo" if device == "cpu" else "cpu:gloo,cuda:nccl",
        init_method=f"file://{folder}/store",
        rank=rank,
        world_size=world,
        timeout=PATIENCE,
    )
    try:
        torch.save(function(Comm(rank, world), *arguments), Path(folder, f"{rank}.pt"))
        dist.barrier()
    except Exception as error:
        # Written while the group still stands: without this rank the others fail as well, and their errors say nothing.
        Path(folder, f"{rank}.error").write_bytes(pickle.dumps(error))
        raise
    finally:
        dist.destroy_process_group()
