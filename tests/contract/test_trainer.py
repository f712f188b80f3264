"""The state of a trainer: all that it needs to go on where another one stopped."""

import io

import faulty
import pytest
import torch
from torch.optim import lr_scheduler

from genbench.testing import kit

SCHEDULES = {
    "cosine": lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, 10),
    "steps": lambda optimizer: lr_scheduler.MultiStepLR(optimizer, [2, 4]),
    "linear then constant": lambda optimizer: lr_scheduler.SequentialLR(
        optimizer,
        [lr_scheduler.LinearLR(optimizer, 0.1, 1.0, 3), lr_scheduler.ConstantLR(optimizer, 0.5, 2)],
        milestones=[3],
    ),
    "plateau": lambda optimizer: lr_scheduler.ReduceLROnPlateau(optimizer, patience=1),
}


def trainer_with(schedule):
    trainer = faulty.Good(faulty.Config(), kit())
    trainer.schedule = SCHEDULES[schedule](trainer.optimizer)
    return trainer


def rates(trainer, updates):
    found = []
    for _ in range(updates):
        trainer.optimizer.step()
        trainer.schedule.step(*([1.0] if isinstance(trainer.schedule, lr_scheduler.ReduceLROnPlateau) else []))
        found.append(trainer.optimizer.param_groups[0]["lr"])
    return found


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_of_learning_rates_goes_on_where_it_stopped(schedule):
    first, again = trainer_with(schedule), trainer_with(schedule)
    rates(first, 3)
    content = io.BytesIO()
    torch.save(first.state_dict(), content)
    content.seek(0)
    again.load_state_dict(torch.load(content, weights_only=True))
    assert rates(again, 4) == rates(first, 4)


def test_a_state_of_before_there_were_schedules_is_loaded_by_a_trainer_that_has_none():
    trainer = faulty.Good(faulty.Config(), kit())
    assert set(trainer.get_extra_state()) == {"optimizer"}


def latents(declared, rows=5):
    trainer = faulty.Good(faulty.Config(), kit((1, 16, 16)))
    trainer.latent = declared
    return trainer.latents(rows, torch.Generator().manual_seed(3))


def test_latents_are_the_priors_or_have_the_datas_shape_or_are_both():
    assert latents("prior").shape == (5, 4)
    assert latents("data").shape == (5, 1, 16, 16)
    assert latents("both").shape == (5, 4 + 256)
    assert torch.equal(latents("both")[:, :4], latents("prior"))


def test_latents_in_the_datas_shape_are_normal():
    z = latents("data", 50)
    assert z.mean().item() == pytest.approx(0, abs=0.05)
    assert z.var().item() == pytest.approx(1, abs=0.05)
