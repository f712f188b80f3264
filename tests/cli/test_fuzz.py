"""Fuzzing: whatever is typed is planned or refused in one line, and nothing is started or written; files of any content
are no traceback.

`GENBENCH_FUZZ=10 pytest tests/cli/test_fuzz.py` draws ten times as many examples, other ones every time.
"""

import contextlib
import dataclasses
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import pytest
from damaged import call, damage, examples
from hypothesis import given
from hypothesis import strategies as st

from genbench import cli
from genbench.cli import environment
from genbench.config import compose, settings
from genbench.config.field import LARGEST
from genbench.config.overrides import parse
from genbench.contract import registry
from genbench.engines.slurm_job import attempts
from genbench.errors import GenbenchError, SettingsError
from genbench.study.plan import plan_study
from genbench.study.run import write_trial
from genbench.training import worker
from genbench.training.attempt import BUSY, DIVERGED, DONE, FAILED, STOPPED
from genbench.trial.record import Record
from genbench.trial.trial import Trial

RING = [
    "data.points=800",
    "train.batch=20",
    "net.width=8",
    "evaluate.samples=100",
    "train.updates=20",
    "train.log_every=40",
]
DRY = ["run", "--methods", "toy", "--dry-run"]


# What is typed --------------------------------------------------------------------------------------------------------

# Lone surrogates are what a shell's stray bytes become.
LETTERS = st.characters(exclude_characters="\0", exclude_categories=())
TEXT = st.text(LETTERS, max_size=25)
MARKS = st.text(st.sampled_from("=,[]{}()'\"\\$~+:@%#!*/.- \n\t\r\x1b\u202e\u00fc1eE_"), max_size=12)
STRANGE = r"""
null ~ ??? [???] [] {} [[]] [null] [[1,2],[3]] {a:1} ${ ${} ${x} ${oc.env:HOME} ${oc.env:NOWHERE} ${train.batch}
${train} ${..} [${x}] ["${x}"] {a:${x}}
nan inf -inf 1e999 -1e999 1e-999 1e308 2.5e-324 0 -0 -1 00 0x1 0b1 1_0 +1 1. .1 1e3 1.5 true False
yes off '' "" ' '\'' a,b a, ,a 1,1 1,1.0 a,1 1,a
range(3) range(0,2) range(0,1e9) range(1,1000000000) range(0,nan) range(0,inf) range(0,1,0) range(1,2,1e-12)
shuffle(range(1,9999999999)) shuffle(1,2)
interval(0,1) glob(*) choice() choice(1,2) tag(t,choice(1,2)) sort(3,1,2) int(1.5) float(x) str([1]) bool(2) f()
f(x=1) (1) ((1)) a:b a=b == => [1,2,3]
../x /dev/null ~root/x cuda cuda:9 cpu:0 meta cpu mlp ring toy fid [fid] [modes,modes] [../x] ['a','b'] ['a'],['b']
normal fp16 fp64
9223372036854775807 9223372036854775808 -9223372036854775809 123456789012345678901234567890
"""
LONG = [
    "9" * 400,
    "9" * 5000,
    "[" * 60 + "]" * 60,
    "[" * 60,
    "(" * 60,
    "{" * 60 + "}" * 60,
    "a" * 5000,
    ",".join("1" * 300),
]
NASTY = st.sampled_from(
    [*STRANGE.split(), *LONG, "\n", " ", "a b", "x\ny", "'x\ny'", "\ud800", "\u202e", "\x7f", "\ufeff"]
)
LISTS = st.lists(NASTY, max_size=3).map(lambda items: f"[{','.join(items)}]")
VALUES = st.one_of(NASTY, NASTY, TEXT, MARKS, st.integers().map(str), st.floats().map(str), LISTS)


def keys():
    """Every setting of the toy on the ring, as it is written."""
    nodes = {"toy": "methods", "net": "architectures", "data": "datasets"}
    classes = {
        name: registry.load(kind, {"net": "mlp", "data": "ring"}.get(name, name)).config for name, kind in nodes.items()
    }
    classes |= {
        f.name: f.default.__class__
        for f in dataclasses.fields(settings.Settings)
        if f.name in settings.SECTIONS and f.name not in nodes
    }
    own = {
        f"{section}.{f.name}": (f, get_type_hints(cls)[f.name])
        for section, cls in classes.items()
        for f in dataclasses.fields(cls)
    }
    singles = {
        f.name: (f, get_type_hints(settings.Settings)[f.name])
        for f in dataclasses.fields(settings.Settings)
        if f.name in settings.SINGLES
    }
    return own | singles


