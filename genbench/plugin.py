"""What a plugin's author imports; nothing is defined here."""

from genbench.config.field import cite, cited, setting
from genbench.config.settings import DataSettings, NetSettings
from genbench.contract.dataset import Dataset, Mixture, Splits
from genbench.contract.extractor import Extractor, Features
from genbench.contract.hooks import hookimpl
from genbench.contract.kit import Architecture, Kit
from genbench.contract.metric import Evaluation, Metric
from genbench.contract.trainer import Method, Trainer
from genbench.errors import GenbenchError
from genbench.metrics import features

__all__ = [
    "Architecture",
    "DataSettings",
    "Dataset",
    "Evaluation",
    "Extractor",
    "Features",
    "GenbenchError",
    "Kit",
    "Method",
    "Metric",
    "Mixture",
    "NetSettings",
    "Splits",
    "Trainer",
    "cite",
    "cited",
    "features",
    "hookimpl",
    "setting",
]
