"""Folders of studies as sweeps leave them, made by hand: records, logs, pictures, study.json."""

import json
from dataclasses import replace

import numpy as np
from PIL import Image

from genbench.trial.json_file import write_json
from genbench.trial.record import Record, write
from genbench.trial.trial import Trial

PROTOCOL = {
    "dataset": "ring",
    "content": "c" * 64,
    "split": "test",
    "real_images": 100,
    "generated_images": 500,
    "checkpoint": "last",
    "genbench": "0.1.0",
}
START = 1_700_000_000.0
SCORES = {"gan": 0.5, "gram": 0.8}


def a_record(
    method="gan",
    seed=0,
    *,
    score=None,
    status="finished",
    key="k0",
    protocol=(),
    settings=(),
    study="s",
    trial=None,
    **changes,
):
    """A record of a small trial; score: its high_quality, of which its mode_kl is a tenth of what is missing to 1."""
    score = SCORES.get(method.partition("/")[0], 0.6) + 0.01 * seed if score is None else score
    metrics = {"high_quality": score, "mode_kl": (1 - score) / 10} if status == "finished" else {}
    name, _, variant = method.partition("/")
    nested = {
        "method": {"lr": 1e-3},
        "net": {"latent": 8, "width": 20},
        "train": {"batch": 20},
        "seeds": {"init": None, "data": None, "noise": None},
    }
    for dotted, value in dict(settings).items():
        section, _, setting = dotted.partition(".")
        nested.setdefault(section, {})[setting] = value
    folder = trial or f"{name}-{variant}-{seed}-{'-'.join(map(str, dict(settings).values()))}"
    who = {
        "study": study,
        "trial": folder,
        "id": "",
        "method": name,
        "variant": variant,
        "dataset": "ring",
        "architecture": "mlp",
        "seed": seed,
    }
    clocks = {
        "images": 1000,
        "updates": 10,
        "train_seconds": 2.0 + seed,
        "wall_seconds": 3.0,
        "started": START,
        "ended": START + 60,
    }
    start = {"data_hash": "d", "batches_hash": f"b{seed}", "generator_hash": f"g{seed}"}
    where = {"device": "cpu", "peak_memory_mb": 500.0, "origin": f"genbench-{name} 0.1", "git_commit": "c0ffee"}
    where |= {"genbench_version": "0.1.0", "torch_version": "2.15.0", "python_version": "3.11.7"}
    numbers = {
        "metrics": metrics,
        "better": {"high_quality": "higher", "mode_kl": "lower"} if metrics else {},
        "protocol": dict.fromkeys(metrics, key),
    }
    numbers |= {"protocols": {key: PROTOCOL | dict(protocol)} if metrics else {}}
    row = {**who, "status": status, **clocks, **start, **where, **numbers, "settings": nested}
    record = Record(**(row | changes))
    return replace(record, id=trial_of(record).id)


def make(results, records, *, name="s", logged=True, pictured=True, about=None):
    """The folder of a study with these records, each with a log and pictures of a course; about: what study.json
    says.
    """
    folder = results / name
    for record in records:
        directory = folder / "trials" / record.trial
        (directory / "samples").mkdir(parents=True)
        trial_of(record).write(directory)
        write(record, directory)
        if logged:
            (directory / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows(record)))
        for stem in ("0000000000", "0000000500", "0000001000", "final") if pictured else ():
            noise = np.random.default_rng(record.seed).integers(0, 255, (64, 64, 3), dtype=np.uint8)
            Image.fromarray(noise).save(directory / "samples" / f"{stem}.png")
    if about is not None:
        write_json(about, folder / "study.json")
    return folder


def trial_of(record):
    """The trial that left a record."""
    names = ("study", "method", "variant", "dataset", "architecture", "seed", "settings")
    return Trial(**{name: getattr(record, name) for name in names})


def rows(record, count=4):
    """The rows of a log: a loss that falls, and the trial's score half way and at the end."""
    found = []
    for number in range(1, count + 1):
        clocks = {
            "images": 1000 * number // count,
            "updates": 10 * number // count,
            "train_seconds": (2.0 + record.seed) * number / count,
        }
        found.append({"time": START + number, **clocks, "values": {"loss": 1 / number + record.seed}})
        if number in (count // 2, count) and record.metrics:
            found.append(
                {
                    "time": START + number,
                    **clocks,
                    "metrics": {"high_quality": record.metrics["high_quality"] * number / count},
                }
            )
    return found


def two_methods(seeds=3, **changes):
    """Records of gan and of gram, which is better, with the same seeds."""
    return [a_record(method, seed, **changes) for seed in range(seeds) for method in ("gan", "gram")]