KEYS = keys()
OTHERS = [
    "net",
    "features",
    "data",
    "train",
    "toy",
    "method",
    "seed",
    "method.lr",
    "gan.lr",
    "hydra.run.dir",
    "toy.resources.cpus",
    "train.batch.x",
]
KEY = st.one_of(st.sampled_from(sorted(KEYS)), st.sampled_from(OTHERS))
MUTATED = st.one_of(
    KEY,
    st.tuples(
        st.sampled_from(["+", "++", "~", " ", ".", "/", "@", ""]),
        KEY,
        st.sampled_from(["", ".", " ", "@x", "@:x", "[0]", "/x"]),
    ).map("".join),
    st.text(LETTERS, max_size=8),
)
WORD = st.one_of(st.tuples(MUTATED, st.just("="), VALUES).map("".join), TEXT, MARKS)


# What comes of it -----------------------------------------------------------------------------------------------------


class Started(BaseException):
    """Something was started that must not be."""


def start(*words, **options):
    raise Started(words)


environment.lines()  # asks git and uname, once for a process, and `show --environment` may


def tree(folder):
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(folder.rglob("*"))}


def assert_planned_or_refused(*words, codes=(0, 2)):
    """The command did what it should or said in one line why not; nothing was started, nothing written."""
    before = tree(Path())
    done = call(*words)
    assert not done.trace, (words, done.trace)
    assert done.code in codes, (words, done.err)
    if done.code == 2:
        assert done.out == ""
        assert done.err.startswith("genbench: ")
        assert done.err.count("\n") == 1
        assert done.err[:-1].isprintable()
    assert tree(Path()) == before
    return done


@pytest.fixture(scope="module", autouse=True)
def watched(tmp_path_factory):
    """An empty folder to work in; no process, no connection, and Hydra's composition, which is the slow part, once for
    each schema.
    """
    composed, kept = compose._composed, {}

    def once(schema):
        key = (schema.method, schema.dataset, schema.architecture, json.dumps(list(schema.layers), default=str))
        if key not in kept:
            kept[key] = composed(schema)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("fuzz"))
        patch.setattr(compose, "_composed", once)
        patch.setattr(subprocess.Popen, "__init__", start)
        patch.setattr(socket.socket, "connect", start)
        for name in ("fork", "execve", "execvp", "execvpe", "posix_spawn", "kill", "killpg"):
            patch.setattr(os, name, start)
        yield


@pytest.fixture(scope="module")
def finished(watched, tmp_path_factory):
    """The folder of a trial that was trained, in a results folder of its own."""
    results = tmp_path_factory.mktemp("finished") / "results"
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR2)}
    planned = plan_study(["toy"], ["ring"], [0], RING, name="s", results=results)
    (trial,) = planned.trials
    write_trial(trial, planned.directory_of(trial))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("genbench.training.attempt.git_commit", lambda: "")
        assert worker.run_trial(planned.directory_of(trial)) == DONE
    for number, handler in handlers.items():
        signal.signal(number, handler)
    return planned.directory_of(trial)


# Settings -------------------------------------------------------------------------------------------------------------


@examples(400)
@given(WORD)
def test_any_word_is_read_or_refused_in_one_line(word):
    with contextlib.suppress(SettingsError):
        assert all(override.key and override.values for override in parse([word]))


@pytest.mark.slow
@examples(250)
@given(st.lists(WORD, min_size=1, max_size=3))
def test_any_overrides_are_planned_or_refused(words):
    assert_planned_or_refused(*DRY, "data.points=800", "--", *words)


@pytest.mark.slow
@examples(350)
@given(st.sampled_from(sorted(KEYS)), VALUES)
def test_any_value_of_any_setting_is_planned_or_refused(key, value):
    assert_planned_or_refused(*DRY, "--", *(() if key == "data.points" else ("data.points=800",)), f"{key}={value}")


