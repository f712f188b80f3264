"""What sampling gives: the kit's generator at first, in the data's shape, each sample by itself, and nothing changed;
projecting too.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from genbench.contract.comm import Comm
from genbench.contract.passes import watched
from genbench.contract.trainer import Method
from genbench.testing.announcement import composed
from genbench.testing.assertions import ContractError, demand, difference, kind
from genbench.testing.miniature import LATENTS, SHAPES, VECTORS, TinyRun


def start(method: Method) -> None:
    """A new trainer samples from the kit's generator, so that all methods start one seed from the same weights, or
    from what it declares.
    """
    for shape in SHAPES:
        run = TinyRun(method.trainer, method.config(), shape)
        if run.trainer.start != "generator":
            _demand_as_declared(method, run)
            continue
        demand(
            run.trainer.latent == "prior",
            f"the kit's generator takes the prior's latents, and the trainer declares latent = '{run.trainer.latent}';"
            " declare start too: 'field' where the network is kit.field(), or 'own'",
        )
        generator = run.kit.generator().eval()
        with torch.no_grad():
            expected = generator(run.latents())
        got = run.sample()
        demand(
            got.shape == expected.shape and torch.equal(got, expected),
            "expected the first samples of a new trainer to be those of kit.generator(), got others; take the generator"
            " from the kit, leave its weights as they are, and return what it returns, or declare start = 'own', which"
            " the record and the table show",
        )


def evaluations(method: Method) -> None:
    """A sample passes through networks no more often than the trainer declares."""
    for label, config in _cases(method).items():
        run = TinyRun(method.trainer, config, VECTORS)
        with watched(run.trainer) as passes:
            run.sample()
        seen, declared = passes.evaluations(LATENTS), run.trainer.evaluations
        demand(
            seen <= declared,
            f"{label}a sample passes {seen} times through a network, and the trainer declares {declared}; set"
            f" self.evaluations = {seen} in __init__, by the settings that it depends on: the record and the table show"
            " what a sample costs",
        )


def samples(method: Method) -> None:
    """Samples have the data's shape and the kit's precision and are finite; those of images lie in [-1, 1]."""
    for shape in SHAPES:
        run = TinyRun(method.trainer, method.config(), shape)
        for rows in (LATENTS, 1):
            got = run.sample(run.latents()[:rows])
            demand(isinstance(got, Tensor), f"sample returned {kind(got)}; return a tensor")
            expected = (rows, *shape)
            demand(
                tuple(got.shape) == expected,
                f"expected samples of shape {expected}, got {tuple(got.shape)}; return what the generator returns",
            )
            demand(
                got.dtype == run.kit.dtype,
                f"expected samples in {run.kit.dtype}, got {got.dtype}; leave the generator's precision as it is",
            )
            demand(
                bool(got.isfinite().all()),
                "the samples of a new trainer are not finite; return what the generator returns",
            )
            demand(
                len(shape) == 1 or float(got.abs().max()) <= 1,
                f"expected images in [-1, 1], got values up to {float(got.abs().max()):.3g}; the generator ends in a"
                " tanh: do not rescale its images",
            )


def sampling(method: Method) -> None:
    """Sampling leaves everything as it was: the state, the mode, the noise to come and torch's global generator."""
    for shape in (VECTORS, SHAPES[-1]):
        run = TinyRun(method.trainer, method.config(), shape)
        _demand_nothing_changes(run, "sampling", run.trainer.sample, run.latents())


def projecting(method: Method) -> None:
    """Projecting, where a method does it, gives each image finite features and leaves everything as it was."""
    for shape in (VECTORS, SHAPES[-1]):
        run = TinyRun(method.trainer, method.config(), shape, comm=_Unanswered())
        images = next(run.batches)[:LATENTS]
        features = _demand_nothing_changes(run, "projecting", run.trainer.project, images)
        if features is None:
            continue
        demand(
            isinstance(features, Tensor),
            f"project returned {kind(features)}; return the features [n, k] of the images, or None",
        )
        demand(
            features.dim() == 2 and len(features) == len(images),
            f"expected features of shape ({len(images)}, k) of {len(images)} images, got {tuple(features.shape)};"
            " return a row for each image",
        )
        demand(
            bool(features.isfinite().all()),
            "the features of a new trainer are not finite; return what the method compares",
        )


