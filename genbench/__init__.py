"""genbench compares ways to train a generator: fairly, reproducibly, fast."""

from importlib.metadata import version

__version__ = version("genbench")