@pytest.mark.parametrize(
    "word",
    [
        "toy.lr=" + "9" * 400,
        "toy.lr=" + "9" * 5000,
        "train.batch=9223372036854775808",
        "toy.lr=" + "[" * 1000 + "]" * 1000,
        "toy.lr=range(1,1000000000)",
        "toy.lr=shuffle(range(1,9999999999))",
        "toy.lr=range(1,2,1e-12)",
        "toy.lr=range(0,nan)",
        "toy.lr=range(0,10,0)",
        "toy.powers=[???]",
        "++toy.lr=1",
        "toy.lr@x=1",
        "@=",
        "method.lr=1",
        "net=",
        "device=meta",
        "device='a\nb'",
        "toy.lr=1,1.0",
        "data.modes=1000000000000",
        "data.radius=1e300",
        "data.points=1000000000000",
        "train.batch=x\x1b[31m",
    ],
)
def test_what_fuzzing_found_is_refused(word):
    assert assert_planned_or_refused(*DRY, "--", word).code == 2


@pytest.mark.parametrize(
    "words",
    [
        ["--seeds", "9" * 5000],
        ["--results", "a" * 300],
        ["--study", "mlflow.db"],
        ["--study", "nul.txt"],
        ["toy.lr=range(1,101)", "net.latent=range(1,102)"],
    ],
)
def test_what_fuzzing_found_in_other_words_is_refused(words):
    assert assert_planned_or_refused(*DRY, *words).code == 2


@pytest.mark.parametrize("letter", ["\0", "\ud800"])
def test_a_folder_of_data_that_no_folder_can_be_is_said_to_be_missing(letter):
    assert "missing: " in assert_planned_or_refused(*DRY, "--dataset", "folder", f"data.root='{letter}'").err


def test_a_sweep_over_lists_of_quoted_texts_has_plain_texts():
    (override,) = parse(["resources.options=['account=x'],['account=y','qos=z']"])
    assert override.values == (["account=x"], ["account=y", "qos=z"])
    assert all(type(text) is str for texts in override.values for text in texts)


def test_what_is_said_of_one_method_goes_before_what_is_said_of_all():
    for words in (["resources.cpus=1", "toy.resources.cpus=2"], ["toy.resources.cpus=2", "resources.cpus=1"]):
        (trial,) = plan_study(["toy"], ["ring"], [0], [*RING, *words], name="s", results=Path("results")).trials
        assert trial.running["resources"]["cpus"] == 2


def quoted(text):
    """A text as a value of an override: in quotes, those within it and what they would end with escaped."""
    pieces = text.split("'")
    escaped = "\\'".join(piece[: len(piece.rstrip("\\"))] + 2 * piece[len(piece.rstrip("\\")) :] for piece in pieces)
    return f"'{escaped}'"


def valid(field, hint):
    """Pairs (value, how it is written) that a setting can have, only from its type and range."""
    low, above, below = (field.metadata.get(bound) for bound in ("at_least", "above", "below"))
    if get_origin(hint) is tuple:
        items = st.lists(valid(field, get_args(hint)[0]), max_size=3)
        return items.map(
            lambda pairs: (tuple(value for value, _ in pairs), f"[{','.join(written for _, written in pairs)}]")
        )
    if type(None) in get_args(hint):
        (inner,) = (kind for kind in get_args(hint) if kind is not type(None))
        return st.one_of(st.just((None, "null")), valid(field, inner))
    if hint is bool:
        return st.sampled_from([(True, "true"), (False, "false")])
    if hint is int:
        upper = LARGEST if below is None else below - 1
        lower = low if low is not None else above + 1 if above is not None else -LARGEST
        return st.integers(lower, upper).map(lambda number: (number, str(number)))
    if hint is float:
        edges = {"min_value": above if above is not None else low, "exclude_min": above is not None}
        numbers = st.floats(
            allow_nan=False, allow_infinity=False, max_value=below, exclude_max=below is not None, **edges
        )
        return numbers.map(lambda number: (number, repr(number)))
    if hint is str:
        plain = st.text(st.characters(exclude_characters="$\0", exclude_categories=()), max_size=12).filter(
            lambda text: text != "???"
        )
        return plain.map(lambda text: (text, quoted(text)))
    return st.sampled_from([(choice, str(choice)) for choice in get_args(hint)])


