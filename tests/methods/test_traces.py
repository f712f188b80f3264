"""A method's step makes of the same weights, batches and noise what its authors' code, or the field's, makes of them.

A trace is what that code did in fp64 on the CPU, with the conformance suite's networks in the place of its own: the
weights before, the batches and the noise in the order in which they were taken, the weights after 1, 5 and 20 updates.
Its `about` names the repository, the file and the commit, the settings, and what was read differently.
"""

import json
from pathlib import Path

import numpy
import pytest
import torch

from genbench.contract import registry
from genbench.contract.kit import Kit
from genbench.testing import kit

pytestmark = [pytest.mark.methods, pytest.mark.slow]
FILES = {file.stem: file for file in sorted((Path(__file__).parent / "traces").glob("*.npz"))}
AFTER = (1, 5, 20)
CLOSE = {"drift-code": 1e-4}
"""Of the largest change of a weight; of the others 1e-9. The code of drifting takes 1e-4, not 0, for the distance of a
row to itself, and its mean distance counts it."""
UNLIKE = [
    ("gan", {"update": "simultaneous"}),
    ("gan", {"beta1": 0.9}),
    ("gram-torch", {"ratio_over_widths": "mean"}),
    ("gram-torch", {"positivity_over": "sum"}),
    ("gram-torch", {"update": "alternating"}),
    ("gram-torch-clip", {"objective": "pearson"}),
    ("mmdgan", {"ae": 7.9}),
    ("mmdgan", {"fsr": 0.0}),
    ("mmdgan", {"critic_steps": 4}),
    ("wgan-clip", {"clamp": 0.011}),
    ("wgan-clip", {"critic_steps": 4}),
    ("r3gan-r1", {"gamma": 10.0}),
    ("r3gan-r1", {"r2": True}),
    ("drift-code", {"floor": 0.0}),
    ("r3gan", {"gamma": 0.1}),
    ("r3gan", {"loss": "gan"}),
    ("r3gan", {"fresh_batches": False}),
    ("ratio-vgrow", {"divergence": "kl"}),
    ("ratio-vgrow", {"stride": 0.4}),
    ("ratio-vgrow", {"fits": 1}),
    ("vae-fixed", {"sigma": 1.0}),
    ("vae-fixed", {"beta": 4.0}),
    ("flow", {"pairing": "optimal"}),
    ("flow-logit-normal", {"times": "uniform"}),
]
"""Other readings, none of which may pass for the code's."""


def read(name):
    arrays = dict(numpy.load(FILES[name]))
    return json.loads(arrays.pop("about").tobytes()), {key: torch.from_numpy(value) for key, value in arrays.items()}


def trainer_of(about, changes):
    method = registry.load("methods", about["method"].partition("/")[0])
    cited = method.variants.get(about["method"].partition("/")[2], {})
    settings = {name: value.value for name, value in cited.items()} | about["settings"] | changes
    return method.trainer(method.config(**settings), kit(norm=about["norm"]))


def parameters(trainer, networks):
    return {
        f"{network}/{name}": weights
        for network in networks
        for name, weights in getattr(trainer, network).named_parameters()
    }


def apart(name, changes, monkeypatch):
    """How far the weights are from the trace's after each kept update, as a share of the trace's largest change."""
    about, trace = read(name)
    start = {key.removeprefix("start/"): value for key, value in trace.items() if key.startswith("start/")}
    drawn = {law: stream(law, trace) for law in ("noise", "uniform", "normal")}
    for law, numbers in drawn.items():
        monkeypatch.setattr(Kit, law, lambda self, shape, numbers=numbers, **_: next(numbers))
    trainer, batches, found = trainer_of(about, changes), iter(trace["batches"].double()), []
    ours = parameters(trainer, {key.partition("/")[0] for key in start})
    assert {key: value.shape for key, value in ours.items()} == {key: value.shape for key, value in start.items()}
    with torch.no_grad():
        for key, weights in ours.items():
            weights.copy_(start[key])
    for update in range(1, AFTER[-1] + 1):
        trainer.step(batches)
        if update in AFTER:
            theirs = {key: trace[f"after {update}/{key}"] for key in start}
            change = max((theirs[key] - start[key]).abs().max() for key in start)
            found.append(float(max((ours[key].detach() - theirs[key]).abs().max() for key in start) / change))
    left = sum(len(list(numbers)) for numbers in drawn.values()), len(list(batches))
    return found, left


def stream(law, trace):
    """The numbers of a law in the order in which they were taken; those of several shapes in turn."""
    kept = [trace[key].double() for key in sorted(trace) if key.partition(" ")[0] == law]
    return (numbers for turn in zip(*kept, strict=True) for numbers in turn)


@pytest.fixture(autouse=True)
def installed(request):
    name = request.getfixturevalue("name")
    if read(name)[0]["method"].partition("/")[0] not in {entry.name for entry in registry.installed("methods")}:
        pytest.skip(f"{name} is of a plugin that is not installed: python -m pip install -r requirements-zoo.txt")


@pytest.mark.parametrize("name", FILES)
def test_twenty_updates_are_those_of_the_published_code(name, monkeypatch):
    found, left = apart(name, {}, monkeypatch)
    assert max(found) < CLOSE.get(name, 1e-9), found
    assert left == (0, 0)


@pytest.mark.parametrize(("name", "changes"), UNLIKE)
def test_another_reading_is_not(name, changes, monkeypatch):
    try:
        found, left = apart(name, changes, monkeypatch)
    except StopIteration:
        return
    assert left != (0, 0) or max(found) > 1000 * CLOSE.get(name, 1e-9), found


@pytest.mark.parametrize("name", FILES)
def test_a_trace_is_small_and_says_whose_it_is(name):
    about, _ = read(name)
    assert FILES[name].stat().st_size < 50_000
    assert {"method", "settings", "repository", "file", "commit", "norm"} <= set(about)
    assert len(about["commit"]) == 40
