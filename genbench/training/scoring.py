"""Scoring a trial's generator while it trains and after: always a snapshot, never the trainer that trains.

When asked to stop, a worker on one rank stops scoring: nothing is left behind, and from the last checkpoint the scores
are the same the next time. On several ranks the others wait for the first one's scores, and stop after them.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path

from genbench.training.build import Prepared, assembled
from genbench.training.evaluate import Scores, deciding, evaluate, evaluation_of
from genbench.training.loop import state_of
from genbench.training.run import Run
from genbench.training.signals import breaking_off
from genbench.trial import checkpoint
from genbench.trial.log import Log
from genbench.trial.trial import Trial


class Judge:
    """Scores one trial's generator, writes its curve and keeps its best checkpoint."""

    def __init__(self, trial: Trial, prepared: Prepared) -> None:
        """Raises GenbenchError when `evaluate.best` names no metric that could choose."""
        self._trial, self._prepared, self._run = trial, prepared, prepared.run
        self._alone = self._run.trainer.kit.comm.world == 1
        self._decides = deciding(prepared.metrics, self._run.settings.evaluate.best)
        self.seconds = 0.0
        """Spent scoring, by this process."""

    def assess(self) -> None:
        """Score the generator during training: a row of metrics.jsonl, and perhaps a better checkpoint."""
        self._keep(self._score(None))

    def conclude(self) -> Scores:
        """Score the trained generator, with pictures."""
        scores = self._score(self._run.folder)
        if self._run.settings.evaluate.every is not None:
            self._keep(scores)
        return scores

    @cached_property
    def _snapshot(self) -> Run:
        return assembled(self._trial, self._run.folder, splits=self._run.splits)[0]

    def _score(self, pictures: Path | None) -> Scores:
        began = time.perf_counter()
        try:
            with breaking_off() if self._alone else nullcontext():
                self._snapshot.trainer.load_state_dict(self._run.trainer.state_dict())
                evaluation = evaluation_of(
                    self._snapshot.trainer, self._run.settings, self._run.splits, self._trial.dataset, self._run.device
                )
                return evaluate(evaluation, self._prepared.metrics, pictures, trial=self._trial.id)
        finally:
            self.seconds += time.perf_counter() - began

    def _keep(self, scores: Scores) -> None:
        """Write the point of the curve; keep the checkpoint if it is the best so far."""
        progress = self._run.progress
        Log(self._run.folder).append_metrics(progress, scores.numbers)
        if self._decides is None:
            return
        score, best = scores.numbers[self._decides.name], progress.best_score
        if best is None or (score > best if self._decides.better == "higher" else score < best):
            progress.best_score, progress.best_images, progress.best_updates = score, progress.images, progress.updates
            state = state_of(self._run)
            state["progress"]["chosen_by"] = self._decides.name
            checkpoint.save_best(state, self._run.folder / "checkpoint")
