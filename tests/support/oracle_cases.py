"""The variants, settings and shapes of data under which a method's step is held to its oracle."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from oracles import (
    CONJUGATES,
    SLOW,
    adam,
    cramer,
    drift,
    energy,
    flow,
    gan,
    gram,
    mmdgan,
    mmdnet,
    penalised,
    r3gan,
    ratio,
    repulsive,
    rmsprop,
    scaled,
    sinkhorn,
    sliced,
    sngan,
    vae,
    wgan,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A variant of a method with settings, and the oracle of its step."""

    label: str
    oracle: Callable[..., Iterator[None]]
    settings: Mapping[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = (2,)
    norm: bool = False
    prior: str = "normal"
    loud: float = 1.0
    """By how much the critic's last layer is louder than it was made: what is cut off far out is met."""

    @property
    def name(self) -> str:
        words = [f"{key}={value}" for key, value in self.settings.items()]
        words += [f"images{self.shape[0]}"] * (len(self.shape) == 3) + ["norm"] * self.norm
        words += ["uniform"] * (self.prior == "uniform") + [f"loud{self.loud:g}"] * (self.loud != 1)
        return " ".join([self.label, *words]).replace(" ", ",")


def bursts(first: int, every: int, many: int, few: int) -> Callable[[int], int]:
    """How many critic steps an update gets."""
    return lambda update: many if update < first or (every and update % every == 0) else few


def image(label: str, oracle: Callable[..., Iterator[None]], **settings: Any) -> Case:
    return Case(label=label, oracle=oracle, settings=settings, shape=(1, 16, 16))


def loud(label: str, oracle: Callable[..., Iterator[None]], by: float = 30.0, **settings: Any) -> Case:
    return Case(label=label, oracle=oracle, settings=settings, loud=by)


def plain(label: str, oracle: Callable[..., Iterator[None]], **settings: Any) -> Case:
    return Case(label=label, oracle=oracle, settings=settings)


SHORT = {"warmup": 2, "burst_every": 4, "critic_steps": 2}
SCHEDULE = bursts(2, 4, 3, 2)
EVER = {"warmup": 0, "burst_every": 1}
GRAM_CODE = {"over_points": torch.mean}
SINGULAR: dict[str, Any] = {"widths": (0.3, 0.1), "features": 10}
"""Without a ridge the paper's kernels are singular on so few points, and what is solved is rounding."""
JULIA_MMD = {"kind": adam(5e-5, 0.5, 0.0999), "widths": (1.0,), "clamp": 0.1, "fresh": False}
PARTICLES = {"particles": 2, "moves": 3, "fits": 2}


CASES = [
    plain("gan", gan),
    Case(label="gan", oracle=gan, norm=True),
    plain("gan/paper", partial(gan, kind=SLOW)),
    plain("gan/simultaneous", partial(gan, together=True)),
    plain("gan/lsgan", partial(gan, loss="ls")),
    Case(label="gan/hinge", oracle=partial(gan, loss="hinge"), norm=True, loud=10),
    plain("mmdnet", mmdnet),
    plain("mmdnet/squared", partial(mmdnet, root=False)),
    plain("mmdnet/julia", partial(mmdnet, alpha=0.9)),
    image("mmdnet", partial(mmdnet, widths=(0.5, 8.0)), widths=(0.5, 8.0)),
    plain("wgan", wgan),
    image("wgan", partial(wgan, steps=lambda update: 1), critic_steps=1),
    plain("wgan/gp0", partial(wgan, slope=0.0)),
    plain("wgan/clip", partial(wgan, kind=SLOW, clamp=0.01, steps=SCHEDULE), **SHORT, burst_steps=3),
    plain("wgan/clip", partial(wgan, kind=SLOW, clamp=0.01, steps=bursts(0, 1, 2, 5)), **EVER, burst_steps=2),
    plain("wgan/dragan", partial(wgan, loss="ns", around=True, steps=lambda update: 1)),
    image("wgan/dragan", partial(wgan, loss="ns", around=True, steps=lambda update: 1)),
    plain("r3gan", r3gan),
    image("r3gan", r3gan),
    plain("r3gan", partial(r3gan, fresh=False), fresh_batches=False),
    plain("r3gan/rpgan", partial(r3gan, r1=False, r2=False)),
    plain("r3gan/r1", partial(r3gan, pairs=False, r2=False, constant=True), last_beta2=None),
    plain("r3gan/r1r2", partial(r3gan, pairs=False)),
    plain("sngan", sngan),
    loud("sngan", sngan, 15, norm="none"),
    plain("sngan/ns", partial(sngan, loss="ns")),
    plain("sngan/five", partial(sngan, five=True)),
    plain("drift", drift),
    image("drift", drift),
    plain("drift/near", partial(drift, temperatures=(0.05,))),
    plain("drift/code", partial(drift, floor=1e-6, mask=100.0, counted=True)),
    plain("energy", energy),
    plain("energy", partial(energy, power=1.5), power=1.5),
    image("energy", energy),
    plain("energy/cramer", cramer),
    image("energy/cramer", partial(cramer, steps=1), critic_steps=1),
    plain("ratio", ratio),
    *(plain(f"ratio/{name}", partial(ratio, divergence=name)) for name in ("kl", "reverse", "hellinger")),
    *(loud("ratio", partial(ratio, divergence=name, trick=False), divergence=name, trick=False) for name in CONJUGATES),
    plain("ratio/bgan", partial(ratio, estimator="least-squares")),
    *(
        plain(f"ratio/{kind}", partial(ratio, estimator=estimator, divergence=name), divergence=name)
        for kind, estimator in (("bgan", "least-squares"), ("logistic", "logistic"))
        for name in ("kl", "reverse", "hellinger")
    ),
    plain("ratio/logistic", partial(ratio, estimator="logistic", divergence="reverse")),
    plain("ratio/vgrow", partial(ratio, estimator="logistic", divergence="reverse", **PARTICLES), **PARTICLES),
    image(
        "ratio/vgrow",
        partial(ratio, estimator="logistic", divergence="kl", stride=200, **PARTICLES),
        **PARTICLES,
        divergence="kl",
        stride=200.0,
    ),
    *(
        plain(
            "ratio/vgrow",
            partial(ratio, estimator="variational", divergence=name, **PARTICLES),
            **PARTICLES,
            estimator="variational",
            divergence=name,
        )
        for name in CONJUGATES
    ),
    plain("sliced", sliced, directions=7),
    image("sliced", sliced, directions=7),
    plain("sliced/features", partial(sliced, features=True), directions=7),
    plain("sliced/max", partial(sliced, features=True, largest=True)),
    plain("sinkhorn", sinkhorn),
    image("sinkhorn", sinkhorn),
    plain("sinkhorn", partial(sinkhorn, unrolled=True), gradient="unrolled"),
    plain("sinkhorn/features", partial(sinkhorn, features=True, clamp=0.3), clamp=0.3),
    plain(
        "sinkhorn/features",
        partial(sinkhorn, features=True, unrolled=True, clamp=0.3),
        clamp=0.3,
        gradient="unrolled",
    ),
    plain("vae", vae),
    image("vae", vae),
    Case(label="vae", oracle=vae, prior="uniform"),
    plain("vae/fixed", partial(vae, sigma=1.0)),
    plain("vae", partial(vae, sigma=0.5), sigma=0.5),
    plain("vae/beta", partial(vae, beta=4.0)),
    plain("vae/noisy", vae),
    plain("flow", flow),
    image("flow", flow),
    plain("flow", partial(flow, logit_normal=True), times="logit-normal"),
    plain("flow/ot", partial(flow, optimal=True)),
    plain("flow/reflow", partial(flow, reflow=0.5)),
    plain("flow/reflow", partial(flow, reflow=0.5, optimal=True), pairing="optimal"),
    plain("gram", gram),
    Case(label="gram", oracle=gram, norm=True),
    plain("gram/paper", partial(gram, kind=rmsprop(5e-5), root=False, ridge=0.0, widths=(0.3, 0.1)), **SINGULAR),
    plain(
        "gram/flow",
        partial(
            gram,
            kind=adam(1e-4, 0.5, 0.999),
            objective="flow",
            ridge=0.0,
            variance=True,
            in_turn=True,
            widths=(0.3, 0.1),
        ),
        **SINGULAR,
    ),
    plain("gram/julia", partial(gram, kind=adam(2e-4, 0.5, 0.0999), **GRAM_CODE)),
    plain("gram/torch", partial(gram, over_widths=torch.sum, variance=True, **GRAM_CODE)),
    loud("gram/clip", partial(gram, objective="pearson-clip"), 5),
    plain("gram/frozen", partial(gram, objective="none")),
    plain("gram/adversarial", partial(gram, objective="mmd")),
    plain("gram", partial(gram, positivity=0.5), positivity=0.5),
    plain("mmdgan", partial(mmdgan, steps=SCHEDULE, clamp=0.1), **SHORT, warmup_critic_steps=3, clamp=0.1),
    *(
        plain(
            f"mmdgan/{name}",
            partial(mmdgan, steps=SCHEDULE, clamp=0.1, ae=ae, fsr=fsr),
            **SHORT,
            warmup_critic_steps=3,
            clamp=0.1,
        )
        for name, ae, fsr in (("fsr", 0.0, 16.0), ("ae", 8.0, 0.0), ("plain", 0.0, 0.0))
    ),
    plain(
        "mmdgan/plain",
        partial(mmdgan, clamp=0.1, ae=0.0, fsr=0.0, steps=bursts(0, 1, 2, 5)),
        **EVER,
        clamp=0.1,
        warmup_critic_steps=2,
    ),
    plain("mmdgan", partial(mmdgan, clamp=0.1, ae=0.5), ae=0.5, clamp=0.1, warmup=0, burst_every=0),
    plain("mmdgan/julia", partial(mmdgan, **JULIA_MMD)),
    plain("mmdgan/repulsive", repulsive),
    loud("mmdgan/bounded", partial(repulsive, nearest=0.25, farthest=4.0), 6, norm="none"),
    plain("mmdgan/scaled", partial(scaled, steps=bursts(2, 4, 3, 2)), **SHORT, warmup_critic_steps=3, features=3),
    image("mmdgan/scaled", partial(scaled, steps=lambda update: 1), warmup=0, burst_every=0, critic_steps=1),
    plain("mmdgan/rq-gp", penalised),
    image("mmdgan/rq-gp", partial(penalised, steps=1), critic_steps=1),
]
