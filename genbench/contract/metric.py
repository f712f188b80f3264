"""What a metric is: `Metric` announces it, `Evaluation` is what it looks at."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from genbench.config.settings import FeatureSettings
from genbench.contract.dataset import Splits

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One generator's samples beside the data they should look like."""

    samples: Tensor
    """As the data are kept: uint8 [n, h, w, c] for images, float32 [n, d] for vectors."""
    splits: Splits
    dataset: str = ""
    """The data set's name."""
    split: Literal["test", "train"] = "test"
    """The real images that metrics with `against="split"` compare the samples with."""
    features: FeatureSettings = field(default_factory=FeatureSettings)
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    """Where features are extracted."""
    checkpoint: str = "last"
    """Which of the trial's checkpoints made the samples: the last one, or `best by METRIC`."""
    warnings: list[str] = field(default_factory=list)
    """What a reader of the numbers must know; it becomes part of the record."""
    _memory: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def reference(self) -> Tensor:
        """The real images or vectors of the chosen split."""
        return self.splits.train if self.split == "train" else self.splits.test

    @property
    def reference_labels(self) -> Tensor | None:
        """The labels of the chosen split, if it has any."""
        return self.splits.train_labels if self.split == "train" else self.splits.test_labels

    def once(self, key: str, compute: Callable[[], Any]) -> Any:
        """compute(), but only the first time the key is asked for: so metrics share their costly parts."""
        if key not in self._memory:
            self._memory[key] = compute()
        return self._memory[key]

    def warn(self, warning: str) -> None:
        """Put a warning into the record, once."""
        if warning not in self.warnings:
            self.warnings.append(warning)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number about a generator; its column in every table has its name."""

    name: str
    compute: Callable[[Evaluation], float]
    better: Literal["higher", "lower", "neither"]
    accepts: Callable[[Splits], str]
    """Why the metric cannot be used on a data set, or an empty string."""
    about: str
    source: str = ""
    lowest: float = -math.inf
    """The smallest number that it can be, a finite one where methods that differ may all have it: then it tells them
    apart no longer."""
    highest: float = math.inf
    """The largest one."""
    picture: Callable[[Evaluation], Image] | None = None
    """A picture that goes with the number."""
    against: Literal["split", "train", "test", "nothing"] = "test"
    """The real data that the samples are compared with; `split`: those that `evaluate.split` names."""
    features: Literal["", "fp32", "bf16"] = ""
    """The precision of the extractor's features that it looks at; empty: it looks at none."""
    numerics: int = 1
    """Its numerics revision: raise it by one whenever the same samples come to have another score."""
