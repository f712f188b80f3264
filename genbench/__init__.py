"""genbench compares ways to train a generator: fairly, reproducibly, fast.

>>> import genbench
>>> records = genbench.run(methods=["gram", "mmdgan"], dataset="ring", seeds=[0, 1, 2])  # doctest: +SKIP
>>> genbench.load("results")  # doctest: +SKIP
>>> genbench.answer(records)  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genbench.version import __version__

if TYPE_CHECKING:
    from genbench.report.answer import answer
    from genbench.study.api import load, run
    from genbench.training.generator import Generator

__all__ = ["Generator", "__version__", "answer", "load", "run"]


def __getattr__(name: str) -> Any:
    """What is imported when it is asked for: the command line answers before torch could be imported."""
    if name == "Generator":
        from genbench.training.generator import Generator

        return Generator
    if name == "answer":
        from genbench.report.answer import answer

        return answer
    if name in ("load", "run"):
        from genbench.study import api

        return getattr(api, name)
    raise AttributeError(f"module 'genbench' has no attribute '{name}'")
