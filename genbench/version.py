"""The version of genbench that is installed."""

from __future__ import annotations

import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

__version__ = version("genbench")
NUMERICS = 1
"""The core's numerics revision: raised by whoever changes what a seed yields, with a line in the changelog; see
`genbench.contract.numerics`."""


@cache
def git_commit() -> str:
    """The commit of the checkout that genbench runs from, empty when it is installed otherwise."""
    here = Path(__file__).parent
    try:
        tracked = subprocess.run(["git", "ls-files", "--error-unmatch", __file__], cwd=here, capture_output=True)
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return head.stdout.strip() if tracked.returncode == 0 == head.returncode else ""
