"""Writes trials as TensorBoard event files, a folder per trial in results/<study>/tensorboard/."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genbench import files
from genbench.contract.hooks import hookimpl
from genbench.errors import PluginError
from genbench.observers.points import Point, curves, pictures, scores
from genbench.trial.lock import check_inside
from genbench.trial.trial import Trial

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


@hookimpl
def genbench_observer(results: Path) -> object:
    """TensorBoard; raises PluginError when it is not installed."""
    if importlib.util.find_spec("tensorboard") is None:
        raise PluginError("observer 'tensorboard' needs the package tensorboard; install genbench[tensorboard]")
    return TensorBoard(results)


class TensorBoard:
    """Writes each trial's curves, final metrics and pictures into its own event files.

    Event files can only grow, so a trial's are written again each time it starts, from its first row on.
    """

    def __init__(self, results: Path) -> None:
        self._results = results
        self._writers: dict[Path, SummaryWriter] = {}

    @hookimpl
    def genbench_trial_start(self, trial: Trial, directory: Path) -> None:
        """Open a new event file for the trial in place of its earlier ones."""
        from torch.utils.tensorboard import SummaryWriter

        if directory in self._writers:
            self._writers.pop(directory).close()
        folder = self._results / trial.study / "tensorboard" / directory.name
        check_inside(folder, self._results / trial.study)
        for earlier in folder.glob("events.out.tfevents.*"):
            earlier.unlink()
        self._writers[directory] = SummaryWriter(folder)

    @hookimpl
    def genbench_trial_log(self, trial: Trial, directory: Path, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add the rows to the curves `train/...` and `work/...` over images, at the times they were written."""
        writer = self._writers[directory]
        _add_points(writer, curves(rows))
        writer.flush()

    @hookimpl
    def genbench_trial_end(self, trial: Trial, directory: Path, record: Mapping[str, Any]) -> None:
        """Add the final metrics and the pictures of samples, and close the event file."""
        import numpy as np

        writer = self._writers.pop(directory)
        _add_points(writer, scores(record))
        for path in pictures(directory, record["id"]):
            during = path.stem.isdigit()
            tag, images = ("samples/training", int(path.stem)) if during else (f"samples/{path.stem}", record["images"])
            with files.picture(path, ("PNG",)) as image:
                pixels = np.asarray(image.convert("RGB"))
            writer.add_image(tag, pixels, images, walltime=record["ended"], dataformats="HWC")
        writer.close()


def _add_points(writer: SummaryWriter, points: Iterable[Point]) -> None:
    for point in points:
        writer.add_scalar(point.name, point.value, point.images, walltime=point.seconds)
