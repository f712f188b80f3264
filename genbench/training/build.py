"""Assembling a trial: its trainer, data, streams and metrics as they are before the first update."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from genbench.config import nested, settings
from genbench.contract import average, registry
from genbench.contract.comm import Comm
from genbench.contract.dataset import Splits
from genbench.contract.kit import Kit
from genbench.contract.metric import Metric
from genbench.contract.passes import watched
from genbench.contract.streams import Draws, seed_of
from genbench.contract.trainer import Trainer
from genbench.data.source import Source, fingerprint
from genbench.errors import GenbenchError
from genbench.training.arithmetic import pick_device, settle
from genbench.training.evaluate import check_metrics, sample
from genbench.training.run import Run
from genbench.trial.trial import Trial

SEEN = 64
"""Samples of the untrained trainer that are looked at."""


@dataclass(kw_only=True)
class Prepared:
    """A trial ready to run, and what its record says before the first update."""

    run: Run
    metrics: list[Metric]
    facts: dict[str, Any]


def prepare(trial: Trial, directory: Path, splits: Splits | None = None, comm: Comm | None = None) -> Prepared:
    """A trial's trainer, data and metrics as they are before the first update, on one of its ranks."""
    run, metrics = assembled(trial, directory, splits, comm)
    return Prepared(run=run, metrics=metrics, facts=_facts(run))


def assembled(
    trial: Trial, directory: Path, splits: Splits | None = None, comm: Comm | None = None
) -> tuple[Run, list[Metric]]:
    """The same without what a record says of it."""
    comm = comm or Comm()
    method = registry.load("methods", trial.method)
    dataset = registry.load("datasets", trial.dataset)
    architecture = registry.load("architectures", trial.architecture)
    chosen = settings.restore(
        nested.merge(trial.settings, trial.running), method.config, dataset.config, architecture.config
    )
    device = pick_device(chosen.device)
    dtype = torch.float64 if chosen.train.precision == "fp64" else torch.float32
    splits = splits or dataset.load(chosen.data)
    metrics = [registry.load("metrics", name) for name in chosen.evaluate.metrics]
    check_metrics(metrics, splits, trial.dataset, chosen.features)
    if reason := architecture.accepts(chosen.net, splits.shape):
        raise GenbenchError(f"architecture {trial.architecture} cannot be used on {trial.dataset}: {reason}")
    torch.set_num_threads(chosen.threads)
    arithmetic = settle(device, chosen.train)
    draws = Draws(_seed(trial, chosen, "noise"))
    kit = Kit(
        shape=splits.shape,
        architecture=architecture,
        net=chosen.net,
        seed=_seed(trial, chosen, "init"),
        draws=draws,
        comm=comm,
        device=device,
        dtype=dtype,
    )
    trainer = build(method.trainer, chosen.method, kit)
    if chosen.train.average:
        kit.standing.average = average.attach(
            trainer, half_life=chosen.train.average, warmup=chosen.train.average_warmup
        )
    source = Source(
        splits.train,
        seed=_seed(trial, chosen, "data"),
        batch=chosen.train.batch,
        rank=comm.rank,
        world=comm.world,
        device=device,
        dtype=dtype,
    )
    run = Run(
        trainer=trainer,
        source=source,
        draws=draws,
        splits=splits,
        settings=chosen,
        trial=trial,
        folder=directory,
        device=device,
        arithmetic=arithmetic,
    )
    if any(asked != had for asked, had in kit.standing.norms if asked != "batch"):
        run.warnings.append(
            f"the critic of {trial.architecture} has no batch norm in whose place there could be a layer norm: it has"
            " none"
        )
    trainer.eval()
    return run, metrics


def _facts(run: Run) -> dict[str, Any]:
    """What the record of an untrained trainer says."""
    kit, splits = run.trainer.kit, run.splits
    return {
        "data_hash": splits.content,
        "batches_hash": fingerprint(
            splits.train, seed=_seed(run.trial, run.settings, "data"), batch=run.settings.train.batch
        ),
        "device": torch.cuda.get_device_name(run.device) if run.device.type == "cuda" else run.device.type,
        "average": average.in_words(run.settings.train.average, run.settings.train.average_warmup),
        "schedule": run.settings.train.schedule,
        "arithmetic": run.arithmetic,
        "critic_norm": ", ".join(dict.fromkeys(had for _, had in kit.standing.norms)),
        "trainer_parameters": sum(p.numel() for p in run.trainer.parameters()),
        **_sampling(run),
    }


def _seed(trial: Trial, chosen: settings.Settings, purpose: str) -> int:
    """Of one source of randomness: its own, or the trial's."""
    own: int | None = getattr(chosen.seeds, purpose)
    return trial.seed if own is None else own


def _sampling(run: Run) -> dict[str, Any]:
    """How the untrained trainer samples: as it declares, or as it is seen to, which is a warning."""
    trainer, kit = run.trainer, run.trainer.kit
    with watched(trainer) as passes:
        first = sample(trainer, run.settings, run.splits, SEEN, run.device)
    generator = kit.generator().eval()
    start, evaluations = trainer.start, trainer.evaluations
    if start == "generator" and not _makes(generator, first, run):
        start = "own"
        run.warnings.append(
            f"the first samples of {run.trial.label} are not those of the study's generator, which its trainer does not"
            " declare (start): it did not begin as the others did"
        )
    if (seen := passes.evaluations(SEEN)) > evaluations:
        run.warnings.append(
            f"a sample of {run.trial.label} passes {seen} times through a network, where its trainer declares"
            f" {evaluations}"
        )
        evaluations = seen
    made_by = list(generator.parameters()) if start == "generator" else passes.parameters or list(trainer.parameters())
    return {
        "generator_hash": hashlib.sha256(first.numpy().tobytes()).hexdigest(),
        "generator_parameters": sum(p.numel() for p in made_by),
        "start": start,
        "latent": trainer.latent,
        "evaluations": evaluations,
    }


def _makes(generator: torch.nn.Module, samples: torch.Tensor, run: Run) -> bool:
    """Whether the generator makes these samples of the latents that are scored first."""
    if run.trainer.latent != "prior":
        return False
    return torch.equal(samples, sample(run.trainer, run.settings, run.splits, SEEN, run.device, by=generator))


def build(trainer: type[Trainer], config: Any, kit: Kit) -> Trainer:
    """A trainer whose initial weights, those of its own networks included, depend only on the kit's seed.

    Its counters stay on the CPU: a step that looks at one then waits for no GPU.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(kit.seed, "init", "trainer"))
        built = trainer(config, kit)
    counters = built.counters()
    built.to(kit.device)
    for name, counter in counters.items():
        setattr(built, name, counter.cpu())
    return built
