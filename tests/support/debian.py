"""Debian packages that tests need: installed where a program is missing, by one process at a time."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def program(name):
    """Where a program is, or None."""
    return shutil.which(name, path=PATH)


def install(packages):
    """Install the packages of the programs that are missing; {program: package}. Raises when it cannot be done: it
    needs root and apt-get.
    """
    with (Path(tempfile.gettempdir()) / "genbench-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # apt-get update of two environments that are tested at once would collide
        missing = sorted({package for name, package in packages.items() if program(name) is None})
        if missing:
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *missing]):
                subprocess.run(
                    [command[0], "-o", "DPkg::Lock::Timeout=300", *command[1:]],
                    check=True,
                    capture_output=True,
                    timeout=900,
                    env=environment,
                )
