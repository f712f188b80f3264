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


def install(packages, *, root=False):
    """Install the packages of the programs that are missing, {program: package}; the test fails in one line where that
    is not possible, and where root is needed to run them and somebody else runs the tests.
    """
    missing = _missing(packages)
    if root and os.geteuid() != 0:
        _fail(f"this needs root, to start {', '.join(sorted(packages))}: run as root, on Debian where one is missing")
    if not missing:
        return
    lacking = f"this needs {', '.join(missing)}: install {' '.join(sorted(set(missing.values())))}"
    if os.geteuid() != 0 or program("apt-get") is None:
        _fail(f"{lacking}, or run as root on Debian")
    with (Path(tempfile.gettempdir()) / "genbench-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # apt-get update of two environments that are tested at once would collide
        names = sorted(set(_missing(packages).values()))
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *names]):
            words = [command[0], "-o", "DPkg::Lock::Timeout=300", *command[1:]]
            done = subprocess.run(words, capture_output=True, text=True, timeout=900, env=environment)
            if done.returncode != 0:
                said = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()[-1]
                _fail(f"{lacking}; {' '.join(command[:2])} could not: {said}")


def _missing(packages):
    """{program: package} of the programs that are missing, sorted."""
    return {name: package for name, package in sorted(packages.items()) if program(name) is None}


def _fail(line):
    pytest.fail(line, pytrace=False)
