"""Small file systems, which root can mount, and filling them."""

import subprocess
from contextlib import contextmanager, suppress

import pytest


@contextmanager
def small_disk(path, size="24m"):
    """A file system of its own."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.fail(f"this needs root on Linux, to mount a small disk: {done.stderr.strip()}", pytrace=False)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def fill(path, block):
    """Write until the disk is full, to the last block."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(block)) == block:
            pass
