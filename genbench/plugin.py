"""What a plugin's author imports; nothing is defined here."""

from genbench.errors import GenbenchError
from genbench.hooks import hookimpl
from genbench.kit import Architecture, Kit
from genbench.settings import DataSettings, NetSettings, cite, setting
from genbench.trainer import Method, Trainer

__all__ = ["Architecture", "DataSettings", "GenbenchError", "Kit", "Method", "NetSettings", "Trainer", "cite", "hookimpl", "setting"]
