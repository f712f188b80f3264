"""What a metric is: `Metric` announces it, `Evaluation` is what it looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from torch import Tensor

from genbench.data.dataset import Splits

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One generator's samples beside the data they should look like."""

    samples: Tensor
    """As the data are kept: uint8 [n, h, w, c] for images, float32 [n, d] for vectors."""
    splits: Splits
    _memory: dict[str, Any] = field(default_factory=dict, repr=False)

    def once(self, key: str, compute: Callable[[], Any]) -> Any:
        """compute(), but only the first time the key is asked for: metrics share their costly parts so."""
        if key not in self._memory:
            self._memory[key] = compute()
        return self._memory[key]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number about a generator; its column in every table has its name."""

    name: str
    compute: Callable[[Evaluation], float]
    better: Literal["higher", "lower", "neither"]
    accepts: Callable[[Splits], str]
    """Why the metric cannot be had on a data set, or an empty string."""
    about: str
    source: str = ""
    picture: Callable[[Evaluation], Image] | None = None
    """A picture that goes with the number."""
