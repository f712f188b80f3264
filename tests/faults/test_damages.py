"""Files of trials damaged in any way and swapped between trials: no traceback, no hang, no false number, none lost.

`GENBENCH_FUZZ=17 tox -e faults -- tests/faults/test_damages.py --ledger damages.csv` tries a thousand, other ones every
time.
"""

import os
import shutil
import signal
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from damaged import call, damage, examples
from hypothesis import given, note
from hypothesis import strategies as st

from genbench.errors import GenbenchError
from genbench.report import contents
from genbench.study.plan import plan_study, write_asked
from genbench.study.run import write_trial
from genbench.training import worker
from genbench.trial import collected, record
from genbench.trial.log import Tail
from genbench.trial.trial import Trial

COUNT = 60
PATIENCE = 10.0
"""Seconds of this process's time that a command may take."""
LONGEST = 120
"""Seconds on the clock: what takes longer, on a machine shared with others, waits for something that does not come."""
WORDS = ["data.points=800", "train.batch=20", "net.width=8", "evaluate.samples=50", "train.updates=20"]
WORDS += ["train.log_every=100", "train.save_every=100", "evaluate.every=200", "evaluate.metrics=[mmd,modes]"]
KINDS = ("trial.json", "record.json", "metrics.jsonl", "checkpoint", "best.pt", "sum", "final.png", "study.json")
MORE_KINDS = (*KINDS, "older checkpoint", "log.txt", "lock", "first.png")
PLACES = {
    "best.pt": "checkpoint/best.pt",
    "final.png": "samples/final.png",
    "first.png": "samples/0000000000.png",
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The folder of a study of four trials, all finished."""
    results = tmp_path_factory.mktemp("undisturbed")
    study = plan_study(["toy", "toy/fast"], ["ring"], [0, 1], WORDS, name="s", results=results)
    write_asked(study, "genbench run")
    for trial in study.trials:
        write_trial(trial, study.directory_of(trial))
        assert worker.run_trial(study.directory_of(trial)) == worker.DONE
    return study.directory


@pytest.fixture(scope="module")
def truth(undisturbed):
    """Trial's id to its record and its rows, as they are."""
    return {Trial.read(folder).id: told(folder) for folder in record.trial_directories(undisturbed)}


def told(folder):
    """What a trial's record and log say, without what depends on the clock."""
    found = record.read(folder)
    rows = [(row["updates"], row.get("values"), row.get("metrics")) for row in Tail(folder).rows()]
    return (found.status, found.seed, found.label, found.images, found.updates, dict(found.metrics)), rows


def file_of(study, folder, kind):
    if kind == "study.json":
        return study / kind
    if kind in ("checkpoint", "sum", "older checkpoint"):
        older, newest = sorted((folder / "checkpoint").glob("[0-9]*.pt"))
        chosen = older if kind == "older checkpoint" else newest
        return chosen.with_name(f"{chosen.name}.sha256") if kind == "sum" else chosen
    return folder / PLACES.get(kind, kind)


def within_patience(*words):
    began = time.process_time()
    with ended_if_it_waits():
        done = call(*words)
    assert not done.trace, (words, done.trace)
    assert time.process_time() - began < PATIENCE, words
    assert done.code in (0, 1, 2, worker.DIVERGED), (words, done.err)
    # An error is one line; before it there may be one about a checkpoint that could not be used.
    assert done.code != 2 or done.err.splitlines()[-1].startswith("genbench: "), done.err
    assert done.err.count("genbench: ") == (done.code == 2)
    return done


@contextmanager
def ended_if_it_waits():
    def late(number, frame):
        raise TimeoutError("it waited")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


ACTIONS = ("damage", "damage", "swap", "copy", "delete", "folder", "empty", "FIFO", "link")
OF_TRIALS = ("copy of the trial", "foreign trial", "older for newer checkpoint")


@st.composite
def disturbances(draw):
    """A function that disturbs a study's folder, and returns which trials' files it touched."""
    action, kind = draw(st.sampled_from([*ACTIONS, *OF_TRIALS])), draw(st.sampled_from(MORE_KINDS))
    kind = "trial" if action in OF_TRIALS else kind
    one, other = draw(st.permutations(range(4)))[:2]
    structured = kind in ("trial.json", "record.json", "study.json", "metrics.jsonl")
    damaged = draw(damage(lined=kind == "metrics.jsonl", forged=False)) if structured else None
    at, bits = draw(st.floats(0, 1, exclude_max=True)), draw(st.binary(min_size=1, max_size=4))

    def bytewise(content):
        place = int(at * len(content))
        return content[:place] + (bits if at < 0.5 else b"") + content[place + len(bits) :]

    def disturb(study):
        folders = sorted((study / "trials").iterdir())
        path, second = (file_of(study, folders[number], kind) for number in (one, other))
        checkpoints = sorted((folders[one] / "checkpoint").glob("[0-9]*.pt"))
        match action:
            case "damage":
                path.write_bytes((damaged or bytewise)(path.read_bytes()))
            case "swap" if kind != "study.json":
                mine = path.read_bytes()
                path.write_bytes(second.read_bytes())
                second.write_bytes(mine)
                return {folders[one].name, folders[other].name}
            case "copy" if kind != "study.json":
                shutil.copy(second, path)
            case "link" if kind != "study.json":
                path.unlink()
                path.symlink_to(second)
            case "folder":
                path.unlink()
                path.mkdir()
            case "FIFO":
                path.unlink()
                os.mkfifo(path)
            case "empty":
                path.write_bytes(b"")
            case "older for newer checkpoint":
                shutil.copy(checkpoints[0], checkpoints[1])
                sums = [path.with_name(f"{path.name}.sha256") for path in checkpoints]
                shutil.copy(*sums)
            case "copy of the trial":
                shutil.copytree(folders[one], study / "trials" / "copy")
                return set()
            case "foreign trial":
                shutil.rmtree(folders[one])
                shutil.copytree(folders[other], folders[one])
            case _:
                path.unlink()
        return {folders[one].name}

    disturb.words = action if action in OF_TRIALS else f"{action}: {kind}"
    return disturb


READERS = {
    "sample": lambda results, folder: ("sample", folder, "-n", "2", "-o", results / "samples.npz"),
    "sample best": lambda results, folder: (
        *("sample", folder, "-n", "2", "-o", results / "samples.npz"),
        *("--checkpoint", "best"),
    ),
    "evaluate": lambda results, folder: ("evaluate", folder, "evaluate.samples=20"),
    "report": lambda results, folder: ("report", "s", "--results", results, "--format", "csv"),
    "sync": lambda results, folder: ("sync", results, "--observers", "tensorboard"),
    "compare": lambda results, folder: ("compare", "s:toy", "s:toy/fast", "--results", results),
    "board": lambda results, folder: ("board", results, "--no-pages", "-o", results / "board"),
}


def made_by(reader, results, folder):
    """The numbers that a reader left in files."""
    if reader in ("sample", "sample best"):
        with np.load(results / "samples.npz") as file:
            return file["samples"].tolist()
    return dict(record.read(folder).metrics) if reader == "evaluate" else None


def test_nothing_is_false_and_nothing_of_the_others_is_lost(undisturbed, truth, tmp_path, monkeypatch, fault):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    number = iter(range(10**9))

    names = {truth_id(folder): folder.name for folder in record.trial_directories(undisturbed)}

    @cache
    def true_by(reader, trial):
        """What a reader makes of a trial that nothing happened to."""
        study = tmp_path / f"{reader} {trial}" / "s"
        shutil.copytree(undisturbed, study)
        words = READERS[reader](study.parent, study / "trials" / names[trial])
        assert within_patience(*words).code == 0
        return made_by(reader, study.parent, study / "trials" / names[trial])

    @examples(COUNT)
    @given(disturbances(), st.sampled_from([*READERS, "run", "worker"]))
    def every(disturb, reader):
        note(disturb.words)
        results = tmp_path / str(next(number))
        study = results / "s"
        shutil.copytree(undisturbed, study)
        touched = disturb(study)
        folders = sorted(path for path in (study / "trials").iterdir() if path.is_dir())

        # What is read is true, and what was not touched is there.
        found, named = collected.load_good(results)
        for row in found.to_dict("records"):
            (status, seed, label, images, updates, metrics), _ = truth[row["id"]]
            said = f"{row['method']}/{row['variant']}" if row["variant"] else row["method"]
            assert (row["status"], row["seed"], said, row["images"], row["updates"]) == (
                status,
                seed,
                label,
                images,
                updates,
            )
            assert {name: row[name] for name in row["metrics"].split(",")} == metrics
        ids = list(found["id"]) if len(found) else []
        assert len(set(ids)) == len(ids), "one trial counts twice"
        untouched = {truth_id(undisturbed / "trials" / folder.name) for folder in folders if is_own(folder, touched)}
        assert untouched <= set(ids)
        waits = not all((study / "trials" / name / "record.json").exists() for name in names.values())
        assert len(ids) == 4 or named or waits

        # A command says it, and what it makes of the numbers is true.
        within_patience("status", "s", "--results", results)
        victim = next((folder for folder in folders if folder.name in touched), folders[0])
        if reader == "run":
            dry = ("run", "--methods", "toy,toy/fast", "--seeds", "0,1", "--study", "s", "--dry-run")
            within_patience(*dry, "--results", results, *WORDS)
        elif reader == "worker":  # goes on to the true numbers or says why not
            for folder in folders:
                if folder.name in touched and (folder / "record.json").is_file():
                    (folder / "record.json").unlink()
                    with_the_truth_or_a_reason(folder, truth)
        elif (done := within_patience(*READERS[reader](results, victim))).code == 0:
            made = made_by(reader, results, victim)
            older = "after 15 updates" in done.out  # the last checkpoint cannot be used, and that is said
            assert made is None or older or made == true_by(reader, truth_id(victim))
        shutil.rmtree(results)
        fault(disturb.words)

    every()


def truth_id(folder):
    return Trial.read(folder).id


def is_own(folder, touched):
    return folder.name not in touched and folder.name != "copy"


def with_the_truth_or_a_reason(folder, truth):
    try:
        code = worker.run_trial(folder)
    except GenbenchError:
        return
    found = record.read(folder)
    if code == worker.DONE:
        (what, rows), (true, true_rows) = told(folder), truth[Trial.read(folder).id]
        assert what == true
        lost = sum("rows of metrics.jsonl" in warning for warning in found.warnings)
        assert rows == true_rows or (lost and set(map(str, rows)) <= set(map(str, true_rows)))
    else:
        assert found.error


def test_the_report_of_a_disturbed_study_draws_what_is_left(undisturbed, tmp_path, fault):
    """All figures, for a few: drawing takes seconds."""
    for number, kind in enumerate(KINDS):
        study = tmp_path / str(number) / "s"
        shutil.copytree(undisturbed, study)
        folder = min((study / "trials").iterdir())
        path = file_of(study, folder, kind)
        path.write_bytes(os.urandom(200) + b"\n")
        found = contents.of(study)
        assert len(found.damaged) == (0 if kind in ("checkpoint", "best.pt", "sum") else 1), kind
        assert Path(folder).name in "".join(found.damaged) or kind in ("checkpoint", "best.pt", "sum", "study.json")
        fault(f"noise in {kind}, its report")
