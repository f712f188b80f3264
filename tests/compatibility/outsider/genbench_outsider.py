"""A plugin of every kind, written and built for genbench 0.1.0; it uses every name that `genbench.plugin` offered then."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from genbench import kernels
from genbench.plugin import (
    Architecture,
    DataSettings,
    Dataset,
    Evaluation,
    Extractor,
    Features,
    GenbenchError,
    Kit,
    Method,
    Metric,
    Mixture,
    NetSettings,
    Splits,
    Trainer,
    cite,
    cited,
    features,
    hookimpl,
    setting,
)

Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class OutsiderConfig:
    lr: float = setting(1e-3, "Adam's learning rate", source="nowhere", above=0)
    widths: tuple[float, ...] = setting((0.5, 1.0, 2.0), "widths of the kernels", above=0)
    kernel: Literal["mmd", "mean"] = setting("mmd", "what is compared")
    critic_lr: float | None = setting(None, "learning rate of the critic; none: that of the generator", above=0)


class OutsiderTrainer(Trainer):
    """MMD between the critic's features, and the data's density ratio beside it, by everything that a kit and its ranks lend."""

    def __init__(self, config: OutsiderConfig, kit: Kit) -> None:
        super().__init__(config, kit)
        self.generator = kit.generator()
        self.critic = kit.critic(4, bias=False)
        self.decoder = kit.decoder(4)
        self.scale = kit.network("scale", lambda: nn.Linear(1, 1))
        self.optimizer = torch.optim.Adam(self.generator.parameters(), lr=config.lr)
        others = [*self.critic.parameters(), *self.decoder.parameters(), *self.scale.parameters()]
        self.critic_optimizer = torch.optim.Adam(others, lr=config.critic_lr or config.lr)
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        real = next(batches)
        fake = self.sample(self.kit.noise(len(real)))
        gather = self.kit.comm.gather
        p, q = gather(real.flatten(1)), gather(fake.flatten(1))
        loss = kernels.mmd2(q, p, self.config.widths) if self.config.kernel == "mmd" else (q.mean(0) - p.mean(0)).square().sum()
        code = self.critic(real) * (1 + 0 * self.scale(self.kit.uniform(len(real))[:, None]).mean())
        rebuilt = (self.decoder(code) - real).square().mean()
        self.kit.comm.descend((self.optimizer, loss), (self.critic_optimizer, rebuilt))
        self.updates += 1
        return {"loss": loss.detach(), "rebuilt": rebuilt.detach()}

    def sample(self, z: Tensor) -> Tensor:
        return self.generator(z)

    def project(self, images: Tensor) -> Tensor:
        return self.critic(images)


METHOD = Method(
    name="outsider",
    trainer=OutsiderTrainer,
    config=OutsiderConfig,
    paper="none",
    presets={"ring": cited("nowhere", lr=2e-3), "outsider-points": {"lr": cite(5e-3, "nowhere")}},
    variants={"mean": {"kernel": cite("mean", "nowhere")}},
    resources={"memory_gb": 2},
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    return [METHOD]


@dataclass(frozen=True, kw_only=True)
class OutsiderData(DataSettings):
    std: float = setting(0.1, "standard deviation of the points", above=0)


def load(data: OutsiderData) -> Splits:
    if data.std > 10:
        raise GenbenchError("std must be at most 10")
    centres = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])

    def points(count: int, seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        return centres[torch.arange(count) % 2] + data.std * torch.randn(count, 2, generator=generator)

    return Splits(train=points(800, 0), test=points(400, 1), mixture=Mixture(centres=centres, std=data.std, radius=1.0))


@hookimpl
def genbench_datasets() -> list[Dataset]:
    metrics = ("outsider-mean", "modes", "mmd")
    defaults = {"train.batch": 20, "train.updates": 20, "evaluate.samples": 100, "evaluate.metrics": metrics}
    nets = {"outsider-net": {"latent": 3}, "mlp": {"width": 8}}
    return [Dataset(name="outsider-points", config=OutsiderData, load=load, nets=nets, defaults=defaults, about="two clouds")]


@dataclass(frozen=True, kw_only=True)
class OutsiderNet(NetSettings):
    hidden: int = setting(8, "units of the hidden layer", at_least=1)


def generator(net: OutsiderNet, shape: Shape, inputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(inputs, net.hidden), nn.BatchNorm1d(net.hidden), nn.ReLU(), nn.Linear(net.hidden, prod(shape)), nn.Unflatten(1, shape)
    )


def critic(net: OutsiderNet, shape: Shape, outputs: int, bias: bool) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(prod(shape), net.hidden), nn.ReLU(), nn.Linear(net.hidden, outputs, bias=bias))


def accepts_shape(net: OutsiderNet, shape: Shape) -> str:
    return "" if len(shape) == 1 else "outsider-net is for vectors"


@hookimpl
def genbench_architectures() -> list[Architecture]:
    net = Architecture(
        name="outsider-net",
        config=OutsiderNet,
        generator=generator,
        critic=critic,
        decoder=generator,
        accepts=accepts_shape,
        about="one hidden layer",
    )
    return [net]


def mean_gap(evaluation: Evaluation) -> float:
    real = evaluation.once("outsider/real", lambda: evaluation.reference.float().mean(0))
    return float((evaluation.samples.float().mean(0) - real).norm())


def accepts_splits(splits: Splits) -> str:
    return "outsider-mean is for vectors" if splits.is_images else ""


def first_feature(evaluation: Evaluation) -> float:
    return float(features.of_samples(evaluation, "fp32").features[:, 0].mean())


@hookimpl
def genbench_metrics() -> list[Metric]:
    return [
        Metric(name="outsider-mean", compute=mean_gap, better="lower", accepts=accepts_splits, about="distance of the means"),
        Metric(name="outsider-feature", compute=first_feature, better="neither", features="fp32", accepts=lambda splits: "", about="mean of the first feature"),
    ]


class MeanColour(nn.Module):
    def __init__(self, weights: Path) -> None:
        super().__init__()
        self.gain = float(weights.read_text())

    def forward(self, images: Tensor) -> Features:
        colour = images.float().mean((1, 2)) / 255 * self.gain
        return Features(colour, colour)


@hookimpl
def genbench_extractors() -> list[Extractor]:
    return [
        Extractor(
            name="outsider-colour", build=MeanColour, kept=lambda: Path("gain.txt"), transform="mean of the pixels, / 255", about="the mean colour"
        )
    ]


class Diary:
    def __init__(self, results: Path) -> None:
        self.file = results / "diary.txt"

    def write(self, line: str) -> None:
        with self.file.open("a") as diary:
            diary.write(f"{line}\n")

    @hookimpl
    def genbench_trial_start(self, trial: Any, directory: Path) -> None:
        self.write(f"{directory.name} starts")

    @hookimpl
    def genbench_trial_log(self, trial: Any, directory: Path, rows: Sequence[Mapping[str, Any]]) -> None:
        self.write(f"{directory.name} is at {rows[-1]['images']} images")

    @hookimpl
    def genbench_trial_end(self, trial: Any, directory: Path, record: Mapping[str, Any]) -> None:
        self.write(f"{directory.name} {record['status']}")


@hookimpl
def genbench_observer(results: Path) -> object:
    return Diary(results)
