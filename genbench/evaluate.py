"""Scoring a generator: the study's fixed latents -> samples -> metrics and pictures, off the training clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from genbench import pictures
from genbench.data.dataset import Splits, to_bytes
from genbench.errors import GenbenchError
from genbench.kit import prior
from genbench.metrics.metric import Evaluation, Metric
from genbench.settings import Settings
from genbench.streams import generator
from genbench.trainer import Trainer


def sample(trainer: Trainer, settings: Settings, splits: Splits, count: int, device: torch.device) -> Tensor:
    """`count` samples of the study's fixed latents, as the data are kept: uint8 [n, h, w, c] or float32 [n, d].

    Latents come in blocks of `evaluate.batch` from a stream of their own, the same for every method and training seed,
    so that the first k samples are the same whatever the count. The caller has put the trainer into eval mode.
    """
    dtype = next(trainer.parameters()).dtype
    block = settings.evaluate.batch
    parts = []
    with torch.no_grad():
        for number in range(-(-count // block)):
            z = prior(settings.net, block, generator(settings.evaluate.seed, "sample", number))
            made = trainer.sample(z[: count - number * block].to(device, dtype))
            parts.append(to_bytes(made) if splits.is_images else made.float().cpu())
    return torch.cat(parts)


def evaluate(trainer: Trainer, settings: Settings, splits: Splits, metrics: Sequence[Metric], device: torch.device, folder: Path) -> Mapping[str, float]:
    """Every metric of one generator, by name; writes samples/final.png and the metrics' pictures into the folder."""
    trainer.eval()
    evaluation = Evaluation(samples=sample(trainer, settings, splits, settings.evaluate.samples, device), splits=splits)
    shown = evaluation.samples[: 64 if splits.is_images else len(evaluation.samples)]
    pictures.save(pictures.figure(shown, splits), folder / "samples" / "final.png")
    scores = {}
    for metric in metrics:
        scores[metric.name] = float(metric.compute(evaluation))
        if metric.picture is not None:
            pictures.save(metric.picture(evaluation), folder / "samples" / f"{metric.name}.png")
    return scores


def check_metrics(metrics: Sequence[Metric], splits: Splits, dataset: str) -> None:
    """Raise GenbenchError for a metric that cannot be had on a data set."""
    for metric in metrics:
        if reason := metric.accepts(splits):
            raise GenbenchError(f"metric {metric.name} cannot be had on {dataset}: {reason}")
