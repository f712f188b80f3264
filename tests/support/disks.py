"""Small file systems, which root can mount, and filling them."""

import subprocess
from contextlib import contextmanager, suppress


@contextmanager
def small_disk(path, size="24m"):
    """A file system of its own."""
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def fill(path, block):
    """Write until the disk is full, to the last block."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(block)) == block:
            pass
