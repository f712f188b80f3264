"""`mlp`: multilayer perceptrons for vectors, and for images taken as long vectors.

There is no batch norm: the critic is the same under the norms `batch`, `none` and `layer`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from torch import nn

from genbench.config.field import setting
from genbench.config.settings import NetSettings
from genbench.contract.hooks import hookimpl
from genbench.contract.kit import Architecture, Shape
from genbench.nets.fields import PerceptronField


@dataclass(frozen=True, kw_only=True)
class MlpNet(NetSettings):
    """Settings of `mlp`."""

    latent: int = setting(8, "dimension h of the generator's noise", source="paper, Figure 2: 2, 4, 8, 16", at_least=1)
    prior: Literal["normal", "uniform"] = setting(
        "normal", "law of the noise: N(0, 1) or U[-1, 1], per dimension", source="paper, appendix A.1"
    )
    width: int = setting(
        100, "units of a hidden layer of the generator and the decoder", source="paper, section 3.4", at_least=1
    )
    critic_width: int | None = setting(
        None,
        "units of the critic's hidden layers; none: as many as width",
        source="paper, section 3.4: 100 in both",
        at_least=1,
    )
    depth: int = setting(2, "hidden layers", source="paper, section 3.4", at_least=1)


def generator(net: MlpNet, shape: Shape, inputs: int) -> nn.Module:
    """[n, inputs] -> [n, *shape]: ReLU between layers; images end in a tanh, vectors are not bounded."""
    layers = _perceptron(inputs, net.width, net.depth, math.prod(shape), bias=True)
    if len(shape) > 1:
        layers += [nn.Tanh(), nn.Unflatten(1, shape)]
    return nn.Sequential(*layers)


def critic(net: MlpNet, shape: Shape, outputs: int, bias: bool) -> nn.Module:
    """[n, *shape] -> [n, outputs], ReLU between layers; the last layer has a bias if `bias`."""
    return nn.Sequential(
        nn.Flatten(), *_perceptron(math.prod(shape), net.critic_width or net.width, net.depth, outputs, bias=bias)
    )


def field(net: MlpNet, shape: Shape) -> nn.Module:
    """[n, *shape] and times [n] -> [n, *shape]: the generator's hidden layers, with SiLU."""
    return PerceptronField(shape, [net.width] * net.depth)


def accepts(net: MlpNet, shape: Shape) -> str:
    """Nothing: every shape is fine."""
    return ""


@hookimpl
def genbench_architectures() -> Iterable[Architecture]:
    """`mlp`."""
    return [
        Architecture(
            name="mlp",
            config=MlpNet,
            generator=generator,
            critic=critic,
            decoder=generator,
            field=field,
            accepts=accepts,
            about=(
                "multilayer perceptrons with ReLU, torch's initialisation; any shape (paper, section 3.4 and appendix"
                " A.1)"
            ),
        )
    ]


def _perceptron(inputs: int, width: int, depth: int, outputs: int, *, bias: bool) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise([inputs, *[width] * depth]):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return [*layers, nn.Linear(width, outputs, bias=bias)]
