"""A trained generator, loaded from nothing but a trial's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from genbench.config.settings import Settings
from genbench.contract.dataset import Splits
from genbench.contract.trainer import Trainer
from genbench.errors import CheckpointError, GenbenchError
from genbench.training.build import assembled
from genbench.training.evaluate import sample
from genbench.trial import checkpoint
from genbench.trial.trial import Trial

Which = Literal["last", "best"]
"""A checkpoint of a trial: the newest one, or the one with the best score of those evaluated during training."""


def state_in(directory: Path, which: Which) -> dict[str, Any]:
    """The state in a checkpoint of a trial's folder; raises GenbenchError when there is none."""
    folder, trial = directory / "checkpoint", Trial.read(directory)
    if which == "best":
        if not (folder / checkpoint.BEST).exists():
            raise GenbenchError(
                f"{directory} holds no best checkpoint: nothing was scored during training; run it with"
                " evaluate.every=IMAGES"
            )
        best = checkpoint.load(folder / checkpoint.BEST, trial)
        if not isinstance(best["progress"].get("chosen_by"), str):
            raise CheckpointError(
                f"checkpoint {folder / checkpoint.BEST} is refused: it does not say which metric chose it"
            )
        return best
    state = checkpoint.latest(folder, trial)
    if state is None:
        raise GenbenchError(f"{directory} holds no checkpoint yet; run the trial first: genbench trial {directory}")
    return state


class Generator:
    """The generator of a trial's newest or best checkpoint: `Generator.load(folder).sample(64)`."""

    def __init__(
        self, trainer: Trainer, settings: Settings, splits: Splits, device: torch.device, updates: int
    ) -> None:
        self._trainer, self._settings, self._device = trainer, settings, device
        self.splits = splits
        """The data that it was trained on."""
        self.updates = updates
        """Generator updates that it has seen."""

    @classmethod
    def load(cls, directory: str | Path, which: Which = "last") -> Generator:
        """From a trial's folder; raises GenbenchError when it holds no trial or no such checkpoint."""
        directory = Path(directory)
        if not (directory / "trial.json").exists():
            raise GenbenchError(
                f"{directory} is no trial's folder: it holds no trial.json (they are in RESULTS/STUDY/trials)"
            )
        state = state_in(directory, which)
        run, _ = assembled(Trial.read(directory), directory)
        checkpoint.into(run.trainer, state["trainer"], directory)
        run.trainer.eval()
        return cls(run.trainer, run.settings, run.splits, run.device, state["progress"]["updates"])

    def sample(self, count: int) -> Tensor:
        """The first `count` samples that the metrics look at: uint8 [n, h, w, c], or float32 [n, d] for vectors."""
        if count < 1:
            raise GenbenchError(f"the number of samples must be at least 1, got {count}")
        return sample(self._trainer, self._settings, self.splits, count, self._device)
