"""One update of a trial: as the trainer makes it, or replayed from a CUDA graph (`train.cuda_graphs`).

A graph replays kernels and nothing of Python. What a step takes from outside, batches and random numbers, is therefore
put where the graph reads it before each replay, in the order in which the step asked for it; the trainer's counters,
which stay on the CPU, are moved on by hand; and a step is replayed only as another one of its kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Protocol

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from genbench.contract.schedule import factor, scaled
from genbench.contract.trainer import Trainer
from genbench.data.source import Source
from genbench.errors import shown
from genbench.training.run import Run

WARM_UP = 3
"""Steps of a kind before one is captured: libraries choose and load their kernels in the first ones."""
MOST = 8
"""Graphs of a trial: each keeps the memory of a step."""

Values = Mapping[str, Tensor]
Step = Callable[[Iterator[Tensor]], Values]


def stepping(run: Run) -> Callable[[], Values]:
    """What makes the next update of a trial, and returns the trainer's scalars."""
    train = run.settings.train
    precision = torch.autocast(run.device.type, dtype=torch.bfloat16) if train.precision == "bf16" else nullcontext()

    def plain(batches: Iterator[Tensor]) -> Values:
        with precision, scaled(factor(train.schedule, run.trainer.kit.progress)):
            return run.trainer.step(batches)

    if train.cuda_graphs:
        falls = f"train.schedule={train.schedule} moves the learning rate, which a graph would not see"
        reason = why_not(run.trainer, run.device.type) or (falls if train.schedule != "constant" else "")
        if not reason:
            return Captured(plain, run, CUDAGraphs(run.trainer))
        refuse(run, reason)
    return lambda: plain(run.source)


def refuse(run: Run, reason: str) -> None:
    """Let the record say why steps are not captured."""
    run.warnings.append(f"train.cuda_graphs: steps are not captured: {reason}")


def why_not(trainer: Trainer, device: str) -> str:
    """Why the steps of a trainer cannot be captured, in words; empty where they may be."""
    if device != "cuda":
        return f"CUDA graphs are for device=cuda, and this trial runs on {device}"
    if trainer.kit.comm.world > 1:
        return "ranks that wait for each other are not captured; use world=1"
    if trainer.kind_of_step() is None:
        return f"{type(trainer).__name__} does not say that its steps are alike (Trainer.kind_of_step)"
    if any(isinstance(value, LRScheduler) for value in vars(trainer).values()):
        return f"{type(trainer).__name__} has a schedule of its learning rate, which a graph would not see"
    for name, optimizer in _optimizers(trainer).items():
        if "capturable" not in optimizer.defaults:
            return f"{name} is {type(optimizer).__name__}, which cannot be captured; use Adam, AdamW or RMSprop"
    return ""


class Graphs(Protocol):
    """What captures a step."""

    def warm(self, step: Callable[[], Values]) -> Values:
        """Make a step as it will be captured."""

    def capture(self, step: Callable[[], Values]) -> tuple[Values, Callable[[], None]]:
        """Capture a step without making it: where its scalars will be, and what makes it."""


class CUDAGraphs:
    """torch's CUDA graphs, captured beside the stream that the rest of the trial uses."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer, self._stream = trainer, torch.cuda.Stream()

    def warm(self, step: Callable[[], Values]) -> Values:
        """Make a step on the stream of the capture."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            values = step()
        torch.cuda.current_stream().wait_stream(self._stream)
        return values

    def capture(self, step: Callable[[], Values]) -> tuple[Values, Callable[[], None]]:
        """Capture a step without making it: where its scalars will be, and what makes it."""
        graph = torch.cuda.CUDAGraph()
        with capturable(_optimizers(self._trainer).values()), torch.cuda.graph(graph, stream=self._stream):
            values = step()
        return values, graph.replay


