"""The settings of a trial: typed, frozen dataclasses with a meaning, a range and a source for every field."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from genbench.config.field import check_range, setting
from genbench.config.typecheck import built
from genbench.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Settings that every data set has; a data set's own settings extend them."""

    root: str = setting("", "folder to look for the data in; empty: $GENBENCH_DATA or the cache folder", numbers=False)
    download: bool = setting(False, "fetch what is missing from the data set's official address", numbers=False)


@dataclass(frozen=True, kw_only=True)
class NetSettings:
    """Settings that every architecture has; an architecture's own settings extend them."""

    latent: int = setting(128, "dimension h of the generator's noise", source="paper, Table 5", at_least=1)
    prior: Literal["normal", "uniform"] = setting("normal", "law of the noise: N(0, 1) or U[-1, 1], per dimension")
    width: int = setting(32, "channels of the widest image, or units of a hidden layer", at_least=1)
    critic_norm: Literal["batch", "none", "spectral", "layer"] = setting(
        "batch",
        "in the place of the critic's batch norms, where a method does not choose; spectral norms every layer",
        source="Kurach et al. 2019, arXiv 1807.04720: losses and norms crossed",
        later=True,
    )


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Training: the batch and the budget are the study's, the same for all its methods."""

    batch: int = setting(64, "images in a batch, over all ranks", source="paper, section 4", at_least=1)
    images: int | None = setting(None, "budget: images taken from the data", at_least=1)
    updates: int | None = setting(None, "budget: updates of the generator", at_least=1)
    seconds: float | None = setting(None, "budget: seconds inside the trainer's step", above=0)
    precision: Literal["fp32", "bf16", "fp64"] = setting("fp32", "of the networks; kernel losses are always fp64")
    average: float = setting(
        0.0,
        "half-life, in images, of averaged weights, with which samples are made; 0: they are made with the last ones",
        source="Yazıcı et al. 2019, arXiv 1806.04498; decay b per update: ln 0.5 / ln b times the images of an update",
        at_least=0,
        later=True,
    )
    average_warmup: float = setting(
        0.05,
        "the half-life is at most this share of the images taken so far; 0: no warm-up",
        source="Karras et al. 2020, arXiv 1912.04958",
        at_least=0,
        later=True,
    )
    schedule: Literal["constant", "linear", "cosine"] = setting(
        "constant",
        "every optimizer's learning rate over the budget, times the method's own: as it is, or falling to 0",
        source="Loshchilov and Hutter 2017, arXiv 1608.03983",
        later=True,
    )
    tf32: bool = setting(
        False, "round fp32 factors to TF32 on a GPU that has it: faster, and 10 bits instead of 23", later=True
    )
    deterministic: bool = setting(
        True, "on a GPU only algorithms that repeat bit for bit; an error where there is none", later=True
    )
    cuda_graphs: bool = setting(
        False, "replay captured steps on a GPU; where that cannot be, the record says why", later=True
    )
    log_every: int = setting(10_000, "images between two rows of metrics.jsonl", at_least=1, numbers=False)
    save_every: int = setting(100_000, "images between two checkpoints", at_least=1, numbers=False)
    sample_every: int = setting(100_000, "images between two pictures of samples", at_least=1, numbers=False)
    sample_at: tuple[int, ...] = setting(
        (), "further updates after which a picture of samples is drawn", at_least=1, numbers=False
    )


@dataclass(frozen=True, kw_only=True)
class EvaluateSettings:
    """Scoring the trained generator."""

    samples: int = setting(2500, "samples that the metrics are computed on", at_least=2)
    metrics: tuple[str, ...] = setting(
        (), "names of the metrics (genbench list metrics); the first that has a better direction is the primary one"
    )
    batch: int = setting(500, "samples made at once", at_least=1)
    seed: int = setting(0, "seed of the latents that are scored, the same for every training seed", at_least=0)
    split: Literal["test", "train"] = setting(
        "test", "real images that samples are compared with: held-out or training", source="paper, section 4"
    )
    every: int | None = setting(
        None, "images between two evaluations during training; none: only at its end", at_least=1, numbers=False
    )
    best: str = setting(
        "",
        "metric that chooses the checkpoint kept as the best; empty: the first that has a better direction",
        numbers=False,
    )


@dataclass(frozen=True, kw_only=True)
class FeatureSettings:
    """The network whose features the image metrics compare; `features=NAME` is short for `features.name=NAME`."""

    name: str = setting(
        "inception-v3-compat",
        "extractor of features (genbench list extractors)",
        source="Heusel et al. 2017, arXiv:1706.08500",
    )
    weights: str = setting(
        "", "file with the extractor's weights; empty: its own package, or where torch keeps downloads"
    )
    download: bool = setting(False, "download the extractor's published weights when they are not found", numbers=False)


@dataclass(frozen=True, kw_only=True)
class SeedSettings:
    """Seeds of single sources of randomness; unset ones follow the trial's seed."""

    init: int | None = setting(None, "initial weights", at_least=0)
    data: int | None = setting(None, "order of the data", at_least=0)
    noise: int | None = setting(None, "noise during training", at_least=0)


