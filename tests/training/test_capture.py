"""Captured steps, all but the capture itself: a stand-in for CUDA graphs makes a captured step again by its Python."""

import copy
from contextlib import contextmanager

import pytest
import torch
import toys

from genbench.contract.kit import Standing
from genbench.training import build, capture
from genbench.training.capture import WARM_UP, Captured, stepping, why_not

UPDATES = WARM_UP + 4


class Replayed:
    """Graphs for a CPU: a capture leaves the trainer as it was, and a replay writes into the same tensors."""

    def __init__(self, trainer):
        self.trainer, self.captures, self.warmed = trainer, 0, 0

    def warm(self, step):
        self.warmed += 1
        return step()

    def capture(self, step):
        self.captures += 1
        before = copy.deepcopy(self.trainer.state_dict())
        values = step()
        with self.counters({name: counter.clone() for name, counter in self.trainer.counters().items()}):
            self.trainer.load_state_dict(before)

        def replay():
            with self.reading(), self.counters({n: counter.clone() for n, counter in self.trainer.counters().items()}):
                for name, value in step().items():
                    values[name].copy_(value)

        self.lend = self.trainer.kit.standing.lend
        return values, replay

    @contextmanager
    def counters(self, kept):
        """They are Python's: a capture moves them, and neither the device nor a replay does."""
        yield
        for name, counter in self.trainer.counters().items():
            counter.copy_(kept[name])

    def reading(self):
        return capture._lending(self.trainer, self.lend)


@pytest.fixture
def made(study):
    """made(label, overrides…): a run of that method, before its first update."""

    def run(label, *overrides):
        planned = study(label, overrides=overrides, name=f"s{len(made_so_far)}")
        made_so_far.append(planned)
        (trial,) = planned.trials
        return build.prepare(trial, planned.directory_of(trial)).run

    made_so_far = []
    return run


def updated(run, step, updates=UPDATES):
    """The scalars of each update."""
    rows = []
    for update in range(updates):
        run.draws.seek(update)
        rows.append({name: float(value) for name, value in step().items()})
    return rows


BURSTS = ["mmdgan.warmup=5", "mmdgan.warmup_critic_steps=2", "mmdgan.critic_steps=1"]
CASES = [("toy", []), ("gan", []), ("gram", []), ("mmdgan", BURSTS), ("mmdgan/bounded", [])]


@pytest.mark.methods
@pytest.mark.parametrize(("label", "overrides"), CASES, ids=[label for label, _ in CASES])
def test_replayed_steps_are_the_steps_of_the_trainer_to_the_bit(made, monkeypatch, label, overrides):
    monkeypatch.setattr(toys.Toy, "kind_of_step", lambda self: "step")
    plain, replayed = made(label, *overrides), made(label, *overrides)
    graphs = Replayed(replayed.trainer)
    updates = 5 + UPDATES if overrides else UPDATES
    expected = updated(plain, lambda: plain.trainer.step(plain.source), updates)
    step = Captured(replayed.trainer.step, replayed, graphs)
    assert updated(replayed, step, updates) == expected
    assert replayed.source.position == plain.source.position
    assert (graphs.captures, graphs.warmed) == ((2, 2 * WARM_UP) if overrides else (1, WARM_UP))
    assert replayed.graphs == graphs.captures
    assert not replayed.warnings
    one, other = plain.trainer.state_dict(), replayed.trainer.state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one if torch.is_tensor(one[name]))
    assert str(one["_extra_state"]) == str(other["_extra_state"])


class Broken(Replayed):
    def capture(self, step):
        step()
        raise RuntimeError("operation not permitted when stream is capturing\nand a long story")


def test_a_capture_that_fails_costs_nothing_but_a_line_in_the_record(made, monkeypatch):
    monkeypatch.setattr(toys.Toy, "kind_of_step", lambda self: "step")
    plain, broken = made("toy"), made("toy")
    expected = updated(plain, lambda: plain.trainer.step(plain.source), WARM_UP)
    step = Captured(broken.trainer.step, broken, Broken(broken.trainer))
    assert updated(broken, step, WARM_UP) == expected
    monkeypatch.setattr(broken.trainer, "step", lambda batches: {"loss": next(batches).mean()})
    step()
    assert broken.source.position == WARM_UP + 1, "the update is made all the same"
    assert broken.warnings == [
        "train.cuda_graphs: steps are not captured: operation not permitted when stream is capturing"
    ]
    step()
    assert len(broken.warnings) == 1
    assert broken.graphs == 0


@pytest.mark.parametrize(("batches", "said"), [(2, "more"), (0, "fewer")])
def test_steps_of_one_kind_that_take_unlike_numbers_of_batches_are_not_replayed(made, monkeypatch, batches, said):
    run = made("toy")
    take = [1]

    def step(source):
        return {"loss": sum(next(source).mean() for _ in range(take[0])) + torch.zeros(())}

    monkeypatch.setattr(toys.Toy, "kind_of_step", lambda self: "step")
    captured = Captured(step, run, Replayed(run.trainer))
    updated(run, captured, WARM_UP)
    take[0] = batches
    captured()
    (warning,) = run.warnings
    assert f"a step took {said} batches or random numbers" in warning


def test_a_method_that_does_not_know_is_stepped_as_it_is(made):
    run = made("toy")
    graphs = Replayed(run.trainer)
    updated(run, Captured(run.trainer.step, run, graphs))
    assert graphs.captures == graphs.warmed == 0


def test_why_steps_cannot_be_captured_is_said(made, monkeypatch):
    trainer = made("toy").trainer
    assert why_not(trainer, "cpu") == "CUDA graphs are for device=cuda, and this trial runs on cpu"
    assert why_not(trainer, "cuda").startswith("Toy does not say that its steps are alike")
    monkeypatch.setattr(toys.Toy, "kind_of_step", lambda self: "step")
    assert why_not(trainer, "cuda") == ""
    trainer.schedule = torch.optim.lr_scheduler.ConstantLR(trainer.optimizer)
    assert "schedule of its learning rate" in why_not(trainer, "cuda")
    del trainer.schedule
    trainer.optimizer = torch.optim.SGD(trainer.parameters())
    assert why_not(trainer, "cuda").startswith("optimizer is SGD, which cannot be captured; use Adam")
    trainer.kit.comm.world = 2
    assert why_not(trainer, "cuda").startswith("ranks that wait")


def test_optimizers_are_capturable_while_a_step_is_captured_and_save_nothing_of_it(made):
    run = made("toy")
    optimizer = run.trainer.optimizer
    updated(run, lambda: run.trainer.step(run.source), 2)
    saved = str(optimizer.state_dict())
    with capture.capturable([optimizer]):
        assert all(group["capturable"] for group in optimizer.param_groups)
    assert str(optimizer.state_dict()) == saved


def test_on_a_cpu_the_record_says_that_nothing_is_captured(made, run_trial):
    run = made("toy", "train.cuda_graphs=true")
    stepping(run)
    assert run.warnings == [
        "train.cuda_graphs: steps are not captured: CUDA graphs are for device=cuda, and this trial runs on cpu"
    ]


def test_what_a_kit_draws_goes_through_what_lends_it(made):
    kit = made("toy").trainer.kit
    seen = []
    kit.standing.lend = lambda draw: seen.append(draw) or draw()
    kit.draws.seek(0)
    drawn = [kit.noise(3), kit.uniform(2), kit.normal((2, 2))]
    kit.draws.seek(0)
    kit.standing.lend = Standing().lend
    assert all(torch.equal(one, other) for one, other in zip(drawn, [d() for d in seen], strict=True))
