"""Folders of trials as workers leave them, made by hand."""

import json

from PIL import Image

from genbench.trial.record import Record, write
from genbench.trial.trial import Trial

START = 1_700_000_000.0


def trial_of(method="gan", variant="", seed=0, study="study", numerics=(), **settings):
    numbers = {
        "method": {"lr": 1e-3, **settings},
        "train": {"batch": 64, "updates": None},
        "evaluate": {"metrics": ["modes", "mmd"]},
    }
    names = {"study": study, "method": method, "variant": variant, "dataset": "ring", "architecture": "mlp"}
    return Trial(**names, seed=seed, settings=numbers, numerics=dict(numerics))


def row_of(number, **values):
    """Row `number` of a metrics.jsonl: ten updates of 64 images each."""
    clocks = {"images": 640 * number, "updates": 10 * number, "train_seconds": 0.5 * number}
    return {"time": START + number, **clocks, "values": values or {"loss": 1.0 / number}}


def append(directory, *rows):
    with (directory / "metrics.jsonl").open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def make(results, trial, *rows):
    """The folder of a trial that runs and has written these rows."""
    directory = results / trial.study / "trials" / trial.directory
    directory.mkdir(parents=True)
    trial.write(directory)
    append(directory, *rows)
    return directory


def end(trial, directory, status="finished", error="", **metrics):
    """Write the trial's record, a log and two pictures; return the record as observers get it."""
    names = {
        "study": trial.study,
        "trial": directory.name,
        "id": trial.id,
        "method": trial.method,
        "variant": trial.variant,
    }
    clocks = {"images": 1280, "updates": 20, "train_seconds": 1.0, "started": START, "ended": START + 60}
    surroundings = {"device": "cpu", "genbench_version": "0.1.0", "git_commit": "c0ffee", "settings": trial.settings}
    record = Record(
        **names,
        dataset="ring",
        architecture="mlp",
        seed=trial.seed,
        status=status,
        error=error,
        metrics=metrics,
        **clocks,
        **surroundings,
    )
    write(record, directory)
    (directory / "log.txt").write_text("a line\n")
    (directory / "samples").mkdir(exist_ok=True)
    for name in ("0000000640", "final"):
        Image.new("RGB", (4, 4), "red").save(directory / "samples" / f"{name}.png")
    return record.to_row()


def a_record(**changes):
    row = {
        "study": "s",
        "trial": "t-1",
        "id": "1",
        "method": "gram",
        "dataset": "ring",
        "architecture": "mlp",
        "seed": 0,
        "status": "finished",
    }
    row |= {"warnings": ("few samples",), "better": {"modes": "higher"}}
    row |= {"protocol": {"modes": "0a1b"}, "protocols": {"0a1b": {"dataset": "ring", "real_images": 5}}}
    row |= {
        "metrics": {"modes": 8.0, "high_quality": 0.7},
        "settings": {"method": {"lr": 0.1, "widths": [1.0]}, "train": {"batch": 200}, "threads": 1},
    }
    return Record(**(row | changes))


def folder_of(trial, directory, **changes):
    """The folder of a trial that has left this record."""
    directory.mkdir(parents=True, exist_ok=True)
    trial.write(directory)
    write(a_record(id=trial.id, trial=directory.name, **changes), directory)
    return directory
