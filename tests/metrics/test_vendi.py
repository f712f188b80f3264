"""vendi: the number of groups, the number of unlike samples, 1 for copies; rotations and order do not matter."""

import numpy as np
import pytest
import torch
from pictured import evaluation, images

from genbench.metrics.vendi import of_cosines, of_kernel, vendi


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path))


def rows(count, seed=0, dimensions=5):
    return torch.randn(count, dimensions, generator=torch.Generator().manual_seed(seed))


def plainly(rows):
    """exp of the entropy of the eigenvalues of the cosines of all pairs, by a general eigenvalue solver."""
    units = (rows / rows.norm(dim=1, keepdim=True)).double().numpy()
    spectrum = np.linalg.eigvals(units @ units.T / len(units)).real
    spectrum = spectrum[spectrum > 1e-12]
    return np.exp(-(spectrum * np.log(spectrum)).sum())


@pytest.mark.parametrize("shape", [(30, 5), (5, 30), (7, 7)])
def test_the_number_is_that_of_the_definition_on_either_side(shape):
    found = rows(shape[0], dimensions=shape[1])
    assert of_cosines(found) == pytest.approx(plainly(found), rel=1e-6)


@pytest.mark.parametrize("groups", [1, 3, 8])
def test_equal_groups_without_likeness_count_as_many_as_there_are(groups):
    assert of_cosines(torch.eye(8)[:groups].repeat_interleave(4, dim=0)) == pytest.approx(groups)


def test_a_kernel_may_be_given():
    assert of_kernel(torch.eye(6)) == pytest.approx(6)
    assert of_kernel(torch.ones(6, 6)) == pytest.approx(1)
    units = torch.nn.functional.normalize(rows(9).double(), dim=1)
    assert of_kernel(units @ units.T) == pytest.approx(of_cosines(rows(9)))


def test_neither_a_rotation_nor_the_order_nor_the_length_matters():
    found, rotation = rows(20), torch.linalg.qr(rows(5, seed=1)).Q
    assert of_cosines((found @ rotation).flip(0) * 7) == pytest.approx(of_cosines(found), rel=1e-5)


def test_rows_of_zeros_are_unlike_all_others():
    assert of_cosines(torch.cat([torch.eye(4)[:2], torch.zeros(2, 4)])) == pytest.approx(4)


def test_a_generator_with_one_picture_has_a_score_of_1():
    one = images(1, 0)
    assert vendi(evaluation(one.repeat(12, 1, 1, 1), images(9, 1))) == pytest.approx(1)
    assert vendi(evaluation(images(12, 0), images(9, 1))) > 1
