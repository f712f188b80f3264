"""The degradations that distances must rank do what they say, and what is in order is said to be."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest
import torch

SPEC = importlib.util.spec_from_file_location(
    "degradations", Path(__file__).parents[2] / "benchmarks" / "validity" / "degradations.py"
)
degradations = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(degradations)


@pytest.fixture
def fresh():
    images = torch.randint(0, 256, (200, 8, 8, 1), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    train = torch.randint(0, 256, (90, 8, 8, 1), generator=torch.Generator().manual_seed(1)).to(torch.uint8)
    return degradations.Fresh(images, torch.arange(200) % 10, train)


def random():
    return torch.Generator().manual_seed(5)


def among(images, others):
    known = {image.numpy().tobytes() for image in others}
    return torch.tensor([image.numpy().tobytes() in known for image in images])


def test_a_stronger_blur_leaves_less_contrast_and_stronger_noise_more(fresh):
    stds = [degradations.blurred(fresh, sigma, random()).float().std() for sigma in (0.4, 0.9, 1.4)]
    assert stds == sorted(stds, reverse=True)
    grey = fresh._replace(images=torch.full_like(fresh.images, 128))
    stds = [degradations.noisy(grey, std, random()).float().std() for std in (8, 16, 32)]
    assert stds == pytest.approx([8, 16, 32], rel=0.1)


def test_classes_that_are_left_out_are_gone(fresh):
    found = degradations.left_out(fresh, 4, random())
    assert not among(found, fresh.images[fresh.labels < 4]).any()
    assert torch.equal(found[fresh.labels >= 4], fresh.images[fresh.labels >= 4])


@pytest.mark.parametrize("share", [0.4, 1.0])
def test_a_share_of_the_images_is_replaced(fresh, share):
    copied = degradations.copied(fresh, share, random())
    assert among(copied, fresh.train).double().mean() == pytest.approx(share, abs=0.1)
    collapsed = degradations.collapsed(fresh, share, random())
    assert among(collapsed, fresh.images[:1]).double().mean() == pytest.approx(share, abs=0.1)


def test_few_memorised_images_are_few(fresh):
    assert len(degradations.few(fresh, 10, random()).unique(dim=0)) == 10


def test_only_values_that_rise_with_every_step_are_in_order():
    rows = [
        {"dataset": "d", "degradation": "blur", "metric": metric, "draw": draw, "step": step, "value": value}
        for metric, draws in {"fid": [(1, 2, 3), (1, 2, 3)], "mind": [(1, 2, 3), (1, 3, 2)]}.items()
        for draw, values in enumerate(draws)
        for step, value in enumerate(values)
    ]
    assert degradations.in_order(pd.DataFrame(rows)).loc[("d", "blur")].to_dict() == {"fid": 1.0, "mind": 0.5}
