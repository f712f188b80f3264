"""Flow matching (Lipman et al. 2022, arXiv 2210.02747): a field of velocities that carries noise to data; with noise
and data paired by optimal transport, and rectified (Liu et al. 2022, arXiv 2209.03003).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from genbench.plugin import Kit, Method, Trainer, cited, hookimpl, setting

PAPER = "Lipman et al. 2022, arXiv 2210.02747"
CODE = "TorchCFM, train_cifar10.py"
NOTEBOOK = "flow_matching, 2d_flow_matching.ipynb"
OT = "Tong et al. 2023, arXiv 2302.00482"
REFLOW = "Liu et al. 2022, arXiv 2209.03003"

PASSES: Mapping[str, int] = {"euler": 1, "midpoint": 2, "heun": 2}
"""Evaluations of the field in one step of a solver."""


@dataclass(frozen=True, kw_only=True)
class FlowConfig:
    """The settings of flow matching."""

    pairing: Literal["random", "optimal"] = setting(
        "random", "which noise goes with which datum: any, or that of the cheapest transport of the batch", source=PAPER
    )
    times: Literal["uniform", "logit-normal"] = setting(
        "uniform", "law of the times that are trained on", source=f"{PAPER}; logit-normal: minRF, rf.py"
    )
    lr: float = setting(2e-4, "Adam's learning rate", source=CODE, above=0)
    beta1: float = setting(0.9, "Adam's decay of the mean gradient", source=CODE, at_least=0, below=1)
    beta2: float = setting(0.999, "Adam's decay of the squared gradient", source=CODE, at_least=0, below=1)
    solver: Literal["euler", "midpoint", "heun"] = setting(
        "midpoint", "how a sample follows the field", source=NOTEBOOK
    )
    steps: int = setting(20, "steps of the solver for a sample", source=f"{NOTEBOOK}: steps of 0.05", at_least=1)
    reflow: float | None = setting(
        None, "share of the budget after which the field learns from its own samples; none: never", at_least=0, below=1
    )
    teacher_steps: int = setting(
        20, "midpoint steps for a sample that the second stage learns from", source=NOTEBOOK, at_least=1
    )


class Flow(Trainer):
    """A field that is fitted to the straight lines between noise and data."""

    latent = "data"
    start = "field"
    stage: Tensor

    def __init__(self, config: FlowConfig, kit: Kit) -> None:
        super().__init__(config, kit)
        self.evaluations = PASSES[config.solver] * config.steps
        self.field = kit.field()
        self.teacher = kit.field().requires_grad_(False) if config.reflow is not None else None
        self.register_buffer("stage", torch.ones((), dtype=torch.int64))
        self.optimizer = torch.optim.Adam(
            self.field.parameters(), lr=config.lr, betas=(config.beta1, config.beta2), fused=True
        )

    def step(self, batches: Iterator[Tensor]) -> Mapping[str, Tensor]:
        """One update of the field."""
        noise, data = self._pairs(next(batches))
        t = self._times(len(data))
        share = t.view(-1, *[1] * (data.dim() - 1))
        velocity = self.field((1 - share) * noise + share * data, t)
        loss = (velocity - (data - noise)).square().mean()
        self.kit.comm.descend((self.optimizer, loss))
        return {"loss": loss.detach(), "distance": (data - noise).square().mean(), "stage": self.stage.clone()}

    def sample(self, z: Tensor) -> Tensor:
        """Where the field carries noise [n, *shape]; images end in [-1, 1]."""
        x = carried(self.field, z, self.config.solver, self.config.steps)
        return x.clamp(-1, 1) if x.dim() == 4 else x

    @torch.no_grad()
    def _pairs(self, real: Tensor) -> tuple[Tensor, Tensor]:
        """Noise and what it is to be carried to, [n, *shape] each."""
        noise, reflow = self.kit.normal(tuple(real.shape)), self.config.reflow
        if self.teacher is not None and reflow is not None and self.kit.progress >= reflow:
            if int(self.stage) == 1:
                self.teacher.load_state_dict(self.field.state_dict())
                self.stage += 1
            return noise, carried(self.teacher, noise, "midpoint", self.config.teacher_steps)
        if self.config.pairing == "optimal":
            everybody = self.kit.comm.gather(noise)
            order = cheapest(self.kit.comm.gather(real).flatten(1), everybody.flatten(1))
            first = self.kit.comm.rank * len(real)
            noise = everybody[order[first : first + len(real)]]
        return noise, real

    def _times(self, rows: int) -> Tensor:
        return self.kit.normal(rows).sigmoid() if self.config.times == "logit-normal" else self.kit.uniform(rows)


def carried(field: Callable[[Tensor, Tensor], Tensor], x: Tensor, solver: str, steps: int) -> Tensor:
    """Where dx/dt = field(x, t) carries points [n, ...] from time 0 to 1, in equal steps."""
    size = 1 / steps
    for number in range(steps):
        t = torch.full((len(x),), number * size, dtype=x.dtype, device=x.device)
        velocity = field(x, t)
        if solver == "midpoint":
            velocity = field(x + size / 2 * velocity, t + size / 2)
        elif solver == "heun":
            velocity = (velocity + field(x + size * velocity, t + size)) / 2
        x = x + size * velocity
    return x


def cheapest(data: Tensor, noise: Tensor) -> Tensor:
    """For each row of data [n, d] the row of noise [n, d] of the pairing with the least sum of squared distances."""
    costs = torch.cdist(data.double(), noise.double(), compute_mode="donot_use_mm_for_euclid_dist").square()
    return torch.from_numpy(linear_sum_assignment(costs.cpu().numpy())[1]).to(data.device)


RING = cited(f"{NOTEBOOK}: Adam, 1e-3", lr=1e-3)

METHOD = Method(
    name="flow",
    trainer=Flow,
    config=FlowConfig,
    paper="Lipman et al. 2022, Flow matching for generative modeling, arXiv 2210.02747",
    presets={"ring": RING, "ring-sharp": RING},
    variants={
        "ot": cited(OT, pairing="optimal"),
        "reflow": cited(f"{REFLOW}; half of the budget for each stage", reflow=0.5, solver="euler", steps=1),
    },
)


@hookimpl
def genbench_methods() -> Iterable[Method]:
    """The one method of this plugin."""
    return [METHOD]
