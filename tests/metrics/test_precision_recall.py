"""precision and recall: torch-fidelity's numbers, whatever the blocks, with a rule for small sets."""

import subprocess
import sys

import pytest
import torch
from pictured import evaluation, images

from genbench.metrics import neighbourhoods
from genbench.metrics.precision_recall import covered, precision, recall


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path))


def rows(count, seed, scale=1.0):
    return scale * torch.randn(count, 5, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("distances", [2**25, 100])
def test_the_numbers_are_those_of_torch_fidelity_whatever_the_blocks(distances, monkeypatch):
    from torch_fidelity.metric_prc import prc_features_to_metric

    monkeypatch.setattr(neighbourhoods, "DISTANCES", distances)
    fake, real = rows(60, 0, scale=0.7), rows(50, 1)
    theirs = prc_features_to_metric(fake, real, verbose=False)
    assert covered(fake, real, 3) == pytest.approx(theirs["precision"])
    assert covered(real, fake, 3) == pytest.approx(theirs["recall"])
    assert 0 < theirs["recall"] < theirs["precision"] < 1


def test_a_set_covers_itself_and_nothing_far_away():
    support = rows(20, 0)
    assert covered(support, support, 3) == 1
    assert covered(support + 100, support, 3) == 0


def test_copies_of_one_real_image_are_precise_and_recall_little():
    real = images(30, 1, colours=30)
    looked_at = evaluation(real[:1].repeat(10, 1, 1, 1), real)
    assert precision(looked_at) == 1
    assert recall(looked_at) < 0.2


def test_fewer_images_than_neighbours_are_warned_of():
    looked_at = evaluation(images(3, 0), images(9, 1))
    assert 0 <= precision(looked_at) <= 1
    assert "3 images" in looked_at.warnings[0]


PEAKS = """
import resource, torch
from genbench.metrics import neighbourhoods

torch.set_num_threads(1)
fake, real = torch.rand(50_000, 2048), torch.rand(50_000, 2048)
for rows in (700, 2100):
    for block in neighbourhoods.blocks(real[:rows], real):
        torch.cdist(block, real).topk(6, largest=False)
    neighbourhoods.meet(fake[:rows], real, narrow=torch.ones(50_000), wide=torch.ones(50_000))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2)
"""


@pytest.mark.long
def test_features_of_fifty_thousand_images_fit_into_4_gb_however_many_rows_are_gone_through():
    printed = subprocess.run([sys.executable, "-c", PEAKS], check=True, capture_output=True, text=True).stdout
    few, many = (float(gigabytes) for gigabytes in printed.split())
    assert many < 4
    assert many < 1.1 * few
