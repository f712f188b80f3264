"""Debian packages that tests need: installed where a program is missing, by one process at a time."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def program(name):
    """Where a program is, or None."""
    return shutil.which(name, path=PATH)


def install(packages):
    """Install the packages of the programs that are missing, {program: package}; the test fails in one line where that
    is not possible.
    """
    with (Path(tempfile.gettempdir()) / "genbench-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # apt-get update of two environments that are tested at once would collide
        missing = sorted({package for name, package in packages.items() if program(name) is None})
        if missing and (os.geteuid() != 0 or program("apt-get") is None):
            lacking = ", ".join(sorted(name for name in packages if program(name) is None))
            pytest.fail(f"this needs {lacking}: install {' '.join(missing)}, or run as root on Debian", pytrace=False)
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
