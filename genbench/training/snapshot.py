"""Pictures of a run: its samples, and the space in which its method compares images."""

from __future__ import annotations

import torch
from torch import Tensor

from genbench.contract.dataset import to_unit
from genbench.data import pictures
from genbench.training.evaluate import sample
from genbench.training.run import Run

PICTURED = 64
"""Images in a picture of samples; of vectors as many are drawn as are scored."""

PROJECTED = 500
"""Images, real and fake, in a picture of a method's own space; of vectors as many as are scored."""


def picture(run: Run, *, with_features: bool = False) -> None:
    """Write samples/<images>.png; the trainer is left as it was.

    with_features: write samples/<images>-projected.png too, real and fake in the space where the method compares them,
    if it has one.
    """
    shown = PICTURED if run.splits.is_images else run.settings.evaluate.samples
    count = PROJECTED if with_features and run.splits.is_images else shown
    path = run.folder / "samples" / f"{run.progress.images:010d}.png"
    run.trainer.eval()
    samples = sample(run.trainer, run.settings, run.splits, count, run.device)
    features = projected(run, run.splits.test[:count], samples) if with_features else None
    run.trainer.train()
    pictures.save(pictures.figure(samples[:shown], run.splits), path, run.trial.id)
    if features is not None:
        pictures.save(pictures.projection(*features), path.with_stem(f"{path.stem}-projected"), run.trial.id)


def projected(run: Run, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor] | None:
    """The features [n, k] of real and of fake samples, both kept as the data are; none if the method has no space of
    its own.
    """
    features = []
    for rows in (real, fake):
        rows = rows.to(run.device)
        with torch.no_grad():
            found = run.trainer.project(
                (to_unit(rows) if run.splits.is_images else rows).to(next(run.trainer.parameters()).dtype)
            )
        if found is None:
            return None
        features.append(found.float().cpu())
    return features[0], features[1]
