"""What the kernel tells about running processes: who started whom, and where they listen."""

import os
from pathlib import Path

LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
"""127.0.0.1, the same in IPv6, and ::1, as the kernel writes them."""
GONE = (FileNotFoundError, ProcessLookupError)
"""What reading about a process raises when it has ended."""


def parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def descendants(pid):
    """A process and all that it and those have started and that have not ended."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parents[int(entry.name)] = parent(entry.name)
            except GONE:
                continue
    found, level = [], {pid}
    while level:
        found += level
        level = {child for child, of in parents.items() if of in level}
    return found


def listening(pids):
    """The addresses that processes listen at, as the kernel writes them."""
    links = _links(pids)
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in links}


def listening_files(pids):
    """The paths of the Unix sockets that processes listen at."""
    links = _links(pids)
    rows = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    return {row[-1] for row in rows if int(row[3], 16) & 0x10000 and f"socket:[{row[6]}]" in links}


def _links(pids):
    """What the open files of processes are."""
    found = set()
    for pid in pids:
        try:
            found |= {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
        except GONE:
            continue
    return found