def split(method: Method) -> None:
    """A sample depends only on its own latent, not on those it is made together with."""
    for shape in (VECTORS, SHAPES[-1]):
        run = TinyRun(method.trainer, method.config(), shape, dtype=torch.float64)
        z = run.latents()
        together = run.sample(z)
        for first in (3, 1):  # one row alone is squeezed, broadcast or without a deviation where others are not
            apart = torch.cat([run.sample(z[:first]), run.sample(z[first:])])
            demand(
                torch.allclose(together, apart, rtol=0, atol=1e-9),
                f"the same latents gave samples that differ by {float((together - apart).abs().max()):.3g} when they"
                f" came in two parts, of {first} and of {len(z) - first}; do not use statistics of the batch in sample,"
                " and do not call train() in it",
            )


class _Unanswered(Comm):
    """The first of several ranks, of which the others do something else."""

    def gather(self, rows: Tensor) -> Tensor:
        """Nobody answers."""
        raise ContractError(
            "projecting talked to the other ranks: only the first one draws, and it would wait forever; project the"
            " images that are given"
        )

    def sum(self, values: Tensor) -> Tensor:
        """Nobody answers."""
        return self.gather(values)


def _cases(method: Method) -> dict[str, Any]:
    """The settings of the defaults and of every variant, by words for a message."""
    variants = {f"with variant '{name}' ": composed(method, values) for name, values in method.variants.items()}
    return {"": method.config(), **variants}


def _demand_as_declared(method: Method, run: TinyRun) -> None:
    """The samples of a new trainer come from kit.field(), or differ from seed to seed, as it declares."""
    declared = run.trainer.start
    demand(
        declared in ("field", "own"),
        f"the trainer declares start = '{declared}'; choose one of generator, field, own",
    )
    with watched(run.trainer) as passes:
        samples = run.sample()
    if declared == "field":
        field = {(tuple(one.shape), float(one.detach().double().sum())) for one in run.kit.field().parameters()}
        used = {(tuple(one.shape), float(one.detach().double().sum())) for one in passes.parameters}
        demand(
            field <= used,
            "expected the first samples of a new trainer to come from kit.field(), as it declares (start = 'field');"
            " take the field from the kit and leave its weights as they are, or declare start = 'own'",
        )
    other = method.trainer(method.config(), dataclasses.replace(run.kit, seed=run.kit.seed + 1)).eval()
    with torch.no_grad():
        differs = not torch.equal(samples, other.sample(run.latents()))
    demand(
        differs,
        "two new trainers of unlike seeds make the same samples; build a network of your own by kit.network(role,"
        " build), which gives it the seed's weights",
    )


def _demand_nothing_changes(
    run: TinyRun, doing: str, function: Callable[[Tensor], Tensor | None], given: Tensor
) -> Tensor | None:
    """What the trainer's function makes of what it is given, which must leave everything as it was."""
    name = function.__name__
    run.kit.draws.seek(0)
    expected = run.kit.noise(2)
    run.kit.draws.seek(0)
    run.trainer.eval()
    before, generator = copy.deepcopy(run.trainer.state_dict()), torch.get_rng_state()
    with torch.no_grad():
        result = function(given)
    changed = difference(before, run.trainer.state_dict())
    demand(
        not changed,
        f"{doing} changed {changed}; {name} must only read: batch statistics move when a network is in training mode,"
        " so do not call train() in it",
    )
    modes = [path or "the trainer" for path, module in run.trainer.named_modules() if module.training]
    demand(
        not modes,
        f"{doing} put {', '.join(modes)} into training mode; leave the mode to the runner, which calls eval()"
        " before it",
    )
    demand(
        torch.equal(expected, run.kit.noise(2)),
        f"{doing} used the noise of training: a trial that is looked at would go on differently from one that is not;"
        f" use what {name} is given",
    )
    demand(
        torch.equal(generator, torch.get_rng_state()),
        f"{doing} drew from torch's global generator; use what {name} is given, and see that dropout obeys eval()",
    )
    return result
