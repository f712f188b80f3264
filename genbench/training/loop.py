"""The training loop: one trial from wherever it stands to the end of its budget."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from genbench.config.settings import TrainSettings
from genbench.contract.trainer import Trainer
from genbench.errors import DivergedError
from genbench.training.capture import stepping
from genbench.training.run import Run
from genbench.training.snapshot import picture
from genbench.trial import checkpoint
from genbench.trial.log import Log, Progress


def spent(budget: TrainSettings, progress: Progress) -> bool:
    """Whether the first of the three limits is reached."""
    return share(budget, progress) >= 1


def share(budget: TrainSettings, progress: Progress) -> float:
    """The share of the budget that is spent, in [0, 1]: of the limit that is nearest."""
    limits = (
        (budget.images, progress.images),
        (budget.updates, progress.updates),
        (budget.seconds, progress.train_seconds),
    )
    return min(1.0, max(used / limit for limit, used in limits if limit is not None))


def train(run: Run, stop: Callable[[], bool], assess: Callable[[], None]) -> bool:
    """Train until the budget is spent; return whether it is, or whether training was stopped before.

    Goes on from the newest checkpoint in the folder. Ends with a checkpoint of the last update, done or not. assess is
    called, off the training clock, every `evaluate.every` images before the end. Raises DivergedError at a loss or a
    parameter that is not finite. On several ranks all take the same turns, and only the first one writes.
    """
    trainer, source, budget, progress = run.trainer, run.source, run.settings.train, run.progress
    comm, every = trainer.kit.comm, run.settings.evaluate.every
    first = comm.rank == 0
    rows = restore(run)
    log = Log(run.folder) if first else None
    if log and (lost := rows - log.count(progress.updates)) > 0:
        run.warnings.append(f"{lost} rows of metrics.jsonl from before update {progress.updates:,} were lost")
    step = stepping(run)
    average = trainer.kit.standing.average
    trainer.train()
    if first and not progress.updates:
        picture(run)
    while not spent(budget, progress):
        if stop():
            if log:
                save(run, log)
            return False

        # One update of the generator; the clock of training runs only here.
        before = progress.images
        run.draws.seek(progress.updates)
        trainer.kit.standing.spent = share(budget, progress)
        began = time.perf_counter()
        values = step()
        progress.images = source.position * budget.batch
        progress.updates += 1
        if average is not None:
            average.update(progress.images - before, progress.images)
        logging = progress.updates == 1 or crossed(before, progress.images, budget.log_every)
        if run.device.type == "cuda" and (logging or budget.seconds is not None):
            torch.cuda.synchronize(run.device)
        progress.train_seconds += time.perf_counter() - began
        if budget.seconds is not None:
            progress.train_seconds = comm.largest(progress.train_seconds)

        # What is due after it.
        last = spent(budget, progress)
        saving = last or crossed(before, progress.images, budget.save_every)
        assessing = not last and every is not None and crossed(before, progress.images, every)
        inspecting = logging or saving or assessing

        # A row of the log, then the check: a value that is not finite is logged before the trial ends by it.
        if inspecting:
            values = comm.mean(values)
        if log and (logging or last):
            log.append(progress, values)
        if inspecting:
            check_finite(trainer, values, progress.updates)

        # A picture of samples.
        wanted = last or progress.updates in budget.sample_at
        if first and (wanted or crossed(before, progress.images, budget.sample_every)):
            picture(run, with_features=wanted)

        # Scores during training, off its clock.
        if first and assessing:
            assess()

        # A checkpoint.
        if log and saving:
            save(run, log)
    return True


def restore(run: Run) -> int:
    """Put the trainer, the data stream and the clocks where the newest checkpoint left them, if there is one; how many
    rows the log had then. Raises CheckpointError for a checkpoint of another trial's.
    """
    if state := checkpoint.latest(run.folder / "checkpoint", run.trial):
        checkpoint.into(run.trainer, state["trainer"], run.folder)
        for clock, value in state["progress"].items():
            setattr(run.progress, clock, value)
        run.progress.resumes += 1
        run.source.seek(run.progress.images // run.settings.train.batch)
        return int(state.get("rows", 0))
    return 0


def save(run: Run, log: Log) -> None:
    """Save a checkpoint of this update, after the rows of the log that it must not outlive."""
    log.sync()
    state = state_of(run) | {"rows": log.count(run.progress.updates)}
    checkpoint.save(state, run.folder / "checkpoint", run.progress.updates)


def state_of(run: Run) -> dict[str, Any]:
    """All that a trial needs to go on from this update."""
    return {"trial": run.trial.id, "trainer": run.trainer.state_dict(), "progress": asdict(run.progress)}


def check_finite(trainer: Trainer, values: Mapping[str, Tensor], updates: int) -> None:
    """Raise DivergedError that names the first value or parameter that is not finite."""
    for name, value in values.items():
        if not math.isfinite(float(value)):
            raise DivergedError(f"{name} is {float(value)} at update {updates}")
    for name, parameter in trainer.named_parameters():
        if not torch.isfinite(parameter).all():
            raise DivergedError(f"parameter {name} is not finite at update {updates}")


def crossed(before: int, after: int, every: int) -> bool:
    """Whether a multiple of `every` lies in (before, after]."""
    return before // every != after // every