# Left out: what has to be installed or there, and what must go with other settings; train.updates is the budget.
FREE = {
    "evaluate.metrics",
    "evaluate.best",
    "device",
    "world",
    "resources.nodes",
    "data.root",
    "data.points",
    "data.download",
    "train.updates",
    "features.name",
}
ASKED = st.lists(st.sampled_from(sorted(set(KEYS) - FREE)), min_size=1, max_size=6, unique=True).flatmap(
    lambda chosen: st.fixed_dictionaries({key: valid(*KEYS[key]) for key in chosen})
)


LATER = {
    "net.critic_norm": "batch",
    "train.average": 0.0,
    "train.average_warmup": 0.05,
    "train.schedule": "constant",
    "train.tf32": False,
    "train.deterministic": True,
    "train.cuda_graphs": False,
    "resources.trials_per_gpu": 1,
}
"""Settings that were added later, which trials leave out at their defaults."""


@pytest.mark.slow
@examples(150)
@given(ASKED, st.integers(0, 10**18 - 1))
def test_what_is_planned_is_what_was_asked_for_and_survives_the_trip_through_its_file(asked, seed):
    words = [f"{key}={written}" for key, (_, written) in asked.items()]
    kept = [word for word in RING if word.partition("=")[0] not in asked]
    (trial,) = plan_study(["toy"], ["ring"], [seed], [*kept, *words], name="s", results=Path("results")).trials
    flat = settings.flatten(settings.merge(trial.settings, trial.running))
    for key, (value, _) in asked.items():
        name = f"method.{key.removeprefix('toy.')}" if key.startswith("toy.") else key
        found = flat.get(name, LATER.get(name))
        found = tuple(found) if isinstance(found, list) else found
        assert found == value
        assert type(found) is type(value)
    again = Trial.from_dict(json.loads(json.dumps(trial.to_dict())))
    assert again == trial
    assert (again.id, again.directory, again.seed) == (trial.id, trial.directory, seed)
    assert Path(trial.directory).name == trial.directory
    assert len(trial.directory) < 150
    restored = settings.restore(
        settings.merge(again.settings, again.running), *(registry.load(*pair).config for pair in PARTS)
    )
    assert settings.split(restored) == (trial.settings, trial.running)


PARTS = (("methods", "toy"), ("datasets", "ring"), ("architectures", "mlp"))


# The other words of every command -------------------------------------------------------------------------------------

KNOWN = [
    "toy",
    "toy/",
    "toy/fast",
    "/toy",
    "toy,toy",
    "ring",
    "ring,ring-sharp",
    "s",
    "results",
    "modes",
    "mmd,modes",
    "0,1",
    "2",
    "best",
]
PLACES = [
    "",
    ".",
    "..",
    "/",
    "../x",
    "a" * 300,
    "a" * 5000,
    "-x",
    "--",
    "con",
    "*",
    "\ud800",
    "/dev/null",
    "/proc/self/mem",
    "x\n",
]
NAMES = st.one_of(TEXT, MARKS, st.sampled_from(KNOWN), st.sampled_from(PLACES))


@pytest.mark.slow
@examples(150)
@given(
    st.sampled_from(
        [
            "--methods",
            "--dataset",
            "--seeds",
            "--study",
            "--results",
            "--observers",
            "--slots",
            "--only",
            "--engine",
            "--data-root",
        ]
    ),
    NAMES,
)
def test_any_option_of_run_is_planned_or_refused(option, value):
    assert_planned_or_refused(*DRY, "data.points=800", f"{option}={value}")


COMMANDS = sorted(set(cli.cli.commands) - {"list", "run", "new"})  # a new method may have any name


@examples(200)
@given(st.sampled_from(COMMANDS), st.lists(NAMES, max_size=3), st.data())
def test_any_words_after_any_command_are_refused_or_harmless(command, words, data):
    options = [
        option for parameter in cli.cli.commands[command].params for option in parameter.opts if option.startswith("-")
    ]
    for _ in range(data.draw(st.integers(0, 2))):
        words = [data.draw(st.sampled_from(options or ["--help"])), *words]
    if command == "check" and "toy" in words:
        return  # it would be checked, for half a minute
    assert_planned_or_refused(command, *words)