@dataclass(frozen=True, kw_only=True)
class ResourceSettings:
    """What a job of a cluster asks for, per trial; a trial that runs out of time is requeued and goes on."""

    minutes: int = setting(240, "time limit of a job", at_least=1, numbers=False)
    memory_gb: float = setting(
        4.0, "memory of each rank, GB; importing torch takes half of one", above=0, numbers=False
    )
    cpus: int | None = setting(None, "cores of each rank; none: as many as threads", at_least=1, numbers=False)
    gpus: int | None = setting(
        None,
        "accelerators of each rank; none: one where the cluster has any and device is not cpu",
        at_least=0,
        numbers=False,
    )
    trials_per_gpu: int = setting(
        1, "trials that share an accelerator of this machine (engine local)", at_least=1, numbers=False, later=True
    )
    nodes: int = setting(1, "machines that the ranks of a trial are spread over", at_least=1, numbers=False)
    partition: str = setting("", "partition; empty: the cluster's default", numbers=False)
    options: tuple[str, ...] = setting((), "further options of the scheduler, ['account=x','qos=y']", numbers=False)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of a trial, validated and frozen."""

    method: Any
    data: Any
    net: Any
    train: TrainSettings = TrainSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    features: FeatureSettings = FeatureSettings()
    seeds: SeedSettings = SeedSettings()
    resources: ResourceSettings = ResourceSettings()
    device: str = setting("auto", "cpu, cuda, cuda:1, mps, …; auto: cuda if there is one, else cpu", numbers=False)
    threads: int = setting(
        1, "CPU threads of one trial; results repeat bit for bit at equal threads", at_least=1, numbers=False
    )
    world: int = setting(
        1,
        "ranks of one trial: accelerators, or processes on a CPU; the batch is shared among them",
        at_least=1,
        numbers=False,
    )


SHARED: Mapping[str, type] = {
    "train": TrainSettings,
    "evaluate": EvaluateSettings,
    "features": FeatureSettings,
    "seeds": SeedSettings,
    "resources": ResourceSettings,
}
"""The sections that are the same for every method, data set and architecture."""
SECTIONS = ("data", "net", "train", "evaluate", "features", "seeds", "resources")
SINGLES = ("device", "threads", "world")
RESERVED = (*SECTIONS, *SINGLES, "method", "seed")


def restore(plain: Mapping[str, Any], method: type, data: type, net: type) -> Settings:
    """Settings from the nested mappings of a trial.json, `settings` and `running` merged; raises SettingsError for what
    they cannot be.
    """
    classes = {"method": method, "data": data, "net": net, **SHARED}
    restored: Settings = built(
        Settings, {key: built(classes[key], value) if key in classes else value for key, value in plain.items()}
    )
    validate(restored, "method")
    return restored


def check_running(running: Mapping[str, Any]) -> None:
    """Raise SettingsError for what of a trial's `running` is needed before its plugins are loaded, and cannot be."""
    resources = built(ResourceSettings, running.get("resources", {}))
    singles = {name: running[name] for name in SINGLES if name in running}
    validate(
        built(
            Settings,
            {
                "method": None,
                "data": None,
                "net": None,
                "train": TrainSettings(images=1),
                "resources": resources,
                **singles,
            },
        ),
        "method",
    )


def split(settings: Settings) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings as nested plain mappings: what determines the numbers, and what does not.

    A setting that was added later is in neither while it has its default.
    """

    def part(node: Any, numbers: bool) -> dict[str, Any]:
        chosen: dict[str, Any] = {}
        for f in dataclasses.fields(node):
            value = getattr(node, f.name)
            if dataclasses.is_dataclass(value):
                chosen[f.name] = part(value, numbers)
            elif f.metadata.get("numbers", True) is numbers and not (f.metadata.get("later") and value == f.default):
                chosen[f.name] = list(value) if isinstance(value, tuple) else value
        return chosen

    return part(settings, True), part(settings, False)


def merge(numbers: Mapping[str, Any], running: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `split`: one nested mapping from the two."""
    merged = dict(numbers)
    for key, value in running.items():
        before = merged.get(key, {})
        merged[key] = {**before, **value} if isinstance(value, Mapping) and isinstance(before, Mapping) else value
    return merged


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one level of dotted names."""
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def validate(settings: Settings, method: str) -> None:
    """Check ranges; raises SettingsError that names the setting, the value and the range."""

    def check(node: Any, prefix: str) -> None:
        for f in dataclasses.fields(node):
            value = getattr(node, f.name)
            if dataclasses.is_dataclass(value):
                check(value, f"{method if f.name == 'method' else f.name}.")
            else:
                check_range(f"{prefix}{f.name}", value, f.metadata)

    check(settings, "")
    train = settings.train
    if train.images is None and train.updates is None and train.seconds is None:
        raise SettingsError("no budget: set train.images, train.updates or train.seconds")
