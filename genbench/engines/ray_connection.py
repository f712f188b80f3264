"""The way to Ray: the library itself, a Ray on this machine or a cluster that runs already."""

from __future__ import annotations

import logging
import os
import socket
import stat
import tempfile
from pathlib import Path
from typing import Any

from genbench.config.machine import cores
from genbench.errors import GenbenchError

ANSWER_SECONDS = 8
"""How long a cluster's address has to answer."""
STORE_BYTES = 100 * 2**20
"""Of the local Ray's object store, through which nothing but exit codes goes; Ray takes a third of the memory
otherwise."""


def library(*, local: bool) -> Any:
    """Ray itself, which reads these variables when it is imported."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if local:
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = (
            "0"  # Ray then takes 127.0.0.1 for itself and listens on nothing else
        )
        os.environ.setdefault(
            "RAY_worker_niceness", "0"
        )  # 15 otherwise: any other program would come before the trials
    os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "1")  # 20 times 40 s before it says that nobody answers
    os.environ.setdefault("RAY_py_gcs_connect_timeout_s", str(ANSWER_SECONDS))
    try:
        import ray
    except ImportError as error:
        raise GenbenchError('the Ray engine needs ray: pip install "genbench[ray]"') from error
    return ray


def connect(ray: Any, address: str | None, *, cpus: int) -> None:
    """Connect to the cluster of an address, or without one start a Ray on this machine with room for a task of so many
    cores.

    Raises GenbenchError where that is not possible.
    """
    if ray.is_initialized():
        raise GenbenchError("this process is connected to a Ray already; call ray.shutdown() first")
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address is None:
            # As under the local engine, a trial may have more threads than there are cores.
            processors = max(cpus, cores())
            here = {"_node_ip_address": "127.0.0.1", "_temp_dir": str(private_folder() / "ray")}
            ray.init(
                address="local",
                num_cpus=processors,
                include_dashboard=False,
                object_store_memory=STORE_BYTES,
                **here,
                **quiet,
            )
        else:
            _check_answers(address)
            ray.init(address=address, **quiet)
    except Exception as error:  # Ray raises errors of all kinds, plain ones too, when it cannot start or connect
        ray.shutdown()
        if address is None:
            raise GenbenchError(f"no Ray could be started on this machine: {' '.join(str(error).split())}") from error
        said = f"there is no Ray cluster to connect to at '{address}': {' '.join(str(error).split())}"
        raise GenbenchError(f"{said}; start one with 'ray start --head', or leave --ray-address out") from error


def private_folder() -> Path:
    """A folder that nobody else can enter, around the one whose sockets Ray lets everybody write to: its workers take
    orders from them.
    """
    folder = Path(tempfile.gettempdir(), f"genbench-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.getuid() or state.st_mode & 0o077:
        raise GenbenchError(f"{folder} may be entered by others; remove it, or set TMPDIR to a folder of your own")
    return folder


def _check_answers(address: str) -> None:
    """Raise OSError or ValueError when nothing listens at a cluster's address, which Ray itself would take minutes to
    notice.
    """
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise ValueError("an address is HOST:PORT, as 'ray start --head' prints it, or auto")
    socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS).close()
