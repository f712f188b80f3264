"""Scoring a generator: the study's fixed latents -> samples -> features once -> metrics and pictures, off the training
clock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from genbench.config.settings import FeatureSettings, Settings
from genbench.contract.average import sampling
from genbench.contract.dataset import Splits, to_bytes
from genbench.contract.metric import Evaluation, Metric
from genbench.contract.streams import generator
from genbench.contract.trainer import Trainer
from genbench.data import pictures
from genbench.errors import GenbenchError
from genbench.metrics import features
from genbench.metrics.protocol import Protocol, protocol_of
from genbench.training.arithmetic import forgiving

logger = logging.getLogger("genbench")


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What an evaluation found: numbers by metric, which direction is better, how each was made, and what a reader must
    know.
    """

    numbers: Mapping[str, float] = field(default_factory=dict)
    better: Mapping[str, str] = field(default_factory=dict)
    protocols: Mapping[str, Protocol] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def sample(
    trainer: Trainer,
    settings: Settings,
    splits: Splits,
    count: int,
    device: torch.device,
    *,
    by: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """`count` samples of the study's fixed latents, as the data are kept: uint8 [n, h, w, c] or float32 [n, d].

    Latents come in blocks of `evaluate.batch` from their own stream, the same for every method and training seed,
    so that the first k samples are the same whatever the count. Averaged weights make them, where there are any. The
    caller has put the trainer into eval mode.

    by: what makes the samples of the trainer's latents, in the trainer's place.
    """
    dtype = next(trainer.parameters()).dtype
    block = settings.evaluate.batch
    parts = []
    with torch.no_grad(), sampling(trainer.kit.standing.average):
        for number in range(-(-count // block)):
            z = trainer.latents(block, generator(settings.evaluate.seed, "sample", number))
            made = (by or trainer.sample)(z[: count - number * block].to(device, dtype))
            parts.append(to_bytes(made) if splits.is_images else made.float().cpu())
    return torch.cat(parts)


def evaluation_of(
    trainer: Trainer, settings: Settings, splits: Splits, dataset: str, device: torch.device, checkpoint: str = "last"
) -> Evaluation:
    """The samples that the settings ask for beside the data of that name; puts the trainer into eval mode."""
    trainer.eval()
    return Evaluation(
        samples=sample(trainer, settings, splits, settings.evaluate.samples, device),
        splits=splits,
        dataset=dataset,
        split=settings.evaluate.split,
        features=settings.features,
        device=device,
        checkpoint=checkpoint,
    )


def evaluate(
    evaluation: Evaluation, metrics: Sequence[Metric], folder: Path | None, name: str = "final", trial: str = ""
) -> Scores:
    """Every metric of one generator; writes samples/<name>.png and the metrics' pictures into the folder, if there is
    one.

    trial: the id that the pictures carry.
    """
    if folder is not None:
        shown = evaluation.samples[: 64 if evaluation.splits.is_images else len(evaluation.samples)]
        pictures.save(pictures.figure(shown, evaluation.splits), folder / "samples" / f"{name}.png", trial)
    numbers, protocols = {}, {}
    for metric in metrics:
        with forgiving():
            numbers[metric.name] = float(metric.compute(evaluation))
        protocols[metric.name] = protocol_of(metric, evaluation)
        if folder is not None and metric.picture is not None:
            suffix = "" if name == "final" else f"-{name}"
            pictures.save(metric.picture(evaluation), folder / "samples" / f"{metric.name}{suffix}.png", trial)
    for warning in evaluation.warnings:
        logger.warning("%s", warning)
    better = {metric.name: metric.better for metric in metrics}
    return Scores(numbers=numbers, better=better, protocols=protocols, warnings=tuple(evaluation.warnings))


def deciding(metrics: Sequence[Metric], name: str) -> Metric | None:
    """The metric that chooses the best checkpoint: the named one, or the first that has a better direction, if any has.

    Raises GenbenchError for a name that is not among the metrics or has no better direction.
    """
    directed = [metric for metric in metrics if metric.better != "neither"]
    if not name:
        return directed[0] if directed else None
    for metric in directed:
        if metric.name == name:
            return metric
    possible = ", ".join(metric.name for metric in directed) or "none of evaluate.metrics"
    raise GenbenchError(f"evaluate.best={name} cannot choose a checkpoint; what could: {possible}")


def check_metrics(
    metrics: Sequence[Metric], splits: Splits, dataset: str, settings: FeatureSettings, *, dry: bool = False
) -> None:
    """Raise GenbenchError for a metric that cannot be used on a data set, or whose extractor is not available; dry: an
    extractor that learns from the data set does not do so now.
    """
    for metric in metrics:
        if reason := metric.accepts(splits):
            raise GenbenchError(f"metric {metric.name} cannot be used on {dataset}: {reason}")
    if any(metric.features for metric in metrics):
        (features.could_choose if dry else features.choose)(settings, splits)
