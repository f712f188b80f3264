"""Folders of studies as other people hand them on: signed as by this version, made by hand; and what cheats do."""

import hashlib
import json
from dataclasses import replace

from PIL import Image
from study_folders import PROTOCOL, a_record

from genbench.trial.json_file import read_json, write_json
from genbench.trial.picture import carried
from genbench.trial.record import write
from genbench.trial.trial import Trial

NUMERICS = {"architecture": 1, "dataset": 1, "genbench": 1, "method": 1}


def signed(method="gan", seed=0, *, numerics=(), protocol=(), study="s", **words):
    """A trial and its record, as this version signs them."""
    full = PROTOCOL | dict(protocol)
    key = hashlib.sha256(json.dumps(full, sort_keys=True).encode()).hexdigest()[:10]
    found = a_record(method, seed, key=key, protocol=protocol, study=study, **words)
    names = ("study", "method", "variant", "dataset", "architecture", "seed", "settings")
    trial = Trial(**{name: getattr(found, name) for name in names}, numerics=NUMERICS | dict(numerics))
    return trial, replace(found, id=trial.id, trial=trial.directory, numerics=trial.numerics)


def put(results, pairs, *, name="s", **said):
    """A study's folder with these trials; said: what study.json says more."""
    folder = results / name
    for trial, record in pairs:
        directory = folder / "trials" / trial.directory
        (directory / "samples").mkdir(parents=True)
        trial.write(directory)
        write(record, directory)
        picture = directory / "samples" / "final.png"
        Image.new("RGB", (8, 8), (record.seed, 0, 0)).save(picture, pnginfo=carried(trial.id))
    write_json({"name": name, "title": "T", "question": "Who?", **said}, folder / "study.json")
    return folder


def some(methods=("gan", "gram"), seeds=3, **words):
    """Trials of some methods with some seeds."""
    return [signed(method, seed, **words) for seed in range(seeds) for method in methods]


def directory_of(folder, method, seed):
    """The folder of a trial in a study's."""
    (found,) = (folder / "trials").glob(f"ring-{method}-seed{seed}-*")
    return found


def edit(path, *, sealed=True, **changes):
    """Change a JSON file; sealed: give it a seal that fits."""
    plain = {**read_json(path), **changes}
    if sealed:
        write_json(plain, path)
    else:
        path.write_text(json.dumps({**plain, "seal": json.loads(path.read_text())["seal"]}))
