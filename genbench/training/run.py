"""All that a trial is made of while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch

from genbench.config.settings import Settings
from genbench.contract.dataset import Splits
from genbench.contract.streams import Draws
from genbench.contract.trainer import Trainer
from genbench.data.source import Source
from genbench.trial.log import Progress
from genbench.trial.trial import Trial


@dataclass(kw_only=True)
class Run:
    """A trainer with its data, its randomness and its clocks."""

    trainer: Trainer
    source: Source
    draws: Draws
    splits: Splits
    settings: Settings
    trial: Trial
    folder: Path
    device: torch.device
    progress: Progress = field(default_factory=Progress)
    arithmetic: str = ""
    """How its process computes, in the words of a record."""
    graphs: int = 0
    """CUDA graphs that steps were replayed from."""
    warnings: list[str] = field(default_factory=list)
    """What a reader of the record must know of the way here."""
