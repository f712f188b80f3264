"""The ranks of one trial: processes that torch's elastic launcher starts, a fresh agent for every attempt.

Ranks stop, finish and diverge together, because they agree on it at the end of an update. When only one fails, the
others fail because it no longer answers: the record is that of the rank that failed first. When one is killed, there is
no record and the attempt counts as killed.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import shutil
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist

from genbench.contract.comm import Comm
from genbench.training.attempt import FAILED, INTERRUPTED, KILLED, attempt, describe
from genbench.training.signals import STOPPING, asked_to_stop
from genbench.trial.json_file import read_json, write_json
from genbench.trial.lock import hold_as_rank
from genbench.trial.log import logged
from genbench.trial.record import Record
from genbench.trial.trial import Trial

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

NOTICE = 1.0
"""Seconds that a rank which failed waits before it ends: by then the agent has seen whether another one was killed."""
PATIENCE = timedelta(days=7)
"""How long ranks wait for each other; the agent ends them when one is gone, so this is only a limit on an evaluation.
"""
KEEP_ALIVE = 3600
"""Seconds between two signs of life of an agent that is alone: each makes the file of the rendezvous longer."""
SHUTDOWN = 10
"""Seconds that the other ranks have to end when one has failed."""


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """The machines of a trial, and which of them this one is."""

    count: int = 1
    number: int = 0
    address: str = "127.0.0.1"
    """Of the first one."""
    job: str = ""
    """What the machines of one attempt have in common, and no other attempt has."""

    @classmethod
    def of(cls, trial: Trial) -> Nodes:
        """One machine, or as many as the trial's resources say when Slurm runs a task on each of them."""
        count = trial.running.get("resources", {}).get("nodes", 1)
        environment = os.environ
        if count == 1 or trial.running.get("world", 1) == 1 or "SLURM_NODEID" not in environment:
            return cls()
        restarts, step = environment.get("SLURM_RESTART_COUNT", 0), environment.get("SLURM_STEP_ID", 0)
        job = f"{environment['SLURM_JOB_ID']}-{restarts}-{step}"
        return cls(
            count=count,
            number=int(environment["SLURM_NODEID"]),
            address=environment["SLURM_LAUNCH_NODE_IPADDR"],
            job=job,
        )

    @property
    def endpoint(self) -> str:
        """Where the agents of several machines meet: a port of the first one that the job's number gives."""
        return f"{self.address}:{20_000 + int(self.job.partition('-')[0]) % 20_000}"

    def rendezvous(self, scratch: Path) -> dict[str, Any]:
        """How the ranks find each other, for torch's launcher: on one machine by a file, on several through the first
        one's port.

        That port is open to all, asks for no password, and what comes in is unpickled: a trial on one machine must not
        open it.
        """
        if self.job:
            return {"rdzv_endpoint": self.endpoint, "rdzv_configs": {"is_host": self.number == 0}}
        file = {"store_type": "file", "keep_alive_interval": KEEP_ALIVE}
        return {"rdzv_endpoint": str(scratch / "agents"), "rdzv_configs": file, "local_addr": "127.0.0.1"}


def run(
    trial: Trial, directory: Path, world: int, nodes: Nodes, stop: Callable[[], bool], *, log_to_file: bool
) -> tuple[Record, int]:
    """Run a trial on `world` ranks; its record and the exit code of the worker, KILLED when a rank was.

    `stop` tells whether the worker was asked to stop before its ranks could be; it notices a signal that comes after
    they ended.
    """
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    started = time.time()
    if not nodes.job:
        os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = (
            "1"  # else the agent opens a port for its ranks, which have a file
        )
    with _scratch(directory, nodes) as scratch, _stop_noted(scratch, stop):
        config = LaunchConfig(
            min_nodes=nodes.count,
            max_nodes=nodes.count,
            nproc_per_node=world // nodes.count,
            run_id=nodes.job or uuid.uuid4().hex,
            rdzv_backend="c10d",
            **nodes.rendezvous(scratch),
            logs_specs=DefaultLogsSpecs(log_dir=str(scratch / f"agent{nodes.number}")),
            max_restarts=0,  # a restart in place fails every other time on gloo; the engine starts a fresh worker
            start_method="spawn",
            signals_to_handle="SIGHUP",  # all others are asked to stop: see _stop_noted
            shutdown_timeout=SHUTDOWN,
        )
        try:
            codes = elastic_launch(config, _rank)(str(directory), str(scratch), log_to_file)
        except ChildFailedError as error:
            record, code = _failure(trial, directory, scratch, error)
        else:
            record, code = Record.from_row(read_json(scratch / "0.json")), codes[min(codes)]
    return dataclasses.replace(record, started=started, wall_seconds=max(0.0, time.time() - started)), code


