"""The protocol of a number: everything but the generator that it depends on; under different protocols numbers are not
comparable.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

import torch

from genbench.contract.metric import Evaluation, Metric
from genbench.metrics import features
from genbench.version import NUMERICS, __version__

QUANTISED = "uint8, rounded to the nearest level"


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a number was made; fields that do not matter for it are empty."""

    dataset: str
    content: str
    """The sha256 of the data set's content."""
    split: str
    """The real data that the samples were compared with: test, train or nothing."""
    real_images: int
    generated_images: int
    checkpoint: str
    """The checkpoint that made the samples: one chosen as the best by a metric has an advantage over the last one."""
    quantisation: str
    """How pixels of samples became whole numbers; empty for data that is no image."""
    extractor: str = ""
    weights: str = ""
    """The sha256 of the extractor's weights."""
    transform: str = ""
    """How the extractor made its input of an image, the resize included."""
    learned: str = ""
    """What the extractor was trained on and how well, where genbench trained it; left out where it did not."""
    precision: str = ""
    """Of the features."""
    numerics: str
    """The numerics revisions of the core and of the metric."""
    genbench: str
    torch: str
    torch_fidelity: str = ""

    @cached_property
    def key(self) -> str:
        """Ten hexadecimal digits that are equal for numbers that may be compared, and for no others."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()[:10]

    def to_dict(self) -> dict[str, Any]:
        """The fields as one flat mapping, without `learned` where it is empty: older numbers do not have it."""
        return {name: value for name, value in asdict(self).items() if value or name != "learned"}


def protocol_of(metric: Metric, evaluation: Evaluation) -> Protocol:
    """The protocol of a metric's number on an evaluation."""
    splits = evaluation.splits
    split = evaluation.split if metric.against == "split" else metric.against
    real = {"train": splits.train, "test": splits.test}.get(split)
    chosen = features.chosen(evaluation) if metric.features else None
    return Protocol(
        dataset=evaluation.dataset,
        content=splits.content,
        split=split,
        real_images=0 if real is None else len(real),
        generated_images=len(evaluation.samples),
        checkpoint=evaluation.checkpoint,
        quantisation=QUANTISED if splits.is_images else "",
        extractor=chosen.extractor.name if chosen else "",
        weights=chosen.weights.sha256 if chosen else "",
        transform=chosen.extractor.transform if chosen else "",
        learned=chosen.weights.learned if chosen else "",
        precision=metric.features,
        numerics=f"genbench {NUMERICS}, metric {metric.numerics}",
        genbench=__version__,
        torch=torch.__version__,
        torch_fidelity=version("torch-fidelity") if chosen else "",
    )
