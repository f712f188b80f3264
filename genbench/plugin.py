"""What a plugin's author imports; nothing is defined here."""

from genbench.data.dataset import Dataset, Mixture, Splits
from genbench.errors import GenbenchError
from genbench.hooks import hookimpl
from genbench.kit import Architecture, Kit
from genbench.metrics import features
from genbench.metrics.extractor import Extractor, Features
from genbench.metrics.metric import Evaluation, Metric
from genbench.settings import DataSettings, NetSettings, cite, cited, setting
from genbench.trainer import Method, Trainer

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