def _rank(directory: str, scratch: str, log_to_file: bool) -> int:
    """One rank's life."""
    rank, world, local = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    folder, notes = Path(directory), Path(scratch)
    trial = Trial.read(folder)
    asked = asked_to_stop()
    # torch has a rank interrupted when its agent dies; started in the background, as by nohup, it would have inherited
    # to ignore that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with hold_as_rank(folder), logged(folder, log_to_file):
        accelerated = torch.cuda.is_available() and trial.running.get("device", "auto") != "cpu"
        if accelerated:
            torch.cuda.set_device(local)
        alone = Nodes.of(trial).count == 1
        if alone:
            os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
            os.environ.setdefault("NCCL_SOCKET_IFNAME", "lo")
        file = dist.FileStore(str(notes / "ranks"), world) if alone else None
        place: dict[str, Any] = {"store": file, "rank": rank, "world_size": world} if alone else {}
        dist.init_process_group("cpu:gloo,cuda:nccl" if accelerated else "gloo", timeout=PATIENCE, **place)
        comm = Comm(rank, world)
        record, code = attempt(trial, folder, lambda: comm.largest(asked() or (notes / "stop").exists()) > 0, comm)
        if rank == 0 or code == FAILED:
            write_json(record.to_row(), notes / f"{rank}.json")
        if code == FAILED:
            logging.shutdown()
            time.sleep(NOTICE)
            os._exit(FAILED)
        dist.destroy_process_group()
    return code


def _failure(trial: Trial, directory: Path, scratch: Path, error: ChildFailedError) -> tuple[Record, int]:
    """How a trial ended when one of its ranks ended too early."""
    facts = describe(trial, directory)
    killed = {rank: failure for rank, failure in error.failures.items() if failure.exitcode < 0}
    if (scratch / "stop").exists():
        status, why, code = INTERRUPTED
        return Record(**facts, status=status, error=why, ended=time.time()), code
    if killed:
        rank, failure = min(killed.items())
        return (
            Record(
                **facts, status="failed", error=f"rank {rank} was killed by {failure.signal_name()}", ended=time.time()
            ),
            KILLED,
        )
    records = [Record.from_row(read_json(path)) for path in scratch.glob("[0-9]*.json")]
    failed = [record for record in records if record.status == "failed"]
    if failed:
        return min(failed, key=lambda record: record.ended), FAILED
    rank, failure = error.get_first_failure()
    return (
        Record(
            **facts, status="failed", error=f"rank {rank} ended with exit code {failure.exitcode}", ended=time.time()
        ),
        FAILED,
    )


@contextmanager
def _scratch(directory: Path, nodes: Nodes) -> Iterator[Path]:
    """A folder in the trial's own that all ranks of this attempt see, on whichever machine they are."""
    folder = directory / f".ranks-{nodes.job or uuid.uuid4().hex}"
    folder.mkdir(exist_ok=True)
    try:
        yield folder
    finally:
        if nodes.number == 0:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _stop_noted(scratch: Path, stop: Callable[[], bool]) -> Iterator[None]:
    """Turn a signal that asks to stop into a file: running ranks find it, and so do those that start
    later.
    """

    def note(number: int, frame: object) -> None:
        (scratch / "stop").touch()

    before = {number: signal.signal(number, note) for number in STOPPING}
    if stop():
        (scratch / "stop").touch()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