class Captured:
    """Steps that are made a few times, then captured and replayed, one graph for each kind."""

    def __init__(self, step: Step, run: Run, graphs: Graphs) -> None:
        self._step, self._run, self._backend = step, run, graphs
        self._trainer, self._source = run.trainer, run.source
        self._seen: Counter[Hashable] = Counter()
        self._inputs: dict[Hashable, _Inputs] = {}
        self._replays: dict[Hashable, Callable[[], Values]] = {}
        self._refused = False

    def __call__(self) -> Values:
        """Make the next update."""
        kind = self._trainer.kind_of_step()
        if self._refused or kind is None:
            return self._step(self._source)
        if kind not in self._replays:
            if self._seen[kind] < WARM_UP or len(self._replays) == MOST:
                return self._rehearsed(kind)
            try:
                self._replays[kind] = self._captured(self._inputs[kind])
            except (
                Exception
            ) as error:  # whatever a library or a plugin raises in a capture: the step itself may be made
                self._refused = True
                self._replays.clear()
                refuse(self._run, shown.short(shown.discreet(str(error).partition("\n")[0])))
                return self._step(self._source)
            self._run.graphs = len(self._replays)
        return self._replays[kind]()

    def _rehearsed(self, kind: Hashable) -> Values:
        """Make a step, and note what it takes from outside."""
        self._seen[kind] += 1
        inputs = self._inputs[kind] = _Inputs()
        with _lending(self._trainer, inputs.note):
            return self._backend.warm(lambda: self._step(_Batches(self._source, inputs.note)))

    def _captured(self, inputs: _Inputs) -> Callable[[], Values]:
        """What replays a step that takes these."""
        counters = self._trainer.counters()
        before = {name: counter.clone() for name, counter in counters.items()}

        def step() -> Values:
            inputs.rewind()
            return self._step(_Batches(self._source, inputs.hand_out))

        try:
            with _lending(self._trainer, inputs.hand_out):
                values, replay = self._backend.capture(step)
            ahead = {name: counter - before[name] for name, counter in counters.items()}
        finally:
            for name, counter in counters.items():
                counter.copy_(before[name])
            for parameter in self._trainer.parameters():
                parameter.grad = None
        inputs.check_taken()

        def replayed() -> Values:
            inputs.refill()
            replay()
            for name, counter in counters.items():
                counter += ahead[name]
            return values

        return replayed


class _Inputs:
    """What a step takes from outside, in order: what draws each, and the tensor that a graph reads it from."""

    def __init__(self) -> None:
        self._draws: list[Callable[[], Tensor]] = []
        self._places: list[Tensor] = []
        self._taken = 0

    def note(self, draw: Callable[[], Tensor]) -> Tensor:
        """The next of them, drawn."""
        drawn = draw()
        self._draws.append(draw)
        self._places.append(torch.empty_like(drawn))
        return drawn

    def rewind(self) -> None:
        """A step begins."""
        self._taken = 0

    def hand_out(self, draw: Callable[[], Tensor]) -> Tensor:
        """The place of the next of them; it is not drawn."""
        self._taken += 1
        if self._taken > len(self._places):
            raise RuntimeError("a step took more batches or random numbers than the last one of its kind")
        return self._places[self._taken - 1]

    def check_taken(self) -> None:
        """Raise RuntimeError where a step left some of them."""
        if self._taken < len(self._places):
            raise RuntimeError("a step took fewer batches or random numbers than the last one of its kind")

    def refill(self) -> None:
        """Draw all of them for the next step."""
        for place, draw in zip(self._places, self._draws, strict=True):
            place.copy_(draw())


class _Batches(Iterator[Tensor]):
    """The batches of a source, through what lends them."""

    def __init__(self, source: Source, lend: Callable[[Callable[[], Tensor]], Tensor]) -> None:
        self._source, self._lend = source, lend

    def __next__(self) -> Tensor:
        return self._lend(lambda: next(self._source))


@contextmanager
def _lending(trainer: Trainer, lend: Callable[[Callable[[], Tensor]], Tensor]) -> Iterator[None]:
    """Let random numbers go through `lend` on their way to a step."""
    standing = trainer.kit.standing
    before, standing.lend = standing.lend, lend
    try:
        yield
    finally:
        standing.lend = before


@contextmanager
def capturable(optimizers: Collection[Optimizer]) -> Iterator[None]:
    """Let optimizers count their steps on the device, as a graph needs it; what they save says nothing of it."""
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    states = [(p, state) for optimizer in optimizers for p, state in optimizer.state.items() if "step" in state]
    for parameter, state in states:
        state["step"] = state["step"].to(parameter.device)
    for group in groups:
        group["capturable"] = True
    try:
        yield
    finally:
        for group in groups:
            group["capturable"] = False


def _optimizers(trainer: Trainer) -> dict[str, Optimizer]:
    return {name: value for name, value in vars(trainer).items() if isinstance(value, Optimizer)}
