"""The version of genbench that is installed."""

from importlib.metadata import version

__version__ = version("genbench")