@examples(60)
@given(st.lists(NAMES, max_size=3))
def test_any_first_word_is_a_command_or_refused(words):
    if not words or words[0] not in cli.cli.commands:
        assert_planned_or_refused(*words)


SCORING = st.one_of(
    st.tuples(st.sampled_from(["--metrics", "--samples", "--checkpoint"]), NAMES),
    st.tuples(
        st.sampled_from([key for key in KEYS if key.startswith(("evaluate.", "features.")) or key in settings.SINGLES]),
        VALUES,
    ),
)


@examples(60)
@given(st.lists(SCORING, min_size=1, max_size=2))
def test_a_finished_trial_is_scored_again_or_left_as_it_is(finished, pairs):
    before = (finished / "record.json").read_bytes()
    done = assert_planned_or_refused("evaluate", finished, *map("=".join, pairs))
    assert done.code == 0 or (finished / "record.json").read_bytes() == before


# Files ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def copied(finished, tmp_path):
    """copy(): a copy of the finished trial's results folder, another one every time."""

    numbers = itertools.count()

    def copy():
        results = tmp_path / str(next(numbers)) / "results"
        shutil.copytree(finished.parents[2], results)
        return results, results / finished.relative_to(finished.parents[2])

    return copy


READERS = {
    "status": lambda results, directory: ("status", "s", "--results", results),
    "report": lambda results, directory: ("report", "s", "--results", results),
    "evaluate": lambda results, directory: ("evaluate", directory, "evaluate.samples=50"),
    "sample": lambda results, directory: ("sample", directory, "-n", "2", "-o", results / "samples.npz"),
    "sync": lambda results, directory: ("sync", results, "--observers", "tensorboard"),
    "run": lambda results, directory: (*DRY, "--study", "s", "--results", results, *RING),
    "trial": lambda results, directory: ("trial", directory),
}
"""Everything that reads a trial's files."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "readers", "count"), [("trial.json", set(READERS) - {"evaluate"}, 40), ("metrics.jsonl", set(READERS), 20)]
)
def test_a_file_of_any_content_is_read_or_refused(copied, monkeypatch, name, readers, count):
    record = Record(
        study="s", trial="t", id="0", method="toy", dataset="ring", architecture="mlp", seed=0, status="failed"
    )
    monkeypatch.setattr(worker, "attempt", lambda *words: (record, FAILED))  # whatever would be trained
    monkeypatch.setattr("genbench.training.distributed.run", lambda *words, **options: (record, FAILED))

    @examples(count)
    @given(st.sampled_from(sorted(readers)), damage(lined=name.endswith("l")))
    def every(reader, damaged):
        results, directory = copied()
        (directory / name).write_bytes(damaged((directory / name).read_bytes()))
        done = call(*READERS[reader](results, directory))
        assert not done.trace, (reader, done.trace)
        assert done.code in (0, 1, 2, DIVERGED, BUSY, STOPPED)
        assert done.code != 2 or done.err.count("\n") == 1
        assert [path.name for path in results.parent.iterdir()] == ["results"]
        shutil.rmtree(results)

    every()


def test_an_attempt_of_a_job_that_is_none_is_named(tmp_path):
    (tmp_path / "attempts.jsonl").write_text('{"job": "1"}\n{"job": 1e}\n')
    with pytest.raises(GenbenchError, match=r"attempts\.jsonl is damaged: '\{\"job\": 1e\}'"):
        attempts(tmp_path, "1")


def test_a_lock_that_cannot_be_read_is_a_damaged_trial(copied):
    results, directory = copied()
    (directory / "lock").unlink()
    (directory / "lock").mkdir()
    done = call("status", "s", "--results", results)
    assert done.code == 0
    assert "damaged" in done.out


@pytest.mark.parametrize("output", ["file/below.png", "file/below.npz", "file/below"])
def test_samples_that_cannot_be_written_are_refused(copied, output):
    results, directory = copied()
    (results / "file").touch()
    done = call("sample", directory, "-n", "2", "-o", results / output)
    assert (done.code, done.trace) == (2, "")
    assert "cannot write" in done.err
