"""What the machine gives a process that asks for nothing."""

from __future__ import annotations

import os
import sys


def cores() -> int:
    """Processors that this process may run on; where the system does not tell, all that there are."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
